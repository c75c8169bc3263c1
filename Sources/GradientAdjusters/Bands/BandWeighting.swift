import TensorKit

/// The map `r → Σ_b F_b P_b r` for fixed factors, ready to be applied to any residuals.
public struct BandWeighting<Scalar: TensorScalar>: Sendable {
  /// A map of a whole batch's rows, of shape [samples, outputs], to as many.
  public typealias Map =
    @Sendable (_ rows: Tensor<Scalar>, _ workers: Workers) throws -> Tensor<Scalar>

  /// How the map splits into parts within groups and a part across them, if it does.
  public let split: GroupWeighting<Scalar>?
  private let map: Map

  /// A map that needs all rows at once.
  public init(_ map: @escaping Map) {
    self.map = map
    split = nil
  }

  /// A map that splits into parts within groups and a part across them.
  public init(_ split: GroupWeighting<Scalar>) {
    self.split = split
    map = { rows, workers in try split(rows, workers: workers) }
  }

  /// The weighted rows.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - workers: The threads that share the work; the result does not depend on their number.
  public func callAsFunction(_ rows: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    try map(rows, workers)
  }
}

/// A weighting of bands of which the fine ones lie within groups of rows, and the coarse ones are constant
/// over each group.
///
/// The weighted rows of a group follow from its own rows and from the weighted coarse bands, one row for
/// each group. So a group can be worked off while its tile is evaluated, as soon as the means of
/// all groups are known.
public struct GroupWeighting<Scalar: TensorScalar>: Sendable {
  /// Maps the mean rows of all groups to the coarse bands' part of them, weighted.
  ///
  /// Both have the shape [groups, outputs].
  public typealias Coarse = @Sendable (_ means: Tensor<Scalar>) -> Tensor<Scalar>
  /// Maps the rows of some groups, group after group, to their fine bands' part, weighted, plus a given
  /// row for each group.
  public typealias Fine =
    @Sendable (_ rows: Tensor<Scalar>, _ groups: Range<Int>, _ coarse: Tensor<Scalar>)
    -> Tensor<Scalar>

  /// The groups, to one of which every row belongs.
  public let groups: RowPartition
  /// The map of means.
  public let coarse: Coarse
  /// The map of rows.
  public let fine: Fine

  /// A weighting from its parts.
  public init(groups: RowPartition, coarse: @escaping Coarse, fine: @escaping Fine) {
    self.groups = groups
    self.coarse = coarse
    self.fine = fine
  }

  /// The weighted rows of a whole batch.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - workers: The threads that share the work; the result does not depend on their number.
  func callAsFunction(_ rows: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    guard groups.count > 0 else { return rows }
    let coarse = coarse(try groups.means(of: rows, workers: workers))
    return try groups.mapped(rows, workers: workers) { rows, groups in
      fine(rows, groups, coarse.slice(groups))
    }
  }
}
