import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct FourierReparameterizationTests {
  /// A network of five layers, and a batch in groups.
  private struct Problem {
    var model: CoordinateNetwork<Double>
    let batch: Batch<Double>

    init(hiddenLayers: Int = 2, rows: Int = 62, groupSize: Int = 6) {
      var generator = SeededGenerator(seed: 7)
      model = .siren(
        inputs: 2, outputs: 3, width: 12, hiddenLayers: hiddenLayers, frequency: 10,
        using: &generator)
      batch = Batch(
        inputs: .uniform(over: -1...1, shape: [rows, 2], using: &generator),
        targets: .uniform(over: 0...1, shape: [rows, 3], using: &generator),
        groups: RowPartition(rowCount: rows, groupSize: groupSize))
    }

    /// The model as an adjuster rewrites it.
    func prepared(
      _ adjuster: FourierReparameterization<Double>, seed: UInt64 = 5
    ) throws -> CoordinateNetwork<Double> {
      var (copy, adjuster, generator) = (model, adjuster, SeededGenerator(seed: seed))
      try adjuster.prepare(&copy, using: &generator)
      return copy
    }
  }

  private let adjuster = FourierReparameterization<Double>(
    lowFrequencies: 4, highFrequencies: 3, phases: 4, amplitude: 0.1)

  // MARK: - What is rewritten

  @Test func hiddenLayersAreRewrittenAndTheOthersAreNot() throws {
    let problem = Problem()
    let model = try problem.prepared(adjuster)
    #expect(
      model.namedParameters.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.1.coefficients", "layers.1.bias",
        "layers.2.coefficients", "layers.2.bias", "layers.3.weight", "layers.3.bias",
      ])
    for layer in [0, 3] {
      #expect(model.layers[layer].weight.value == problem.model.layers[layer].weight.value)
      #expect(model.layers[layer].bias?.value == problem.model.layers[layer].bias?.value)
    }
    for layer in [1, 2] {
      #expect(model.layers[layer].coefficients?.shape == [12, 28])
      #expect(model.layers[layer].bias?.value == Tensor(zeros: [12]))
    }
    #expect(model.layers[1].coefficients?.value != model.layers[2].coefficients?.value)
    let other = try problem.prepared(adjuster, seed: 6)
    #expect(model.layers[1].coefficients?.value != other.layers[1].coefficients?.value)
  }

  @Test func layersAreChosenByName() throws {
    let named = FourierReparameterization<Double>(amplitude: 1, layers: ["layers.2", "layers.3"])
    let model = try Problem().prepared(named)
    #expect(model.layers.map { $0.basis != nil } == [false, false, true, true])
    let nothing = FourierReparameterization<Double>(amplitude: 1, layers: [])
    #expect(try Problem().prepared(nothing).layers.allSatisfy { $0.basis == nil })
  }

  @Test func frozenLayersAreLeftAloneUnlessNamed() throws {
    var problem = Problem()
    problem.model.layers[1].isTrainable = false
    let model = try problem.prepared(adjuster)
    #expect(model.layers.map { $0.basis != nil } == [false, false, true, false])
    let named = FourierReparameterization<Double>(amplitude: 1, layers: ["layers.1"])
    let layer = try problem.prepared(named).layers[1]
    #expect(layer.basis != nil && !layer.isTrainable)
  }

  @Test func layersThatAreNotThereAreErrorsAndChangeNothing() throws {
    let problem = Problem()
    let wrong = FourierReparameterization<Double>(amplitude: 1, layers: ["layers.1", "layers.4"])
    let names = (0..<4).map { "layers.\($0)" }
    #expect(throws: AdjusterError.noSuchLayer(name: "layers.4", layers: names)) {
      try problem.prepared(wrong)
    }
    let shallow = Problem(hiddenLayers: 0)
    #expect(throws: AdjusterError.noHiddenLayer(layers: ["layers.0", "layers.1"])) {
      try shallow.prepared(adjuster)
    }
    let text = AdjusterError.noSuchLayer(name: "layers.4", layers: names).description
    #expect(text.contains("layers.4") && text.contains("layers.0, layers.1, layers.2, layers.3"))
    #expect(AdjusterError.noHiddenLayer(layers: names).description.contains("name the layers"))
  }

  @Test func layersWithTheBasisKeepTheirCoefficients() throws {
    var problem = Problem()
    problem.model = try problem.prepared(adjuster)
    let again = try problem.prepared(adjuster, seed: 99)
    #expect(again.parameters == problem.model.parameters)
    let other = FourierReparameterization<Double>(
      lowFrequencies: 4, highFrequencies: 3, phases: 4, amplitude: 0.2)
    let rewritten = try problem.prepared(other, seed: 99)
    #expect(rewritten.layers[1].basis?.matrix == other.basis(inputs: 12))
    #expect(rewritten.parameters != problem.model.parameters)
  }

  // MARK: - Basis and initialization

  @Test func theBasisHoldsCosines() {
    let basis = adjuster.basis(inputs: 9)
    #expect(basis.shape == [28, 9])
    #expect(adjuster.vectorCount == 28)
    // Frequencies 1/4 to 1, then 1 to 3; the points span 8π around zero.
    let middle = basis.slice(4..<5, alongAxis: 1).reshaped(to: [7, 4])
    for (phase, cosine) in [1.0, 0, -1, 0].enumerated() {
      for frequency in 0..<7 { #expect(abs(middle[frequency, phase] - 0.1 * cosine) < 1e-15) }
    }
    // A quarter of the lowest frequency's period from the middle.
    #expect(abs(basis[1 * 4, 6] - 0.1 * -1) < 1e-15)
    #expect(abs(basis[0 * 4, 6]) < 1e-15)
    #expect(abs(basis[0 * 4 + 1, 6] - 0.1 * -1) < 1e-15)
    let high = FourierReparameterization<Double>(
      lowFrequencies: 0, highFrequencies: 2, phases: 1, amplitude: 1
    ).basis(inputs: 3)
    #expect(
      high.isApproximatelyEqual(to: Tensor([[-1, 1, -1], [1, 1, 1]]), relativeTolerance: 1e-14))
  }

  @Test(arguments: [0.001, 0.05, 2])
  func initialWeightsHaveTheSameSpreadForAnyAmplitude(amplitude: Double) throws {
    var generator = SeededGenerator(seed: 1)
    func spread(_ activation: any Activation<Float>) throws -> Double {
      let layers = CoordinateNetwork<Float>.relu(
        inputs: 2, outputs: 1, width: 64, hiddenLayers: 1, using: &generator
      ).layers
      var model = CoordinateNetwork(layers: layers, activation: activation)
      var adjuster = FourierReparameterization<Float>(
        lowFrequencies: 16, highFrequencies: 16, phases: 8, amplitude: amplitude)
      try adjuster.prepare(&model, using: &generator)
      return Double(model.layers[1].weight.value.squared().mean())
    }
    // On average 2 / inputs, as He et al. initialize.
    #expect(abs(try spread(Rectifier()) * 32 - 1) < 0.1)
    #expect(abs(try spread(Sine(frequency: 30)) * 32 * 900 - 1) < 0.1)
  }

  @Test(arguments: [1, 2, 3])
  func vectorsThatAreZeroButForRoundingStartAtZero(inputs: Int) throws {
    var generator = SeededGenerator(seed: 1)
    var model = Linear<Double>(inputs: inputs, outputs: 5, using: &generator)
    var adjuster = FourierReparameterization<Double>(amplitude: 0.01, layers: [""])
    try adjuster.prepare(&model, using: &generator)
    let coefficients = try #require(model.coefficients?.value)
    #expect(coefficients.isFinite)
    // Phase π/2 of frequency 1: the sine at multiples of π.
    let column = 127 * 32 + 8
    #expect(coefficients.slice(column..<(column + 1), alongAxis: 1) == Tensor(zeros: [5, 1]))
    #expect(model.weight.value.absoluteValue().largest() < 5)
  }

  // MARK: - Training

  @Test func foldedEqualsUnfolded() throws {
    let problem = Problem()
    var trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-2), adjuster: adjuster, seed: 3)
    let first = try trainer.advance(on: problem.batch)
    var last = first
    for _ in 0..<20 { last = try trainer.advance(on: problem.batch) }
    #expect(last < first)
    let plain = try trainer.plainModel()
    #expect(plain.namedParameters.map(\.name) == problem.model.namedParameters.map(\.name))
    let outputs = try trainer.outputs(for: problem.batch.inputs)
    let folded = try TiledEvaluation(of: plain).outputs(for: problem.batch.inputs)
    #expect(folded.isApproximatelyEqual(to: outputs, relativeTolerance: 1e-13))
  }

  @Test func theGradientIsThatOfTheCoefficients() throws {
    let problem = Problem()
    let model = try problem.prepared(adjuster)
    var adjuster = adjuster
    let (loss, gradient) = try adjuster.lossWithGradient(of: model, on: problem.batch)
    let expected = valueWithGradient(at: model) { model in
      (model(Variable(problem.batch.inputs)) - Variable(problem.batch.targets)).squared().mean()
    }
    #expect(abs(loss - expected.value) < 1e-14)
    #expect(
      gradient.values.isApproximatelyEqual(to: expected.gradient.values, relativeTolerance: 1e-12))
    #expect(gradient["layers.1.coefficients"]?.shape == [12, 28])
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let problem = Problem(rows: 500, groupSize: 20)
    let parameters = try [1, 2, 5].map { threads in
      var trainer = try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3),
        adjuster: ComposedAdjuster([adjuster, InductiveGradientAdjuster(end: 4)]),
        workers: Workers(threads: threads))
      for _ in 0..<3 { try trainer.advance(on: problem.batch) }
      return trainer.model.parameters
    }
    #expect(parameters[0] == parameters[1] && parameters[0] == parameters[2])
  }

  // MARK: - Composition

  @Test func compositionEqualsItsPartsByHand() throws {
    let problem = Problem()
    var composed = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3),
      adjuster: ComposedAdjuster([adjuster, InductiveGradientAdjuster(end: 3)]), seed: 5)
    var parts = try Trainer(
      problem.prepared(adjuster), optimizer: Adam(learningRate: 1e-3),
      adjuster: InductiveGradientAdjuster(end: 3))
    for _ in 0..<4 {
      #expect(try composed.advance(on: problem.batch) == parts.advance(on: problem.batch))
    }
    #expect(composed.model.parameters == parts.model.parameters)
    #expect(try composed.plainModel().parameters == adjuster.folded(parts.model).parameters)
  }

  /// The kernel at the middle samples, from gradients of the parameters as the sweeps of a direct call
  /// give them.
  private func kernel(
    of model: CoordinateNetwork<Double>, _ problem: Problem
  ) -> Tensor<Double> {
    let groups = problem.batch.groups
    let rows = (0..<groups.count).map { group in
      let row = groups.row(group: group, place: groups.places / 2)
      return valueWithGradient(at: model) { model in
        model(Variable(problem.batch.inputs.rows(at: [row]))).sum() / 3.0.squareRoot()
      }.gradient.values.reshaped(to: [1, -1])
    }
    let jacobian = Tensor.concatenated(rows)
    return .matrixProduct(jacobian, jacobian, transposingRight: true)
  }

  @Test func adjustmentAfterReparameterizationUsesTheKernelOfTheCoefficients() throws {
    let problem = Problem()
    let model = try problem.prepared(adjuster)
    let kernel = kernel(of: model, problem)
    let groups = problem.batch.groups
    let sampled = problem.batch.inputs.rows(
      at: (0..<groups.count).map { groups.row(group: $0, place: groups.places / 2) })
    let evaluation = TiledEvaluation(of: model)
    for found in [
      try evaluation.empiricalKernel(at: sampled),
      try evaluation.explicitEmpiricalKernel(at: sampled),
    ] {
      #expect(found.isApproximatelyEqual(to: kernel, relativeTolerance: 1e-10))
    }
    // Not that of the weights.
    let plain = self.kernel(of: adjuster.folded(model), problem)
    #expect(!plain.isApproximatelyEqual(to: kernel, relativeTolerance: 1e-3))

    let dense = try denseTransform(kernel, end: 3, target: .next)
    let residual = model(Variable(problem.batch.inputs)).value - problem.batch.targets
    let whole = groups.count * groups.places
    let adjusted = Tensor.matrixProduct(
      dense, residual.slice(0..<whole).reshaped(to: [groups.count, -1])
    ).reshaped(to: [whole, -1])
    let cotangents = Tensor.concatenated([adjusted, residual.slice(whole..<residual.shape[0])])
    let expected = valueWithGradient(at: model) { model in
      (model(Variable(problem.batch.inputs)) * Variable(cotangents)).sum()
        * (2 / Double(residual.count))
    }.gradient
    var composed = ComposedAdjuster<Double>([
      adjuster, InductiveGradientAdjuster(end: 3, sampling: .center),
    ])
    let gradient = try composed.lossWithGradient(of: model, on: problem.batch).gradient
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-10))
  }

  @Test func settingsWithoutMeaningAreRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = FourierReparameterization<Float>(
        lowFrequencies: 0, highFrequencies: 0, amplitude: 0.1)
    }
    await #expect(processExitsWith: .failure) {
      _ = FourierReparameterization<Float>(phases: 0, amplitude: 0.1)
    }
    await #expect(processExitsWith: .failure) {
      _ = FourierReparameterization<Float>(amplitude: 0)
    }
  }
}
