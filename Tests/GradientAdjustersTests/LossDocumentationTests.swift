import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

// The code of the article on losses, beside `LogCosh`.

/// The mean of (|∂f/∂x| - 1)².
struct Eikonal<Scalar: TensorScalar>: RowLoss {
  func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let slopes = outputs.slice(1..<outputs.shape[1], alongAxis: 1)
    let length = slopes.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
    return (length - 1).squared()
  }
}

@Test func penaltiesInTheDocumentation() throws {
  let problem = SmallProblem<Float>()
  let (model, batch) = (problem.model, problem.batch)

  let weights = model.parameterLayout.entries.map(\.name).filter { $0.hasSuffix("weight") }
  let penalty = SquaredNormPenalty<Float>(weight: 1e-4, parameters: weights)
  var trainer = try Trainer(
    model, optimizer: Adam(learningRate: 1e-3), adjuster: InductiveGradientAdjuster(end: 4),
    loss: LogCosh(), penalties: [penalty])
  let loss = try trainer.advance(on: batch)

  let ofRows = LogCosh()(model(Variable(batch.inputs)), batch.targets).value.mean()
  let ofWeights = penalty.valueWithGradient(at: model.parameters).value
  #expect(abs(loss - Double(ofRows) - ofWeights) < 1e-5 * loss)
  #expect(ofWeights > 1e-4 * loss)
}

@Test func inputGradientsInTheDocumentation() throws {
  let problem = SmallProblem<Double>(rows: 20, groupSize: 4, outputs: 1)
  let (network, points) = (problem.model, problem.batch.inputs)

  let field = FieldWithGradient(network)
  let fitted = try Trainer(field, optimizer: Adam(learningRate: 1e-3), loss: Eikonal())
  let ofValues = try TiledEvaluation(of: field).empiricalKernel(
    at: points, outputWeights: Tensor([1, 0, 0]))

  let ofNetwork = try TiledEvaluation(of: network).empiricalKernel(at: points)
  #expect(ofValues.isApproximatelyEqual(to: ofNetwork, relativeTolerance: 1e-12))
  #expect(try fitted.outputs(for: points).shape == [20, 3])
}
