import AutoDiff
import TensorKit
import Testing

/// Columns multiplied by a parameter, with a factored form of its own.
private struct ColumnScaling: Primitive {
  func value(of inputs: [Tensor<Double>]) -> Tensor<Double> { inputs[0] * inputs[1] }
  func pushforward(
    _ tangents: [Variable<Double>?], at inputs: [Variable<Double>], output: Variable<Double>
  ) -> Variable<Double>? {
    let terms = [tangents[0].map { $0 * inputs[1] }, tangents[1].map { inputs[0] * $0 }]
    return terms.compactMap { $0 }.reduce(Variable(Tensor(zeros: output.shape)), +)
  }
  func pullback(
    _ cotangent: Variable<Double>, at inputs: [Variable<Double>], output: Variable<Double>,
    needed: [Bool]
  ) -> [Variable<Double>?] {
    [cotangent * inputs[1], (cotangent * inputs[0]).summed(to: inputs[1].shape)]
  }
  func perSampleGradients(
    _ cotangent: Tensor<Double>, of evaluation: Evaluation<Double>, at inputs: [Tensor<Double>],
    needed: [Bool]
  ) -> [PerSampleGradient<Double>]? {
    needed[0] ? nil : [PerSampleGradient(ofInput: 1, outer: cotangent * inputs[0], inner: nil)]
  }
}

private struct ScaledColumns: Module {
  var scale: Variable<Double>
  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    .applying(ColumnScaling(), to: input, scale)
  }
  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&scale, named: "scale")
  }
}

/// A layer's bias that is added to the outputs once more.
private struct BiasTwice: Module {
  var layer: Linear<Double>
  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let output = layer(input, then: HyperbolicTangent())
    return layer.bias.map { output + $0 } ?? output
  }
  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&layer, named: "layer")
  }
}

