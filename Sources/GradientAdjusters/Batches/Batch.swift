import AutoDiff
import TensorKit

/// What a model is fitted to in one step: rows of inputs and targets, and how they form groups.
///
/// A batch may be empty, as one that rows were selected for may turn out to be. A model's outputs for it are no rows;
/// to learn from it is refused, whatever the adjuster (``AdjusterError/noRows``).
public struct Batch<Scalar: TensorScalar>: Sendable {
  /// The model's inputs, one row for each sample.
  public let inputRows: Rows<Scalar>
  /// What its outputs are to become, one row for each sample.
  public let targetRows: Rows<Scalar>
  /// How the rows form groups.
  public let groups: RowPartition
  /// What the loss of each row is multiplied by, of shape [samples, 1]; nil where all count alike.
  ///
  /// They are for rows that are drawn more often than others, or less often, than they count; see
  /// ``StratifiedBatches``.
  public let weights: Tensor<Scalar>?
  /// Which batch this is: equal for equal rows in equal groups, and by chance only otherwise.
  ///
  /// What an adjuster remembers of one batch means nothing for another, of however many rows. The number is the
  /// same in every process. Of computed rows it looks at a few.
  public let identity: UInt64
  /// Whether adjusters adjust what is learned of this batch; if not, it is a step of plain training.
  public private(set) var isAdjusted = true

  /// A batch of stored rows; each is a group of its own unless groups are given.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - targets: Shape: [samples, outputs].
  ///   - groups: How the rows form groups.
  ///   - weights: What the loss of each row is multiplied by. Shape: [samples, 1].
  /// - Precondition: Inputs and targets are matrices with as many rows as the groups say, and the weights have.
  public init(
    inputs: Tensor<Scalar>, targets: Tensor<Scalar>, groups: RowPartition? = nil,
    weights: Tensor<Scalar>? = nil
  ) {
    precondition(
      inputs.rank == 2 && targets.rank == 2 && inputs.shape[0] == targets.shape[0],
      "a batch with inputs of shape \(inputs.shape) and targets of shape \(targets.shape)")
    self.init(inputs: Rows(inputs), targets: Rows(targets), groups: groups, weights: weights)
  }

  /// A batch of rows that are stored or computed; each is a group of its own unless groups are given.
  ///
  /// - Parameters:
  ///   - inputs: The model's inputs, one row for each sample.
  ///   - targets: What its outputs are to become.
  ///   - groups: How the rows form groups.
  ///   - weights: What the loss of each row is multiplied by. Shape: [samples, 1].
  /// - Precondition: There are as many inputs as targets, as weights, and as the groups say.
  public init(
    inputs: Rows<Scalar>, targets: Rows<Scalar>, groups: RowPartition? = nil,
    weights: Tensor<Scalar>? = nil
  ) {
    precondition(
      inputs.count == targets.count,
      "a batch with \(inputs.count) rows of inputs and \(targets.count) of targets")
    let groups = groups ?? RowPartition(rowCount: inputs.count, groupSize: 1)
    precondition(
      groups.rowCount == inputs.count,
      "groups of \(groups.rowCount) rows for a batch of \(inputs.count)")
    precondition(
      weights.map { $0.shape == [inputs.count, 1] } ?? true,
      "weights of shape \(weights?.shape ?? []) for \(inputs.count) rows")
    inputRows = inputs
    targetRows = targets
    self.groups = groups
    self.weights = weights
    var identity = inputs.fingerprint
    identity.mix(targets.fingerprint)
    identity.mix(groups.fingerprint)
    if let weights { identity.mix(weights.fingerprint) }
    self.identity = identity
  }

  /// The number of samples.
  public var rowCount: Int { inputRows.count }

  /// All inputs, of shape [samples, inputs]; computed ones are computed at each access.
  public var inputs: Tensor<Scalar> { inputRows.matrix }

  /// All targets, of shape [samples, outputs]; computed ones are computed at each access.
  public var targets: Tensor<Scalar> { targetRows.matrix }

  /// The same batch for steps that adjusters adjust, or leave alone, as some do with a few rows that are left over.
  public func adjusted(_ isAdjusted: Bool) -> Batch {
    var copy = self
    copy.isAdjusted = isAdjusted
    return copy
  }

  /// Some rows of this batch as a batch of their own, each group with those of its rows that are among
  /// them.
  ///
  /// - Parameter rows: The rows, in the order that they are to have; each at most once.
  public func selecting(_ rows: [Int]) -> Batch {
    Batch(
      inputs: inputRows.selecting(rows), targets: targetRows.selecting(rows),
      groups: groups.selecting(rows), weights: weights?.rows(at: rows)
    ).adjusted(isAdjusted)
  }

  /// What some rows contribute to the mean of the losses, each times its weight, and the derivative of that.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - outputs: The model's outputs for them. Shape: [rows, outputs].
  ///   - loss: The loss of a row.
  ///   - rowCount: What the sum is divided by; the number of the batch's rows by default.
  /// - Returns: The sum of their weighted losses divided by that, and its derivative by the outputs, of shape
  ///   [rows, outputs].
  func valueWithCotangents(
    ofRows rows: RowTiles.Rows, outputs: consuming Tensor<Scalar>, by loss: any RowLoss<Scalar>,
    dividedBy rowCount: Int? = nil
  ) -> (value: Double, cotangents: Tensor<Scalar>) {
    let (targets, count) = (targetRows.rows(in: rows), rowCount ?? self.rowCount)
    guard let weights else {
      return loss.valueWithCotangents(outputs: outputs, targets: targets, rowCount: count)
    }
    return loss.valueWithCotangents(
      outputs: outputs, targets: targets, shares: weights.rows(in: rows) * (1 / Scalar(count)))
  }
}

extension RowPartition {
  /// The groups of some rows, in the order that they are given; groups that have none are left out.
  ///
  /// - Precondition: No row is given twice.
  func selecting(_ rows: [Int]) -> RowPartition {
    var groupOfRow = [Int](repeating: -1, count: rowCount)
    for group in 0..<count {
      self.rows(ofGroups: group..<(group + 1)).forEach { groupOfRow[$0] = group }
    }
    var members = [[Int]](repeating: [], count: count)
    for (index, row) in rows.enumerated() where groupOfRow[row] >= 0 {
      members[groupOfRow[row]].append(index)
    }
    return RowPartition(rowCount: rows.count, groups: members.filter { !$0.isEmpty })
  }

  /// A number that equal partitions share, and others by chance only.
  fileprivate var fingerprint: UInt64 {
    var hash = UInt64(rowCount)
    for level in levels {
      switch level.bounds {
      case .uniform(let count, let size):
        hash.mix(UInt64(count))
        hash.mix(UInt64(size))
      case .listed(let bounds): for bound in bounds { hash.mix(UInt64(bound)) }
      }
    }
    for row in order ?? [] { hash.mix(UInt64(row)) }
    return hash
  }
}
