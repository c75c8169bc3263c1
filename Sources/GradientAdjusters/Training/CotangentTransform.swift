import AutoDiff
import TensorKit

/// What an adjuster does to ∂loss/∂outputs before it is pulled back through the model.
///
/// A transform says which rows it couples, and that decides how a batch can be worked off: a
/// transform that couples nothing, or the rows that share a place within their groups, is applied
/// tile by tile while the tile is in cache; one that couples the whole batch needs all outputs first.
public struct CotangentTransform<Scalar: TensorScalar>: Sendable {
  /// Which rows of a batch a transform mixes.
  public enum Coupling: Int, Sendable, Comparable {
    /// None: each row is transformed by itself.
    case rows
    /// The rows that share a place within the coupled groups.
    case groups
    /// All.
    case batch

    /// Whether the left couples fewer rows.
    public static func < (left: Coupling, right: Coupling) -> Bool {
      left.rawValue < right.rawValue
    }
  }

  /// A map of cotangents to adjusted cotangents of the same shape.
  public typealias Map = @Sendable (Tensor<Scalar>) throws -> Tensor<Scalar>

  struct Stage: Sendable {
    let coupling: Coupling
    let map: Map
  }

  /// Applied in order; empty for the identity.
  private(set) var stages: [Stage]

  /// Leaves cotangents as they are.
  public static var identity: CotangentTransform { CotangentTransform(stages: []) }

  /// Transforms each row by itself.
  ///
  /// - Parameter map: Maps some rows, of shape [rows, outputs].
  public static func rows(_ map: @escaping Map) -> CotangentTransform {
    CotangentTransform(stages: [Stage(coupling: .rows, map: map)])
  }

  /// Mixes the rows that share a place within the coupled groups, alike at every place.
  ///
  /// - Parameter map: Maps some places' rows, of shape [groups, numbers]: row g holds those of group
  ///   g. The columns are some places' outputs, and must not be mixed.
  public static func acrossGroups(_ map: @escaping Map) -> CotangentTransform {
    CotangentTransform(stages: [Stage(coupling: .groups, map: map)])
  }

  /// Mixes all rows.
  ///
  /// - Parameter map: Maps all cotangents, of shape [samples, outputs].
  public static func acrossBatch(_ map: @escaping Map) -> CotangentTransform {
    CotangentTransform(stages: [Stage(coupling: .batch, map: map)])
  }

  /// Mixes rows that share a place within the coupled groups by a spectral transform across groups.
  public static func acrossGroups(_ transform: SpectralTransform<Scalar>) -> CotangentTransform {
    .acrossGroups { transform.applied(to: $0) }
  }

  /// Mixes all rows by a spectral transform across the batch, alike for every output.
  public static func acrossBatch(_ transform: SpectralTransform<Scalar>) -> CotangentTransform {
    .acrossBatch { transform.applied(to: $0) }
  }

  /// The most that any stage couples.
  public var coupling: Coupling { stages.map(\.coupling).max() ?? .rows }

  /// Whether cotangents are left as they are.
  public var isIdentity: Bool { stages.isEmpty }

  /// This transform, then another.
  public func followed(by next: CotangentTransform) -> CotangentTransform {
    CotangentTransform(stages: stages + next.stages)
  }

  /// The adjusted cotangents of a whole batch.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [samples, outputs].
  ///   - groups: How the samples form groups.
  public func applied(
    to cotangents: Tensor<Scalar>, groups: RowGroups
  ) throws -> Tensor<Scalar> {
    var result = cotangents
    for stage in stages {
      switch stage.coupling {
      case .rows, .batch: result = try checked(stage.map(result), against: result)
      case .groups:
        guard groups.count > 0 else { continue }
        result =
          groups.areOfEqualSize
          ? try applied(stage, toEqualGroupsOf: result, groups)
          : try applied(stage, toUnequalGroupsOf: result, groups)
      }
    }
    return result
  }

  private func applied(
    _ stage: Stage, toEqualGroupsOf cotangents: Tensor<Scalar>, _ groups: RowGroups
  ) throws -> Tensor<Scalar> {
    let rows = groups.coupledRows
    let coupled = cotangents.rows(in: rows).reshaped(to: [groups.count, -1])
    let adjusted = try checked(stage.map(coupled), against: coupled)
      .reshaped(to: [rows.count, -1])
    var result = cotangents
    switch rows {
    case .range(let range) where range.count == result.shape[0]: result = adjusted
    case .range(let range):
      result.setElements(from: range.lowerBound * result.shape[1], to: adjusted)
    case .list(let list): result.setRows(at: list, to: adjusted)
    }
    return result
  }

  /// Works place by place, so that the rows that groups lack take little memory.
  private func applied(
    _ stage: Stage, toUnequalGroupsOf cotangents: Tensor<Scalar>, _ groups: RowGroups
  ) throws -> Tensor<Scalar> {
    let plan = groups.tilesOfWholePlaces(rowsPerTile: 4096)
    var result = cotangents
    for (rows, slots) in zip(plan.tiles.tiles, plan.slots) {
      guard case .list(let list) = rows else { continue }
      let adjusted = try applied(
        stage, across: groups.count, to: cotangents.rows(at: list), slots: slots)
      result.setRows(at: list, to: adjusted)
    }
    return result
  }

  /// The adjusted cotangents of some whole places of all coupled groups.
  ///
  /// - Parameters:
  ///   - cotangents: Group after group. Shape: [rows, outputs].
  ///   - groupCount: The number of groups.
  ///   - slots: Where the rows lie among the places, unless all are there.
  func applied(
    toPlacesOf cotangents: Tensor<Scalar>, groupCount: Int, slots: RowGroups.PlaceSlots?
  ) throws -> Tensor<Scalar> {
    var result = cotangents
    for stage in stages {
      switch stage.coupling {
      case .rows: result = try checked(stage.map(result), against: result)
      case .groups: result = try applied(stage, across: groupCount, to: result, slots: slots)
      case .batch: preconditionFailure("a transform across the batch was applied to a part of it")
      }
    }
    return result
  }

  /// A stage across groups; rows that groups lack count as zero.
  private func applied(
    _ stage: Stage, across groupCount: Int, to rows: Tensor<Scalar>, slots: RowGroups.PlaceSlots?
  ) throws -> Tensor<Scalar> {
    guard let slots else {
      let coupled = rows.reshaped(to: [groupCount, -1])
      return try checked(stage.map(coupled), against: coupled).reshaped(to: rows.shape)
    }
    var padded = Tensor<Scalar>(zeros: [slots.count, rows.shape[1]])
    padded.setRows(at: slots.indices, to: rows)
    let coupled = padded.reshaped(to: [groupCount, -1])
    return try checked(stage.map(coupled), against: coupled).reshaped(to: padded.shape)
      .rows(at: slots.indices)
  }

  /// The adjusted cotangents of rows outside the coupled groups.
  func applied(toUncoupled cotangents: Tensor<Scalar>) throws -> Tensor<Scalar> {
    var result = cotangents
    for stage in stages where stage.coupling == .rows {
      result = try checked(stage.map(result), against: result)
    }
    return result
  }

  private func checked(
    _ adjusted: Tensor<Scalar>, against original: Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    guard adjusted.shape == original.shape else {
      throw AdjusterError.shape(expected: original.shape, found: adjusted.shape)
    }
    return adjusted
  }
}
