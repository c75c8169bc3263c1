import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct PenaltyTests {
  /// A function of two parameters together.
  private struct Product: Penalty {
    typealias Scalar = Double
    func callAsFunction(
      _ parameters: [(name: String, value: Variable<Double>)]
    ) -> Variable<Double> {
      let sums = parameters.filter { $0.name.hasSuffix("weight") }.map { $0.value.sine().sum() }
      return sums.dropFirst().reduce(sums[0], *)
    }
  }

  private static func weights(_ model: some Module<Double>) -> [String] {
    model.parameterLayout.entries.map(\.name).filter { $0.hasSuffix("weight") }
  }

  @Test func theSquaredNormIsOfTheChosenParameters() throws {
    let model = SmallProblem<Double>().model
    let weights = Self.weights(model)
    #expect(weights == ["layers.0.weight", "layers.1.weight", "layers.2.weight"])
    let penalty = SquaredNormPenalty<Double>(weight: 0.5, parameters: [weights[0], weights[2]])
    let (value, gradient) = penalty.valueWithGradient(at: model.parameters)
    var expected = 0.0
    for (name, parameter) in model.namedParameters {
      let isChosen = name == weights[0] || name == weights[2]
      if isChosen { expected += 0.5 * parameter.squared().sum() }
      #expect(gradient[name] == (isChosen ? parameter : Tensor(zeros: parameter.shape)))
    }
    #expect(abs(value - expected) <= 1e-14 * expected)
    let ofAll = SquaredNormPenalty<Double>(weight: 2).valueWithGradient(at: model.parameters)
    #expect(abs(ofAll.value - 2 * model.parameters.dot(model.parameters)) <= 1e-13 * ofAll.value)
    #expect(ofAll.gradient.values == model.parameters.values * 4)
  }

  @Test func gradientsAreThoseOfFiniteDifferences() throws {
    let problem = SmallProblem<Double>(rows: 30)
    try expectGradientOfLoss(
      problem.model, batch: problem.batch, loss: MeanAbsoluteError(),
      penalties: [
        Product(), SquaredNormPenalty(weight: 0.3, parameters: Self.weights(problem.model)),
      ])
  }

  @Test func lossesAndGradientsAreSums() throws {
    let problem = SmallProblem<Double>()
    let penalties: [any Penalty<Double>] = [Product(), SquaredNormPenalty(weight: 0.1)]
    let parts = penalties.map { $0.valueWithGradient(at: problem.model.parameters) }
    for adjuster: any GradientAdjuster<Double> in [
      IdentityAdjuster(), InductiveGradientAdjuster(end: 3), Centering(),
      EmpiricalNTKAdjuster(end: 3),
    ] {
      var (first, second) = (adjuster, adjuster)
      let plain = try first.lossWithGradient(of: problem.model, on: problem.batch)
      let found = try second.lossWithGradient(
        of: problem.model, on: problem.batch, penalties: penalties)
      let loss = parts.reduce(plain.loss) { $0 + $1.value }
      #expect(abs(found.loss - loss) <= 1e-14 * abs(loss))
      let expected = parts.reduce(plain.gradient.values) { $0 + $1.gradient.values }
      #expect(found.gradient.values.isApproximatelyEqual(to: expected, relativeTolerance: 1e-13))
    }
  }

  @Test func noPenaltiesChangeNoBit() throws {
    let problem = SmallProblem<Float>(rows: 300)
    var plain = try Trainer(problem.model, optimizer: Adam(learningRate: 1e-3))
    var without = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3), loss: MeanSquaredError(), penalties: [])
    for _ in 0..<3 {
      let loss = try plain.advance(on: problem.batch)
      #expect(try without.advance(on: problem.batch) == loss)
    }
    #expect(plain.model.parameters == without.model.parameters)
  }

  @Test func trainersDecayWhatIsPenalized() throws {
    let problem = SmallProblem<Double>()
    func trained(_ penalties: [any Penalty<Double>]) throws -> (Double, Tensor<Double>) {
      var trainer = try Trainer(
        problem.model, optimizer: SGD(learningRate: 0.05), penalties: penalties)
      let loss = try trainer.advance(on: problem.batch)
      for _ in 0..<50 { try trainer.advance(on: problem.batch) }
      return (loss, try #require(trainer.model.parameters["layers.1.weight"]))
    }
    let plain = try trained([])
    let penalized = try trained([SquaredNormPenalty(weight: 0.5, parameters: ["layers.1.weight"])])
    let weight = try #require(problem.model.parameters["layers.1.weight"])
    #expect(abs(penalized.0 - plain.0 - 0.5 * weight.squared().sum()) < 1e-12)
    #expect(penalized.1.norm() < 0.2 * plain.1.norm())
  }
}
