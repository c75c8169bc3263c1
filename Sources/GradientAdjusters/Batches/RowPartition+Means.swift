import AutoDiff
import TensorKit

extension RowPartition {
  /// Whole groups in runs of at most so many rows, or of one group that has more.
  public func runs(rowsPerRun: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var first = 0
    while first < count {
      var end = first + 1
      while end < count && rowCount(ofGroups: first..<(end + 1)) <= rowsPerRun { end += 1 }
      runs.append(first..<end)
      first = end
    }
    return runs
  }

  /// The mean row of each of some groups, of shape [groups, columns].
  ///
  /// - Parameters:
  ///   - rows: The rows of the groups, group after group. Shape: [rows, columns].
  ///   - groups: Which groups they are.
  public func means<Scalar>(of rows: Tensor<Scalar>, ofGroups groups: Range<Int>) -> Tensor<Scalar>
  {
    let local = localBounds(ofGroups: groups)
    let inverses = Tensor(zip(local, local.dropFirst()).map { 1 / Scalar($1 - $0) })
    return rows.sumsOfRowRuns(bounds: local) * inverses.reshaped(to: [-1, 1])
  }

  /// The mean row of each group of a batch, of shape [groups, columns].
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, columns].
  ///   - workers: The threads that share the work.
  public func means<Scalar>(
    of rows: Tensor<Scalar>, workers: Workers
  ) throws -> Tensor<Scalar> {
    .concatenated(try map(rows, workers: workers) { means(of: $0, ofGroups: $1) })
  }

  /// What runs of whole groups give, in order.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, columns].
  ///   - workers: The threads that share the work.
  ///   - body: Given the rows of some groups, group after group.
  func map<Scalar, Result: Sendable>(
    _ rows: Tensor<Scalar>, workers: Workers,
    _ body: @escaping @Sendable (Tensor<Scalar>, Range<Int>) throws -> Result
  ) throws -> [Result] {
    precondition(
      rows.rank == 2 && rows.shape[0] == rowCount,
      "groups of \(rowCount) rows for a tensor of shape \(rows.shape)")
    // The runs do not depend on the number of threads.
    let runs = runs(rowsPerRun: max(256, rowCount / 64))
    return try workers.map(runs.count) { run in
      try body(rows.rows(in: self.rows(ofGroups: runs[run])), runs[run])
    }
  }

  /// A batch's rows, each run of whole groups mapped to as many rows, in the batch's order.
  ///
  /// - Precondition: Every row belongs to a group.
  func mapped<Scalar>(
    _ rows: Tensor<Scalar>, workers: Workers,
    _ body: @escaping @Sendable (Tensor<Scalar>, Range<Int>) throws -> Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    let joined = Tensor.concatenated(try map(rows, workers: workers, body))
    guard let order else { return joined }
    var result = rows
    result.setRows(at: order, to: joined)
    return result
  }
}
