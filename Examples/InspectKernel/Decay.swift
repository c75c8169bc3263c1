import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

/// The course of the residual along an eigenvector, relative to its start.
struct Decay {
  let index: Int
  let steps: [Int]
  let measured: [Double]
  let predicted: [Double]
}

/// The residual's components along some eigenvectors, after some of the steps of a training.
struct DecayFindings: Checkpointable {
  /// After how many steps each was recorded.
  private(set) var steps: [Int] = []
  /// One after the other for each of these steps.
  private var components: [Double] = []
  /// How many eigenvectors there are.
  let count: Int

  init(count: Int) { self.count = count }

  mutating func record(_ components: [Double], after step: Int) {
    guard steps.last ?? -1 < step else { return }
    steps.append(step)
    self.components += components
  }

  /// The components along one of the eigenvectors.
  func components(along index: Int) -> [Double] {
    steps.indices.map { components[$0 * count + index] }
  }

  /// Shows the steps and the components.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&steps, named: "steps")
    try visitor.visit(&components, named: "components")
    try visitor.require(
      components.count == steps.count * count, of: "components",
      "there are \(components.count) for \(steps.count) steps")
  }
}

extension InspectionSettings {
  /// Trains by gradient descent, with the rate that takes a tenth off the first component in a step, and
  /// compares.
  ///
  /// With the mean squared error over n samples a step of rate η multiplies the residual's component
  /// along an eigenvector by 1 - 2 η λ / n, as long as the kernel stays what it is.
  func decays<Model: Module<Double>>(
    of model: Model, _ name: ModelKind, _ pairs: SymmetricEigenpairs<Double>, in folder: RunFolder
  ) throws -> (decays: [Decay], course: TrainingCourse) {
    let (values, size) = (pairs.values.elements, signal.sampleCount)
    let indices = [0, 1, 3, 7].filter { $0 < size && values[$0] > values[0] * 1e-12 }
    let recorded = Set(Self.recordedSteps(to: steps))
    let trainer = try Trainer(
      model,
      optimizer: SGD(learningRate: .constant(Double(size) / (20 * values[0]))),
      adjuster: IdentityAdjuster())
    let batch = signal.batch(groupSize: 1)
    var run = TrainingRun(
      trainer, on: WholeBatch(batch), findings: DecayFindings(count: indices.count))
    try train(
      &run, name, on: "line", in: folder,
      observe: { run, isLast in
        guard isLast || recorded.contains(run.step) else { return }
        let residual = try run.trainer.outputs(for: signal.inputs) - batch.targets
        let components = Tensor.matrixProduct(pairs.vectors, residual).elements
        run.findings.record(indices.map { components[$0] }, after: run.step)
      })
    let steps = run.findings.steps
    let decays = indices.enumerated().map { place, index in
      let components = run.findings.components(along: place)
      return Decay(
        index: index, steps: steps, measured: components.map { abs($0 / components[0]) },
        predicted: steps.map { step in
          let factor = 1 - values[index] / (10 * values[0])
          return (0..<step).reduce(1) { power, _ in power * factor }
        })
    }
    return (decays, run.course)
  }

  /// Steps 0, 1, 2 and so on, ever further apart, and the last.
  static func recordedSteps(to last: Int) -> [Int] {
    let powers = sequence(first: 1) { step in
      let (next, isTooLarge) = step.addingReportingOverflow(max(1, step / 4))
      return isTooLarge ? nil : next
    }.prefix { $0 < last }
    return [0] + powers + [last]
  }
}
