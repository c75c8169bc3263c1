import AutoDiff
import TensorKit

/// Rows drawn in proportion to how much they matter, each with the weight that keeps the gradient unbiased.
///
/// How likely rows are may be changed between steps: by their residuals, by the lengths of their gradients
/// (``TrainingStep/squaredLossGradientNorms()``), or by the kernel. A row that is drawn with the probability p, of n in
/// all, has the weight 1 / (n p) (``Batch/weights``), so that the expected gradient is that of the whole signal.
///
/// ```swift
/// var source = ImportanceSampledBatches(of: signal.batch, rowCount: 4096, seed: 1)
/// for step in 0..<2000 {
///   if step % 200 == 0 {
///     let residuals = try trainer.outputs(for: signal.batch.inputs) - signal.batch.targets
///     source.setLikelihoods(residuals.squared().sum(alongAxis: 1).squareRoot())
///   }
///   try trainer.advance(on: source.nextBatch())
/// }
/// ```
///
/// Draws are systematic: equal steps along the sum of the probabilities from a random start, so that each row comes as
/// often as it should to within one, and neighbours in the signal's order take turns. Rows are in that order; one may
/// come several times. Each is a group of its own.
///
/// Source: A. Katharopoulos and F. Fleuret, "Not all samples are created equal: deep learning with importance sampling",
/// ICML 2018; W. Cochran, "Sampling techniques", 1977, for systematic draws.
public struct ImportanceSampledBatches<Scalar: TensorScalar>: BatchSource {
  /// How many rows a batch has.
  public let rowCount: Int
  private let signal: Batch<Scalar>
  /// The probability of each row; all alike at first.
  public private(set) var probabilities: Tensor<Double>
  private var generator: SeededGenerator

  /// Batches in which all rows are as likely.
  ///
  /// - Parameters:
  ///   - signal: All rows.
  ///   - rowCount: How many rows a batch has.
  ///   - seed: Seeds the draws.
  /// - Precondition: There are rows, and the number is positive.
  public init(of signal: Batch<Scalar>, rowCount: Int, seed: UInt64 = 0) {
    precondition(
      rowCount > 0 && signal.rowCount > 0,
      "batches of \(rowCount) rows of a signal of \(signal.rowCount)")
    self.signal = signal
    self.rowCount = rowCount
    probabilities = Tensor(
      repeating: 1 / Double(signal.rowCount), shape: [signal.rowCount])
    generator = SeededGenerator(seed: seed)
  }

  /// Draws rows in proportion to numbers of theirs from now on.
  ///
  /// - Parameters:
  ///   - likelihoods: One number for each row. Shape: [rows].
  ///   - evenShare: The share of the draws that goes to all rows alike, so that none is forgotten and no weight is
  ///     larger than its inverse.
  /// - Precondition: There is a number for each row, all are finite and not negative, and the share is within (0, 1].
  public mutating func setLikelihoods(_ likelihoods: Tensor<Scalar>, evenShare: Double = 0.1) {
    let count = signal.rowCount
    precondition(
      likelihoods.shape == [count], "likelihoods of shape \(likelihoods.shape) for \(count) rows")
    precondition(
      evenShare > 0 && evenShare <= 1, "a share of \(evenShare) that goes to all rows alike")
    let values = Tensor<Double>(likelihoods)
    let sum = values.sum()
    precondition(
      sum.isFinite && values.elements.allSatisfy { $0 >= 0 },
      "a likelihood is negative or no number")
    let even = 1 / Double(count)
    probabilities =
      sum > 0
      ? values * ((1 - evenShare) / sum) + evenShare * even
      : Tensor(repeating: even, shape: [count])
  }

  /// The next rows, with their weights.
  public mutating func nextBatch() -> Batch<Scalar> {
    let start = Double.random(in: 0..<1, using: &generator)
    let count = signal.rowCount
    var rows: [Int] = []
    rows.reserveCapacity(rowCount)
    probabilities.withUnsafeElements { probabilities in
      var sum = 0.0
      for row in 0..<count {
        sum += probabilities[row] * Double(rowCount)
        while rows.count < rowCount, start + Double(rows.count) < sum { rows.append(row) }
      }
    }
    // The sum of all may be a little less than their number.
    while rows.count < rowCount { rows.append(count - 1) }
    let weights = rows.map { Scalar(1 / (Double(count) * probabilities[$0])) }
    return Batch(
      inputs: signal.inputRows.selecting(rows), targets: signal.targetRows.selecting(rows),
      weights: Tensor(weights).reshaped(to: [rowCount, 1]))
  }

  /// Shows the generator and the probabilities.
  ///
  /// - Throws: `StateError` if they are not those of the signal's rows.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&probabilities, named: "probabilities")
    let sum = probabilities.sum()
    try visitor.require(
      probabilities.shape == [signal.rowCount] && abs(sum - 1) < 1e-6
        && probabilities.elements.allSatisfy { $0 > 0 }, of: "probabilities",
      "they are not those of \(signal.rowCount) rows")
  }
}
