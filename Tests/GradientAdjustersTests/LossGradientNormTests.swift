import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct LossGradientNormTests {
  struct Problem: Sendable, CustomTestStringConvertible {
    let name: String
    let model: any Module<Double>
    let batch: Batch<Double>
    var loss: any RowLoss<Double> = MeanSquaredError()

    var testDescription: String { name }
  }

  private static func batch(_ outputs: Int) -> Batch<Double> {
    SmallProblem<Double>(outputs: outputs).batch
  }

  private static func network(
    _ make: (inout SeededGenerator) -> any Module<Double>
  ) -> any Module<Double> {
    var generator = SeededGenerator(seed: 7)
    return make(&generator)
  }

  private static var reparameterized: any Module<Double> {
    get throws {
      var model = SmallProblem<Double>().model
      var generator = SeededGenerator(seed: 7)
      var adjuster = FourierReparameterization<Double>(
        lowFrequencies: 4, highFrequencies: 3, phases: 4, amplitude: 0.1)
      try adjuster.prepare(&model, using: &generator)
      return model
    }
  }

  private static var normalized: any Module<Double> {
    get throws {
      var model = SmallProblem<Double>().model
      var generator = SeededGenerator(seed: 7)
      var adjuster = BatchNormalization<Double>()
      try adjuster.prepare(&model, using: &generator)
      return model
    }
  }

  private static var problems: [Problem] {
    get throws {
      let siren = SmallProblem<Double>().model
      return [
        Problem(name: "SIREN", model: siren, batch: batch(3)),
        Problem(
          name: "SIREN, one output", model: SmallProblem<Double>(outputs: 1).model,
          batch: batch(1)),
        Problem(name: "Huber", model: siren, batch: batch(3), loss: HuberLoss(threshold: 0.3)),
        Problem(
          name: "complex",
          model: network {
            .wire(inputs: 2, outputs: 3, width: 6, using: &$0) as ComplexCoordinateNetwork
          },
          batch: batch(3)),
        Problem(name: "reparameterized", model: try reparameterized, batch: batch(3)),
        Problem(name: "normalized", model: try normalized, batch: batch(3)),
      ]
        + SampledFieldTests.problems.map {
          Problem(name: $0.name, model: $0.model, batch: $0.batch)
        }
    }
  }

  /// The gradient of each row's loss by a pullback of its own.
  private func gradients<Model: Module<Double>>(
    _ step: TrainingStep<Model>
  ) throws -> [ParameterVector<Double>] {
    let evaluation = try step.rowwiseEvaluation()
    return try (0..<step.batch.rowCount).map { row in
      let input = step.batch.inputs.rows(at: [row])
      let cotangent = step.loss.valueWithCotangents(
        outputs: try evaluation.outputs(for: input),
        targets: step.batch.targets.rows(at: [row]), rowCount: 1
      ).cotangents
      return try evaluation.pullback(of: cotangent, for: input)
    }
  }

  private func step<Model: Module<Double>>(
    _ problem: Problem, _ model: Model, threads: Int = 2
  ) -> TrainingStep<Model> {
    TrainingStep(
      model: model, batch: problem.batch, loss: problem.loss, workers: Workers(threads: threads),
      rowsPerTile: 9 * model.samplesPerRow)
  }

  @Test func normsAreThoseOfOnePullbackForEachRow() throws {
    func check<Model: Module<Double>>(_ problem: Problem, _ model: Model) throws {
      let gradients = try gradients(step(problem, model))
      let expected = Tensor<Double>(gradients.map { $0.dot($0) })
      let found = try [1, 2, 3].map {
        try step(problem, model, threads: $0).squaredLossGradientNorms()
      }
      #expect(
        found[0].isApproximatelyEqual(to: expected, relativeTolerance: 1e-11), "\(problem.name)")
      #expect(found[0] == found[1] && found[0] == found[2], "\(problem.name)")
      #expect(expected.smallest() > 0)

      // The sum that the documentation tells of, with weights that choose some rows.
      let some = step(problem, model)
      let weights = Tensor<Double>(
        gradients.indices.map { row -> Double in row % 3 == 0 ? 0.5 + Double(row) : 0 })
      var sum = ParameterVector<Double>(zeros: gradients[0].layout)
      for (row, gradient) in gradients.enumerated() { sum.add(gradient, scaledBy: weights[row]) }
      let scaled = weights.reshaped(to: [-1, 1]) * Double(gradients.count)
      guard !some.evaluation.couplesRows else { return }
      #expect(
        try some.pullback(of: some.cotangents() * scaled).values
          .isApproximatelyEqual(to: sum.values, relativeTolerance: 1e-11), "\(problem.name)")
    }
    for problem in try Self.problems { try check(problem, problem.model) }
  }

  @Test func cotangentsOfEachRowAreTheGeneralCaseOfWeights() throws {
    let problem = SmallProblem<Double>()
    let evaluation = TiledEvaluation(of: problem.model, rowsPerTile: 9)
    let (inputs, weights) = (problem.batch.inputs, Tensor<Double>([1, -2, 0.5]))
    let repeated = try evaluation.perSampleGradients(
      for: inputs, cotangents: weights.broadcast(to: [60, 3]))
    let fixed = try evaluation.perSampleGradients(for: inputs, outputWeights: weights)
    #expect(try repeated.gram() == fixed.gram())
    let (norms, gram) = (try fixed.squaredNorms(), try fixed.gram())
    let diagonal = Tensor<Double>((0..<60).map { gram[$0, $0] })
    #expect(norms.isApproximatelyEqual(to: diagonal, relativeTolerance: 1e-13))
    // Of the losses, chosen rows and a weighted sum.
    let step = problem.step()
    let rows = [3, 17, 40]
    let chosen = try evaluation.perSampleGradients(
      for: inputs.rows(at: rows), cotangents: step.cotangents(atRows: rows) * 60)
    let all = try gradients(step)
    let sum = try chosen.sum(weightedBy: Tensor([2, -1, 0.5]))
    var expected = ParameterVector<Double>(zeros: all[3].layout)
    expected.add(all[3], scaledBy: 2)
    expected.add(all[17], scaledBy: -1)
    expected.add(all[40], scaledBy: 0.5)
    #expect(sum.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-11))
  }

  @Test func factorsOfAKernelAreUsedAgain() throws {
    let problem = SmallProblem<Double>(outputs: 1)
    let expected = try problem.step().squaredLossGradientNorms()
    let step = problem.step()
    _ = try step.empiricalKernel(atRows: Array(0..<60))
    #expect(
      try step.squaredLossGradientNorms()
        .isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
  }

  @Test func noRowsHaveNoNorms() throws {
    let model = SmallProblem<Double>().model
    let norms = try TiledEvaluation(of: model).squaredGradientNorms(
      for: Rows(Tensor(zeros: [0, 2]))
    ) { _, outputs in outputs }
    #expect(norms.shape == [0])
  }
}
