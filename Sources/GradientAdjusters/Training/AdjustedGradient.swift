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
  /// - Returns: The loss before any update, penalties included, and the adjusted gradient.
  /// - Throws: ``AdjusterError`` if the loss or the gradient is not finite, and whatever the adjuster
  ///   throws.
  public mutating func lossWithGradient<Model: Module<Scalar>>(
    of model: Model, on batch: Batch<Scalar>, loss: (any RowLoss<Scalar>)? = nil,
    penalties: [any Penalty<Scalar>] = [], step: Int = 0, workers: Workers = Workers()
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    try lossWithGradient(
      for: TrainingStep(
        model: model, batch: batch, loss: loss, penalties: penalties, index: step,
        workers: workers))
  }

  /// The loss of a step and its adjusted gradient.
  ///
  /// - Throws: ``AdjusterError`` if the loss or the gradient is not finite, and whatever the adjuster
  ///   throws.
  public mutating func lossWithGradient<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    let transform = try cotangentTransform(for: step)
    var (loss, gradient) = try step.lossWithGradient(transform: transform)
    guard loss.isFinite else { throw AdjusterError.nonFinite("loss") }
    // Before adjusters see it, which may keep what they see for later steps.
    guard gradient.values.isFinite else { throw AdjusterError.nonFinite("gradient") }
    try adjust(&gradient, for: step)
    return (loss, gradient)
  }
}
