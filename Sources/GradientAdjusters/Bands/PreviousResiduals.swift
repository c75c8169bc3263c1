import AutoDiff
import TensorKit

/// A step's residuals, from which the next step's means over groups are estimated.
///
/// The mean of a group is the previous one and its change since, seen at some of its rows. Rows of a group
/// change about alike from one step to the next, far more so than their residuals are.
struct PreviousResiduals<Scalar: TensorScalar>: Checkpointable {
  /// Which batch they are those of.
  var batch: UInt64
  /// Shape: [samples, outputs].
  var cotangents: Tensor<Scalar>

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&batch, named: "batch")
    try visitor.visit(&cotangents, named: "cotangents", keepingShape: false)
    try visitor.require(
      cotangents.rank == 2, of: "cotangents", "they have shape \(cotangents.shape)")
  }

  /// The means of groups at a step, of shape [groups, outputs].
  func updatedMeans<Model: Module<Scalar>>(
    of groups: RowPartition, in step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    let (rows, bounds) = groups.sampledRows(share: 1.0 / 16)
    let change = try step.cotangents(atRows: rows) - cotangents.rows(at: rows)
    let counts = Tensor(zip(bounds, bounds.dropFirst()).map { Scalar($1 - $0) })
    return try groups.means(of: cotangents, workers: step.evaluation.workers)
      + change.sumsOfRowRuns(bounds: bounds) / counts.reshaped(to: [-1, 1])
  }
}

extension RowPartition {
  /// Some rows of each group, at least four where there are as many, spread over it; always the same.
  ///
  /// - Returns: The rows, group after group, and the bounds of each group's.
  fileprivate func sampledRows(share: Double) -> (rows: [Int], bounds: [Int]) {
    var generator = SeededGenerator(seed: UInt64(rowCount))
    var (rows, bounds): ([Int], [Int]) = ([], [0])
    for group in 0..<count {
      let size = size(ofGroup: group)
      let sampled = min(size, max(4, Int((Double(size) * share).rounded(.up))))
      // One in each of equally long runs of the group's order.
      for index in 0..<sampled {
        let run = (index * size / sampled)..<((index + 1) * size / sampled)
        rows.append(row(group: group, place: Int.random(in: run, using: &generator)))
      }
      bounds.append(rows.count)
    }
    return (rows, bounds)
  }
}
