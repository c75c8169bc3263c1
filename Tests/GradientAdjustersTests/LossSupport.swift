import AutoDiff
import GradientAdjusters
import TensorKit
import Testing

/// Every loss of the package, and one that is a function alone.
let namedLosses: [(name: String, loss: any RowLoss<Double>)] = [
  ("squared", MeanSquaredError()), ("absolute", MeanAbsoluteError()),
  ("Huber", HuberLoss(threshold: 0.3)), ("cross-entropy", BinaryCrossEntropy()),
  ("log cosh", LogCosh()),
]

// As in the documentation of `RowLoss`.
/// The logarithm of the hyperbolic cosine of residuals, summed over the outputs.
struct LogCosh<Scalar: TensorScalar>: RowLoss {
  func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let residual = outputs - Variable(targets)
    // log cosh r = r + softplus(-2 r) - log 2
    let elements = residual + (residual * -2).softplus() - Scalar(0.693147180559945309)
    return elements.sum(alongAxis: 1, keepingAxis: true)
  }
}

/// Expects the gradient of a step to be the derivative of the loss along every parameter.
func expectGradientOfLoss<Model: Module<Double>>(
  _ model: Model, batch: Batch<Double>, loss: any RowLoss<Double>,
  penalties: [any Penalty<Double>] = [], step: Double = 1e-5, tolerance: Double = 1e-7,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var identity = IdentityAdjuster<Double>()
  let (value, gradient) = try identity.lossWithGradient(
    of: model, on: batch, loss: loss, penalties: penalties)
  func lossValue(_ parameters: ParameterVector<Double>) throws -> Double {
    var moved = model
    moved.parameters = parameters
    return try TrainingStep(model: moved, batch: batch, loss: loss, penalties: penalties)
      .lossValue()
  }
  #expect(
    try abs(lossValue(model.parameters) - value) <= 1e-12 * abs(value),
    sourceLocation: sourceLocation)
  let scale = gradient.values.absoluteValue().largest()
  #expect(scale > 0, sourceLocation: sourceLocation)
  for index in 0..<gradient.values.count {
    var (ahead, behind) = (model.parameters, model.parameters)
    ahead.values[index] += step
    behind.values[index] -= step
    let difference = try (lossValue(ahead) - lossValue(behind)) / (2 * step)
    #expect(
      abs(difference - gradient.values[index]) <= tolerance * scale,
      "parameter \(index): \(gradient.values[index]) is not \(difference)",
      sourceLocation: sourceLocation)
  }
}

/// Expects an adjuster to give the same losses and gradients however a batch is worked off.
func expectSameInAllTiles<Model: Module<Double>>(
  _ adjuster: any GradientAdjuster<Double>, _ model: Model, batch: Batch<Double>,
  loss: any RowLoss<Double>, rowsPerTile: Int = 7,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var (streamed, swept) = (adjuster, adjuster)
  var model = model
  var other = model
  var (first, second) = (SeededGenerator(seed: 0), SeededGenerator(seed: 0))
  try streamed.prepare(&model, using: &first)
  try swept.prepare(&other, using: &second)
  for index in 0..<2 {
    let whole = TrainingStep(model: model, batch: batch, loss: loss, index: index)
    _ = try whole.cotangents()
    let tiles = TrainingStep(
      model: model, batch: batch, loss: loss, index: index, rowsPerTile: rowsPerTile)
    let expected = try swept.lossWithGradient(for: whole)
    let found = try streamed.lossWithGradient(for: tiles)
    #expect(
      abs(found.loss - expected.loss) <= 1e-11 * abs(expected.loss), sourceLocation: sourceLocation)
    #expect(
      found.gradient.values.isApproximatelyEqual(
        to: expected.gradient.values, relativeTolerance: 1e-7), sourceLocation: sourceLocation)
    #expect(found.gradient.norm() > 0, sourceLocation: sourceLocation)
    model.parameters.add(
      expected.gradient, scaledBy: -0.01 * model.parameters.norm() / expected.gradient.norm())
  }
}
