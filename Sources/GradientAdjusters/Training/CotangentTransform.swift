import AutoDiff
import TensorKit

/// What an adjuster does to ∂loss/∂outputs before it is pulled back through the model.
///
/// A transform says which rows it couples, and that decides how a batch can be worked off: a
/// transform that couples nothing, or the rows that share a place within their groups, is applied
/// tile by tile while the tile is in cache, and so is one that couples the rows of small groups; one
/// that couples the whole batch needs all outputs first.
public struct CotangentTransform<Scalar: TensorScalar>: Sendable {
  /// A map of cotangents to adjusted cotangents of the same shape.
  public typealias Map = @Sendable (_ cotangents: Tensor<Scalar>) throws -> Tensor<Scalar>

  /// A map of the cotangents of some rows of the batch to adjusted ones of the same shape.
  public typealias RowMap =
    @Sendable (_ cotangents: Tensor<Scalar>, _ rows: RowTiles.Rows) throws -> Tensor<Scalar>

  /// A map of some groups' cotangents, group after group, to adjusted ones of the same shape.
  public typealias GroupMap =
    @Sendable (_ cotangents: Tensor<Scalar>, _ groups: Range<Int>) throws -> Tensor<Scalar>

  enum Stage: Sendable {
    case rows(RowMap)
    case acrossGroups(Map)
    /// `whole` maps all cotangents at once, if other stages come first.
    case withinGroups(RowPartition, GroupMap, whole: Map)
    case acrossBatch(Map)
  }

  /// Applied in order; empty for the identity.
  private(set) var stages: [Stage]
  /// The outputs that it acts on; nil for all.
  private var columns: Range<Int>?

  private init(stages: [Stage]) { self.stages = stages }

  /// Leaves cotangents as they are.
  public static var identity: CotangentTransform { CotangentTransform(stages: []) }

  // MARK: - Rows

  /// Transforms each row by itself.
  ///
  /// - Parameter map: Maps some rows, of shape [rows, outputs].
  public static func rows(_ map: @escaping Map) -> CotangentTransform {
    .rows { cotangents, _ in try map(cotangents) }
  }

  /// Transforms each row by itself, by a map that is told which rows of the batch it has.
  ///
  /// - Parameter map: Maps some rows, of shape [rows, outputs].
  public static func rows(_ map: @escaping RowMap) -> CotangentTransform {
    CotangentTransform(stages: [.rows(map)])
  }

  /// Multiplies the cotangents of each row by a weight of its own.
  ///
  /// - Parameter weights: Shape: [samples].
  public static func weightingRows(by weights: Tensor<Scalar>) -> CotangentTransform {
    let column = weights.reshaped(to: [-1, 1])
    return .rows { cotangents, rows in cotangents * column.rows(in: rows) }
  }

  // MARK: - Groups

  /// Mixes the rows that share a place within the batch's groups, alike at every place.
  ///
  /// - Parameter map: Maps some places' rows, of shape [groups, numbers]: row g holds those of group
  ///   g. The columns are some places' outputs, and must not be mixed.
  public static func acrossGroups(_ map: @escaping Map) -> CotangentTransform {
    CotangentTransform(stages: [.acrossGroups(map)])
  }

  /// Mixes rows that share a place within the batch's groups by a spectral transform across groups.
  public static func acrossGroups(_ transform: SpectralTransform<Scalar>) -> CotangentTransform {
    .acrossGroups { transform.applied(to: $0) }
  }

  /// Mixes the rows of each group of a partition, which need not be the batch's.
  ///
  /// Tiles hold whole groups, so that no sweep is needed first.
  ///
  /// - Parameters:
  ///   - groups: The partition, in which every row belongs to a group.
  ///   - whole: Maps all cotangents, of shape [samples, outputs], if other transforms come
  ///     first, for a map that rests on what cotangents are before any; group by group by default.
  ///   - map: Maps the rows of some consecutive groups, group after group, of shape [rows, outputs].
  public static func withinGroups(
    of groups: RowPartition, afterOthers whole: Map? = nil, _ map: @escaping GroupMap
  ) -> CotangentTransform {
    precondition(groups.coversAllRows, "rows that belong to no group: \(groups.remainder)")
    let groupwise: Map = { try groups.mapped($0, workers: Workers(threads: 1), map) }
    return CotangentTransform(stages: [.withinGroups(groups, map, whole: whole ?? groupwise)])
  }

  // MARK: - The batch

  /// Mixes all rows.
  ///
  /// - Parameter map: Maps all cotangents, of shape [samples, outputs].
  public static func acrossBatch(_ map: @escaping Map) -> CotangentTransform {
    CotangentTransform(stages: [.acrossBatch(map)])
  }

  /// Mixes all rows by a spectral transform across the batch, alike for every output.
  public static func acrossBatch(_ transform: SpectralTransform<Scalar>) -> CotangentTransform {
    .acrossBatch { transform.applied(to: $0) }
  }

  // MARK: - Joining

  /// Whether cotangents are left as they are.
  public var isIdentity: Bool { stages.isEmpty }

  /// This transform, then another.
  public func followed(by next: CotangentTransform) -> CotangentTransform {
    CotangentTransform(stages: stages + next.stages)
  }

