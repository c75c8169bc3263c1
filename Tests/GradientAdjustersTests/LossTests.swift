import AutoDiff
import Foundation
import GradientAdjusters
import TensorKit
import Testing

@Suite struct LossTests {
  private static func loss(_ name: String) throws -> any RowLoss<Double> {
    try #require(namedLosses.first { $0.name == name }).loss
  }

  private static func rows(
    _ loss: some RowLoss<Double>, _ outputs: Tensor<Double>, _ targets: Tensor<Double>
  ) -> [Double] {
    let losses = loss(Variable(outputs), targets).value
    #expect(losses.shape == [outputs.shape[0], 1])
    return losses.elements
  }

  @Test func rowsHaveTheValuesOfHandCalculation() {
    let outputs = Tensor<Double>([1, -2, 0.5, 3]).reshaped(to: [2, 2])
    let targets = Tensor<Double>([0, 1, 0.5, 0]).reshaped(to: [2, 2])
    // Residuals 1, -3 and 0, 3.
    #expect(Self.rows(MeanSquaredError(), outputs, targets) == [5, 4.5])
    #expect(Self.rows(MeanAbsoluteError(), outputs, targets) == [2, 1.5])
    // 1/2 · 1² and 2 (3 - 1); 0 and the same.
    #expect(Self.rows(HuberLoss(threshold: 2), outputs, targets) == [2.25, 2])
    // Two renderings of one channel; one rendering, and half of a term.
    let target = Tensor<Double>([0, 1]).reshaped(to: [2, 1])
    #expect(Self.rows(ColorLoss(renderings: 2), outputs, target) == [5, 4.25])
    #expect(Self.rows(ColorLoss(termWeights: [0.5]), outputs, target) == [0, 1.75])
    func logOnePlusExp(_ z: Double) -> Double { log(1 + exp(z)) }
    let entropies = Self.rows(BinaryCrossEntropy(), outputs, targets)
    let expected = [
      (logOnePlusExp(1) + logOnePlusExp(2)) / 2,
      (0.5 * logOnePlusExp(0.5) + 0.5 * logOnePlusExp(-0.5) + logOnePlusExp(3)) / 2,
    ]
    #expect(zip(entropies, expected).allSatisfy { abs($0 - $1) < 1e-14 })
    let cosines = Self.rows(LogCosh(), outputs, targets)
    #expect(abs(cosines[0] - log(cosh(1)) - log(cosh(3))) < 1e-14)
    #expect(abs(cosines[1] - log(cosh(3))) < 1e-14)
  }

  @Test func crossEntropyHoldsForLogitsOfAnySize() {
    let outputs = Tensor<Float>([1000, -1000, 1000, -30, 0]).reshaped(to: [5, 1])
    let targets = Tensor<Float>([1, 0, 0, 0, 1]).reshaped(to: [5, 1])
    let (value, cotangents) = BinaryCrossEntropy().valueWithCotangents(
      outputs: outputs, targets: targets, rowCount: 5)
    #expect(abs(value - (1000 + log(2)) / 5) < 1e-4)
    let small = Float(exp(-30.0) / 5)
    #expect(cotangents.elements.prefix(3) == [0, 0, 0.2])
    #expect(abs(cotangents[3, 0] / small - 1) < 1e-5)
    #expect(cotangents[4, 0] == -0.1)
  }

  @Test func theFusedSquaredErrorIsTheDerivativeOfItsFunction() {
    /// Hands the function alone on.
    struct Function: RowLoss {
      typealias Scalar = Double
      func callAsFunction(
        _ outputs: Variable<Double>, _ targets: Tensor<Double>
      ) -> Variable<Double> { MeanSquaredError()(outputs, targets) }
    }
    let batch = SmallProblem<Double>().batch
    let outputs = batch.targets * 3 - 1
    let fused = MeanSquaredError().valueWithCotangents(
      outputs: outputs, targets: batch.targets, rowCount: 100)
    let derived = Function().valueWithCotangents(
      outputs: outputs, targets: batch.targets, rowCount: 100)
    #expect(abs(fused.value - derived.value) < 1e-14)
    #expect(
      fused.cotangents.isApproximatelyEqual(to: derived.cotangents, relativeTolerance: 1e-14))
  }

  @Test func theSquaredErrorOfAStepKeepsItsBits() throws {
    let problem = SmallProblem<Float>(rows: 300)
    let outputs = try TiledEvaluation(of: problem.model).outputs(for: problem.batch.inputs)
    let residuals = outputs - problem.batch.targets
    let expected = residuals * Float(2 / Double(residuals.count))
    #expect(try problem.step().cotangents() == expected)
  }

  @Test func partsOfABatchAddUpToItsMean() throws {
    for (name, loss) in namedLosses {
      let problem = SmallProblem<Double>()
      let outputs = problem.model(Variable(problem.batch.inputs)).value
      let mean = loss(Variable(outputs), problem.batch.targets).value.mean()
      let value = try TrainingStep(
        model: problem.model, batch: problem.batch, loss: loss, rowsPerTile: 7
      ).lossValue()
      #expect(abs(value - mean) < 1e-14, "\(name)")
    }
  }

  @Test(arguments: namedLosses.map(\.name))
  func gradientsAreThoseOfFiniteDifferences(name: String) throws {
    let problem = SmallProblem<Double>(rows: 30)
    try expectGradientOfLoss(problem.model, batch: problem.batch, loss: Self.loss(name))
  }

  @Test(arguments: namedLosses.map(\.name))
  func everyAdjusterWorksWithEveryLoss(name: String) throws {
    let problem = SmallProblem<Double>(rows: 61, groupSize: 4)
    for (_, adjuster) in ConformanceTests.adjusters(Double.self) {
      try expectSameInAllTiles(
        adjuster, problem.model, batch: problem.batch, loss: Self.loss(name))
    }
  }

  @Test func aLossOfOnesOwnTrainsByItsFunctionAlone() throws {
    let problem = SmallProblem<Double>()
    for adjuster: any GradientAdjuster<Double> in [
      IdentityAdjuster(), InductiveGradientAdjuster(end: 3),
    ] {
      var trainer = try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster, loss: LogCosh())
      let losses = try (0..<60).map { _ in try trainer.advance(on: problem.batch) }
      let outputs = try trainer.outputs(for: problem.batch.inputs)
      let last = LogCosh()(Variable(outputs), problem.batch.targets).value.mean()
      #expect(last < 0.5 * losses[0])
    }
  }

  @Test func withTheAbsoluteErrorAnOutlierMovesNothingBeyondItsSign() throws {
    let problem = SmallProblem<Double>()
    var targets = problem.batch.targets
    targets[3, 1] = 1e6
    let far = Batch(inputs: problem.batch.inputs, targets: targets)
    targets[3, 1] = 1e9
    let farther = Batch(inputs: problem.batch.inputs, targets: targets)
    for loss: any RowLoss<Double> in [MeanAbsoluteError(), HuberLoss(threshold: 0.1)] {
      let found = try [far, farther].map {
        try TrainingStep(model: problem.model, batch: $0, loss: loss).cotangents()
      }
      #expect(found[0].isApproximatelyEqual(to: found[1], relativeTolerance: 1e-8))
    }
  }
}
