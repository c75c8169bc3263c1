import AutoDiff
import TensorKit

extension GradientAdjuster {
  /// The loss of a model on a batch and its adjusted gradient: all that a training loop needs.
  ///
  /// ```swift
  /// for step in 0..<1000 {
  ///   let (loss, gradient) = try adjuster.lossWithGradient(of: model, on: batch, step: step)
  ///   optimizer.update(&model, along: gradient)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - model: The model at the current parameters.
  ///   - batch: What it is fitted to.
  ///   - loss: The loss of the rows; the mean squared error by default.
  ///   - penalties: Terms in the parameters that are added to it; none by default.
  ///   - step: How many steps came before.
  ///   - workers: The threads that share the work; the result does not depend on their number.
  ///   - runner: Works on shards of the batch, such as the processes of a `ProcessGroup`; the threads by default.
  /// - Returns: The loss before any update, penalties included, and the adjusted gradient.
  /// - Throws: ``AdjusterError`` if the loss or the gradient is not finite, and whatever the adjuster
  ///   throws.
  public mutating func lossWithGradient<Model: Module<Scalar>>(
    of model: Model, on batch: Batch<Scalar>, loss: (any RowLoss<Scalar>)? = nil,
    penalties: [any Penalty<Scalar>] = [], step: Int = 0, workers: Workers? = nil,
    runner: (any ShardRunner)? = nil
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    try lossWithGradient(
      for: TrainingStep(
        model: model, batch: batch, loss: loss, penalties: penalties, index: step,
        workers: workers, runner: runner))
  }

  /// The loss of a step and its adjusted gradient.
  ///
  /// For a batch that is not to be adjusted (``Batch/isAdjusted``) the adjuster is not asked, unless it is for every
  /// batch (``GradientAdjuster/actsOnEveryBatch``).
  ///
  /// - Throws: ``AdjusterError/nonFinite(_:step:)`` with the step's index, and the first parameter by name, if
  ///   the loss or the gradient is not finite, before the adjuster's last word or after it;
  ///   ``AdjusterError/noRows`` for a batch without rows; and whatever the adjuster throws.
  public mutating func lossWithGradient<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    guard step.batch.rowCount > 0 else { throw AdjusterError.noRows }
    do {
      let isAdjusted = step.batch.isAdjusted || actsOnEveryBatch
      let transform = isAdjusted ? try cotangentTransform(for: step) : .identity
      var (loss, gradient) = try step.lossWithGradient(transform: transform)
      guard loss.isFinite else { throw step.causeOfInfiniteLoss() }
      // Before adjusters see it, which may keep what they see for later steps.
      if let name = gradient.firstNonFinite {
        throw AdjusterError.nonFinite("gradient of \(name)")
      }
      if isAdjusted { try adjust(&gradient, for: step) }
      if let name = gradient.firstNonFinite {
        throw AdjusterError.nonFinite("adjusted gradient of \(name)")
      }
      return (loss, gradient)
    } catch AdjusterError.nonFinite(let what, step: nil) {
      throw AdjusterError.nonFinite(what, step: step.index)
    }
  }
}

extension TrainingStep {
  /// Why the loss is not finite: what the model was given, a parameter, an output, or the loss itself.
  fileprivate func causeOfInfiniteLoss() -> AdjusterError {
    if !batch.inputRows.areFinite { return .dataNotFinite("inputs") }
    if !batch.targetRows.areFinite { return .dataNotFinite("targets") }
    if let name = model.parameters.firstNonFinite { return .nonFinite("parameter \(name)") }
    let outputs = try? evaluation.outputs(for: batch.inputRows)
    return .nonFinite(outputs?.isFinite == false ? "output" : "loss")
  }
}

extension Rows {
  /// Whether no number is an infinity or NaN.
  fileprivate var areFinite: Bool {
    RowTiles(rowCount: count, rowsPerTile: 4096).tiles.allSatisfy { rows(in: $0).isFinite }
  }
}
