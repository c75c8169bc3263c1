import GradientAdjusters
import INRZoo
import Testing

/// The adjusters of the article "Four adjusters from the literature": each conforms, and computes what it
/// says it does.
@Suite struct LiteratureDocumentationTests {
  private let model = SmallProblem<Double>().model
  private let batch = SmallProblem<Double>().batch

  private var step: TrainingStep<CoordinateNetwork<Double>> {
    TrainingStep(model: model, batch: batch)
  }

  @Test func theyConform() {
    #expect(checkConformance(of: KernelPower<Double>()) == [])
    #expect(checkConformance(of: GradientNormImportance<Double>()) == [])
    #expect(checkConformance(of: GaussNewtonDiagonal<Double>()) == [])
    #expect(checkConformance(of: KernelGuidedRows<Double>()) == [])
  }

  @Test func aPowerOfTheKernel() throws {
    let single = Batch(inputs: batch.inputs, targets: batch.targets)
    let step = TrainingStep(model: model, batch: single)
    var adjuster = KernelPower<Double>(exponent: 0.5, floor: 1e-12)
    let transform = try adjuster.cotangentTransform(for: step)
    let residuals = try step.cotangents()
    let adjusted = try transform.applied(to: residuals, groups: single.groups)

    // Along each eigenvector what is learned goes with the root of its eigenvalue.
    let kernel = try step.empiricalKernel(atRows: Array(0..<single.rowCount))
    let pairs = try kernel.symmetricEigenpairs()
    let before = Tensor.matrixProduct(pairs.vectors, residuals)
    let after = Tensor.matrixProduct(pairs.vectors, adjusted)
    for pair in 0..<6 {
      let factor = (pairs.values[0] / pairs.values[pair]).squareRoot()
      for column in 0..<residuals.shape[1] {
        #expect(abs(after[pair, column] / before[pair, column] - factor) < 1e-6 * factor)
      }
    }
  }

  @Test func importanceIsUnbiased() throws {
    var adjuster = GradientNormImportance<Double>(share: 0.5)
    var identity = IdentityAdjuster<Double>()
    let plain = try identity.lossWithGradient(for: step).gradient
    var mean = ParameterVector<Double>(zeros: plain.layout)
    let count = 400
    for _ in 0..<count {
      let drawn = try adjuster.lossWithGradient(for: step).gradient
      mean.add(drawn, scaledBy: 1 / Double(count))
    }
    #expect(mean.values.largestDifference(from: plain.values) < 0.2 * plain.norm())
  }

  @Test func theDiagonalIsThatOfTheJacobian() throws {
    var expected: Tensor<Double>?
    for output in 0..<batch.targets.shape[1] {
      var weights = Tensor<Double>(zeros: [batch.targets.shape[1]])
      weights.setElements(from: output, to: Tensor([1]))
      let squares = try TiledEvaluation(of: model)
        .jacobianRows(for: batch.inputs, outputWeights: weights).squared().sum(alongAxis: 0)
      expected = expected.map { $0 + squares } ?? squares
    }
    let exact = try #require(expected) * (1 / Double(batch.targets.count))

    var adjuster = GaussNewtonDiagonal<Double>(interval: 1)
    adjuster.memory = 0.995
    var gradient = ParameterVector(exact, layout: model.parameterLayout)
    for _ in 0..<2000 { try adjuster.adjust(&gradient, for: step) }
    let estimate = try #require(adjuster.diagonal).values
    #expect((estimate - exact).norm() < 0.2 * exact.norm())
  }

  @Test func scoresAreThoseOfTheKernel() throws {
    let outputs = batch.targets.shape[1]
    let residuals = try step.cotangents()
    var exact: [Double] = []
    for row in 0..<batch.rowCount {
      var alone = Tensor<Double>(zeros: residuals.shape)
      alone.setElements(from: row * outputs, to: residuals.slice(row..<(row + 1)))
      let moved = try step.pushforward(of: step.pullback(of: alone))
      exact.append(moved.dot(moved))
    }
    var adjuster = KernelGuidedRows<Double>(probes: 1000)
    let scores = try adjuster.scores(in: step)
    #expect((scores - Tensor(exact)).norm() < 0.2 * Tensor(exact).norm())
  }

  /// The code of the article that trains with them.
  @Test func rowsThatAreDrawnByTheirGradients() throws {
    var generator = SeededGenerator(seed: 1)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    var trainer = try Trainer(network, optimizer: Adam(learningRate: 1e-3))
    let before = try TrainingStep(model: network, batch: signal.batch).lossValue()

    var source = ImportanceSampledBatches(of: signal.batch, rowCount: 256, seed: 1)
    for step in 0..<200 {
      if step % 50 == 0 {
        let whole = TrainingStep(model: trainer.model, batch: signal.batch)
        source.setLikelihoods(try whole.squaredLossGradientNorms().squareRoot())
      }
      try trainer.advance(on: source.nextBatch())
    }

    let after = try TrainingStep(model: trainer.model, batch: signal.batch).lossValue()
    #expect(after < before / 10)
  }
}