  /// This transform on some of the outputs; others keep their cotangents.
  func restricted(to columns: Range<Int>) -> CotangentTransform {
    var copy = self
    copy.columns = columns
    return copy
  }

  /// Transforms the columns that are acted on, and leaves the others as they are.
  private func applied(
    to cotangents: Tensor<Scalar>, _ transform: (Tensor<Scalar>) throws -> Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    let count = cotangents.shape[1]
    guard !isIdentity, let columns, columns != 0..<count else { return try transform(cotangents) }
    let adjusted = try transform(cotangents.slice(columns, alongAxis: 1))
    let (before, after) = (0..<columns.lowerBound, columns.upperBound..<count)
    let parts =
      (before.isEmpty ? [] : [cotangents.slice(before, alongAxis: 1)]) + [adjusted]
      + (after.isEmpty ? [] : [cotangents.slice(after, alongAxis: 1)])
    return .concatenated(parts, alongAxis: 1)
  }

  // MARK: - Applying

  /// The adjusted cotangents of a whole batch.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [samples, outputs].
  ///   - groups: How the samples form groups.
  /// - Throws: ``AdjusterError/shape(expected:found:)`` if a map returns another shape, and what maps throw.
  public func applied(
    to cotangents: Tensor<Scalar>, groups: RowPartition
  ) throws -> Tensor<Scalar> {
    try applied(to: cotangents) { try appliedToAll($0, groups: groups) }
  }

  private func appliedToAll(
    _ cotangents: Tensor<Scalar>, groups: RowPartition
  ) throws -> Tensor<Scalar> {
    var result = cotangents
    for (index, stage) in stages.enumerated() {
      switch stage {
      case .rows(let map):
        result = try checked(map(result, .range(0..<result.shape[0])), against: result)
      case .acrossGroups(let map): try apply(map, acrossGroupsOf: groups, to: &result)
      case .withinGroups(let groups, let map, let whole):
        let adjusted =
          index > 0
          ? try whole(result) : try groups.mapped(result, workers: Workers(threads: 1), map)
        result = try checked(adjusted, against: result)
      case .acrossBatch(let map): result = try checked(map(result), against: result)
      }
    }
    return result
  }

  /// Mixes places of all groups, a few at a time where groups lack some, so that these take little memory.
  private func apply(
    _ map: Map, acrossGroupsOf groups: RowPartition, to cotangents: inout Tensor<Scalar>
  ) throws {
    guard groups.count > 0 else { return }
    let tiles =
      groups.areOfEqualSize
      ? [PlaceTile(rows: groups.groupedRows, slots: nil)]
      : groups.tilesOfWholePlaces(rowsPerTile: 4096)
    for tile in tiles {
      let rows = cotangents.rows(in: tile.rows)
      cotangents.setRows(
        in: tile.rows,
        to: try applied(map, across: groups.count, to: rows, slots: tile.slots))
    }
  }

  /// A map across groups; rows that groups lack count as zero.
  ///
  /// - Parameters:
  ///   - rows: Those of some places, group after group.
  ///   - slots: Where they lie among the places, unless all are there.
  private func applied(
    _ map: Map, across groupCount: Int, to rows: Tensor<Scalar>, slots: PlaceTile.Slots?
  ) throws -> Tensor<Scalar> {
    var padded = rows
    if let slots {
      padded = Tensor(zeros: [slots.count, rows.shape[1]])
      padded.setRows(at: slots.indices, to: rows)
    }
    let coupled = padded.reshaped(to: [groupCount, -1])
    let adjusted = try checked(map(coupled), against: coupled).reshaped(to: padded.shape)
    return slots.map { adjusted.rows(at: $0.indices) } ?? adjusted
  }

  /// The adjusted cotangents of a tile that holds what this transform mixes.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [rows, outputs].
  ///   - content: What the tile holds.
  ///   - rows: Which rows of the batch they are.
  ///   - groupCount: The number of the batch's groups.
  func applied(
    to cotangents: Tensor<Scalar>, of content: TilePlan.Content, rows: RowTiles.Rows,
    groupCount: Int
  ) throws -> Tensor<Scalar> {
    try applied(to: cotangents) {
      try appliedToAll($0, of: content, rows: rows, groupCount: groupCount)
    }
  }

  private func appliedToAll(
    _ cotangents: Tensor<Scalar>, of content: TilePlan.Content, rows: RowTiles.Rows,
    groupCount: Int
  ) throws -> Tensor<Scalar> {
    var result = cotangents
    for stage in stages {
      switch (stage, content) {
      case (.rows(let map), _): result = try checked(map(result, rows), against: result)
      case (.acrossGroups(let map), .places(let slots)):
        result = try applied(map, across: groupCount, to: result, slots: slots)
      // Rows outside the batch's groups are not mixed.
      case (.acrossGroups, _): break
      case (.withinGroups(_, let map, _), .groups(let groups)):
        result = try checked(map(result, groups), against: result)
      case (.withinGroups, _), (.acrossBatch, _):
        preconditionFailure("a transform was applied to a part of what it mixes")
      }
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