@Suite struct PerSampleGradientsTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let model: any Module<Double>
    /// How many parts have a factored form, and how many numbers the rows of the others have.
    let factored: Int
    let explicit: Int
    var outputWeights: Tensor<Double>?

    var testDescription: String { name }
  }

  private static var halfFrozen: Network {
    var model = Network([2, 4, 4, 2])
    model.layers[1].isTrainable = false
    return model
  }

  private static func partlyFrozen(trainsWeight: Bool) -> PartlyFrozen {
    PartlyFrozen(
      weight: Variable(normal([3, 2], seed: 4)), bias: Variable(normal([3], seed: 5)),
      trainsWeight: trainsWeight)
  }

  private static var frozenProduct: Network {
    var model = ProductWeightTests.network
    model.layers[1].isTrainable = false
    return model
  }

  private static let cube = CubeLayer(
    scale: Variable(normal([4], seed: 3)), offset: Variable(normal([4], seed: 4)))

  static let examples = [
    Example(
      name: "rectifier", model: Network([2, 5, 4, 1], activation: Rectifier()), factored: 3,
      explicit: 0),
    Example(
      name: "sine", model: Network([2, 5, 4, 1], activation: Sine(frequency: 5)), factored: 3,
      explicit: 0),
    Example(
      name: "Gaussian", model: Network([2, 5, 4, 1], activation: Gaussian(scale: 2)), factored: 3,
      explicit: 0),
    Example(
      name: "variable sine, then Gabor wavelet",
      model: Network(
        [2, 5, 4, 1],
        activation: VariableSine(frequency: 2).then(GaborWavelet(frequency: 4, scale: 2))),
      factored: 3, explicit: 0),
    Example(
      name: "hyperbolic tangent, three outputs", model: Network([2, 5, 3]), factored: 2,
      explicit: 0),
    Example(
      name: "weighted outputs", model: Network([2, 5, 3]), factored: 2, explicit: 0,
      outputWeights: Tensor([1, -2, 0.5])),
    Example(
      name: "without bias", model: Network([2, 5, 4, 2], bias: false), factored: 3, explicit: 0),
    Example(name: "a frozen layer", model: halfFrozen, factored: 2, explicit: 0),
    Example(
      name: "only a bias", model: Chain(parts: [partlyFrozen(trainsWeight: false)]), factored: 1,
      explicit: 0),
    Example(
      name: "only a weight", model: partlyFrozen(trainsWeight: true), factored: 1, explicit: 0),
    Example(
      name: "products with a basis", model: ProductWeightTests.network, factored: 4, explicit: 0),
    Example(
      name: "a frozen product with a basis", model: frozenProduct, factored: 3, explicit: 0),
    Example(
      name: "a product without bias",
      model: ProductWeightTests.layer(2, 3, vectors: 5, bias: false), factored: 1, explicit: 0),
    Example(
      name: "a product with a basis used twice",
      model: Chain(parts: [
        Network([2, 3]), Shared(layer: ProductWeightTests.layer(3, 3, vectors: 7)),
      ]), factored: 1, explicit: 12),
    Example(
      name: "a residual connection",
      model: Chain(parts: [
        Network([2, 3]), Residual(inner: Linear(weight: normal([3, 3]), bias: normal([3]))),
        Network([3, 1], seed: 7),
      ]), factored: 3, explicit: 0),
    Example(
      name: "a layer used twice",
      model: Chain(parts: [
        Network([2, 3]), Shared(layer: Linear(weight: normal([3, 3]), bias: normal([3]))),
      ]), factored: 1, explicit: 12),
    Example(
      name: "a bias used twice",
      model: BiasTwice(layer: Linear(weight: normal([3, 2]), bias: normal([3], seed: 2))),
      factored: 0, explicit: 9),
    Example(
      name: "a product of parameters",
      model: Chain(parts: [
        Network([2, 4]),
        LowRank(
          left: Variable(normal([3, 2], seed: 5)), right: Variable(normal([2, 4], seed: 6))),
        Network([3, 2], seed: 9),
      ]), factored: 2, explicit: 14),
    Example(
      name: "operations without a factored form",
      model: Chain(parts: [Network([2, 4]), cube, Network([4, 2], seed: 9)]), factored: 2,
      explicit: 8),
    Example(
      name: "an operation with a factored form of its own",
      model: Chain(parts: [
        Network([2, 4]), ScaledColumns(scale: Variable(normal([4], seed: 3))),
        Network([4, 2], seed: 9),
      ]), factored: 3, explicit: 0),
    Example(
      name: "interpolation at the inputs", model: TableLayer(), factored: 3, explicit: 0),
  ]

  /// The gradients of the samples one at a time, by the function for gradients of anything.
  private func rows(
    of model: some Module<Double>, _ inputs: Tensor<Double>, _ outputWeights: Tensor<Double>?
  ) -> Tensor<Double> {
    let columns = model(Variable(inputs)).shape[1]
    let weights =
      outputWeights
      ?? Tensor(repeating: 1 / Double(columns).squareRoot(), shape: [columns])
    return .concatenated(
      (0..<inputs.shape[0]).map { row in
        valueWithGradient(at: model) { model in
          (model(Variable(inputs.rows(at: [row]))) * Variable(weights)).sum()
        }.gradient.values.reshaped(to: [1, -1])
      })
  }

  private func check(
    _ example: Example, _ model: some Module<Double>, sampleCount: Int, rowsPerTile: Int
  ) throws {
    let inputs = normal([sampleCount, 2], seed: 11)
    let rows = rows(of: model, inputs, example.outputWeights)
    let expected = Tensor.matrixProduct(rows, rows, transposingRight: true)
    var grams: [Tensor<Double>] = []
    for threads in [1, 3] {
      let workers = Workers(threads: threads)
      let evaluation = TiledEvaluation(of: model, workers: workers, rowsPerTile: rowsPerTile)
      let gradients = try evaluation.perSampleGradients(
        for: inputs, outputWeights: example.outputWeights)
      #expect(gradients.sampleCount == sampleCount)
      #expect(gradients.factored.count == example.factored)
      #expect((gradients.explicit?.shape[1] ?? 0) == example.explicit)
      let gram = try gradients.gram(runner: workers)
      let scale = expected.absoluteValue().largest()
      #expect(gram.largestDifference(from: expected) <= 1e-10 * scale)
      #expect(gram == gram.transposed())
      grams.append(gram)
      let explicit = try evaluation.jacobianRows(
        for: inputs, outputWeights: example.outputWeights)
      expectClose(explicit, rows, 1e-12, "the rows")
      if gradients.holdsGradients {
        let weights = normal([sampleCount], seed: 12)
        let sum = try gradients.sum(weightedBy: weights, workers: workers)
        let expected = Tensor.matrixProduct(weights.reshaped(to: [1, -1]), rows)
        expectClose(sum.values, expected.reshaped(to: [-1]), 1e-12, "the weighted sum")
      }
      #expect(gradients.outputs == model(Variable(inputs)).value)
    }
    #expect(grams[0] == grams[1])
  }

  @Test(arguments: examples)
  func theGramMatrixOfFactorsIsThatOfTheRows(_ example: Example) throws {
    try check(example, example.model, sampleCount: 13, rowsPerTile: 4)
    try check(example, example.model, sampleCount: 1, rowsPerTile: 128)
  }

  @Test func theGramMatrixOfManySamplesIsPutTogetherFromBlocks() throws {
    try check(Self.examples[4], Self.examples[4].model, sampleCount: 300, rowsPerTile: 128)
    try check(Self.examples[18], Self.examples[18].model, sampleCount: 150, rowsPerTile: 7)
  }

  @Test func rowsOfSomeParametersAreColumnsOfAll() throws {
    let evaluation = TiledEvaluation(of: Network([2, 3, 2]), workers: Workers(threads: 2))
    let inputs = normal([5, 2])
    let all = try evaluation.jacobianRows(for: inputs)
    let some = try evaluation.jacobianRows(for: inputs, parameters: [3, 1])
    let expected = Tensor.concatenated(
      [all.slice(15..<17, alongAxis: 1), all.slice(6..<9, alongAxis: 1)], alongAxis: 1)
    #expect(some == expected)
  }

  @Test func groupsSumTheirRows() throws {
    let evaluation = TiledEvaluation(of: Network([2, 3, 2]), workers: Workers(threads: 2))
    let inputs = normal([5, 2])
    let all = try evaluation.jacobianRows(for: inputs)
    let groups = [[0, 3], [4, 4], [2, 1]]
    let sums = try evaluation.jacobianRows(for: inputs, groups: groups, rowWeights: nil)
    let weighted = try evaluation.jacobianRows(
      for: inputs, groups: groups, rowWeights: Tensor([2, -0.5]))
    for (index, group) in groups.enumerated() {
      let (first, second) = (all.rows(at: [group[0]]), all.rows(at: [group[1]]))
      expectClose(sums.rows(at: [index]), first + second, 1e-13, "group \(group)")
      expectClose(
        weighted.rows(at: [index]), first * 2 - second * 0.5, 1e-13, "weighted group \(group)")
    }
  }

  @Test func theGramMatrixOfGroupsIsThatOfTheirRows() throws {
    let groups = [[0, 3], [4, 4], [], [2, 1], [0], [0, 1]]
    let weights = Tensor([2, -0.5])
    for model in [Network([2, 3, 2]), ProductWeightTests.network] {
      let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2))
      let inputs = normal([5, 2])
      let rows = try evaluation.jacobianRows(for: inputs, groups: groups, rowWeights: weights)
      let count = model.parameterLayout.count
      #expect(rows.shape == [6, count])
      #expect(rows.rows(at: [2]) == Tensor(zeros: [1, count]))
      let gram = try evaluation.gramOfJacobianRows(
        for: inputs, groups: groups, rowWeights: weights)
      expectClose(
        gram, .matrixProduct(rows, rows, transposingRight: true), 1e-12, "the Gram matrix")
    }
  }

  @Test func noRowsAndNoParametersHaveTheirEmptyShapes() throws {
    var model = Network([2, 3, 1])
    let nothing = Tensor<Double>(zeros: [0, 2])
    let evaluation = TiledEvaluation(of: model)
    #expect(try evaluation.jacobianRows(for: nothing).shape == [0, 13])
    #expect(try evaluation.perSampleGradients(for: nothing).gram().shape == [0, 0])
    #expect(try evaluation.jacobianRows(for: normal([4, 2]), parameters: []).shape == [4, 0])
    for index in model.layers.indices { model.layers[index].isTrainable = false }
    let frozen = TiledEvaluation(of: model)
    #expect(try frozen.jacobianRows(for: normal([4, 2])).shape == [4, 0])
    let gram = try frozen.perSampleGradients(for: normal([4, 2])).gram()
    #expect(gram == Tensor(zeros: [4, 4]))
  }
}
