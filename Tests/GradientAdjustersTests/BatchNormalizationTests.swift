import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct BatchNormalizationTests {
  typealias Placement = Normalization<Double>.Placement
  static let placements = Placement.allCases

  private let problem = SmallProblem<Double>()

  /// The problem's network as an adjuster prepares it, with parameters of normalizations that are
  /// neither ones nor zeros.
  private func prepared(_ adjuster: BatchNormalization<Double>) throws -> CoordinateNetwork<Double>
  {
    var adjuster = adjuster
    var model = problem.model
    var generator = SeededGenerator(seed: 7)
    try adjuster.prepare(&model, using: &generator)
    for index in model.layers.indices {
      guard let columns = model.layers[index].normalization?.columns else { continue }
      model.layers[index].normalization?.weight = Variable(
        .uniform(over: 0.1...0.4, shape: [columns], using: &generator))
      model.layers[index].normalization?.bias = Variable(
        .normal(shape: [columns], using: &generator))
    }
    return model
  }

  @Test func allLayersButTheLastAreNormalizedOrThoseOfANameAre() throws {
    func normalized(_ layers: [String]?) throws -> [Int] {
      let model = try prepared(BatchNormalization(placement: .afterActivation, layers: layers))
      return model.layers.indices.filter {
        model.layers[$0].normalization?.placement == .afterActivation
      }
    }
    #expect(try normalized(nil) == [0, 1])
    #expect(try normalized(["layers.2", "layers.0"]) == [0, 2])
    #expect(try normalized([]) == [])
    #expect(
      throws: AdjusterError.noSuchLayer(
        name: "layers.7", layers: ["layers.0", "layers.1", "layers.2"])
    ) { try normalized(["layers.7"]) }
    var single = Linear(weight: Tensor<Double>([[1]]), bias: nil)
    var adjuster = BatchNormalization<Double>()
    var generator = SeededGenerator(seed: 1)
    #expect(throws: AdjusterError.noHiddenLayer(layers: [""])) {
      try adjuster.prepare(&single, using: &generator)
    }
  }

  @Test func normalizationsStartWithOnesAndZerosAndAreKept() throws {
    var model = problem.model
    var adjuster = BatchNormalization<Double>()
    var generator = SeededGenerator(seed: 1)
    try adjuster.prepare(&model, using: &generator)
    #expect(model.layers[0].normalization?.weight.value == Tensor(repeating: 1, shape: [16]))
    #expect(model.layers[0].normalization?.bias.value == Tensor(zeros: [16]))
    let kept = try prepared(adjuster)
    var again = kept
    var preserving = BatchNormalization(preservingFunctionOver: problem.batch.inputs)
    try preserving.prepare(&again, using: &generator)
    #expect(again.parameters == kept.parameters)
  }

  @Test(arguments: placements)
  func theFunctionIsPreservedOverTheInputs(_ placement: Placement) throws {
    let inputs = problem.batch.inputs
    var adjuster = BatchNormalization(placement: placement, preservingFunctionOver: inputs)
    var model = problem.model
    // A unit that is constant over the inputs.
    model.layers[0].weight = Variable(
      .concatenated([Tensor(zeros: [1, 2]), model.layers[0].weight.value.slice(1..<16)]))
    let before = model
    var generator = SeededGenerator(seed: 1)
    try adjuster.prepare(&model, using: &generator)
    let expected = before(Variable(inputs)).value
    #expect(
      model(Variable(inputs)).value.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    let tiled = try TiledEvaluation(of: model, rowsPerTile: 7).outputs(for: inputs)
    #expect(tiled.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    // With ones and zeros it is another function.
    var standard = BatchNormalization<Double>(placement: placement)
    var other = before
    try standard.prepare(&other, using: &generator)
    #expect(other(Variable(inputs)).value.largestDifference(from: expected) > 0.1)
  }

  @Test func valuesThatAreNotFiniteCannotBePreserved() {
    var inputs = problem.batch.inputs
    inputs[3, 0] = .infinity
    var adjuster = BatchNormalization(preservingFunctionOver: inputs)
    var model = problem.model
    var generator = SeededGenerator(seed: 1)
    #expect(throws: AdjusterError.nonFinite("output of layers.0")) {
      try adjuster.prepare(&model, using: &generator)
    }
    #expect(model.layers.allSatisfy { $0.normalization == nil })
  }

  @Test(arguments: placements, [nil, ["layers.1"], ["layers.0"]] as [[String]?])
  func foldedEqualsUnfolded(_ placement: Placement, _ layers: [String]?) throws {
    let adjuster = BatchNormalization<Double>(placement: placement, layers: layers)
    let model = try prepared(adjuster)
    let inputs = problem.batch.inputs
    let plain = try adjuster.folded(model, over: inputs)
    #expect(plain.layers.allSatisfy { $0.normalization == nil })
    #expect(plain.namedParameters.map(\.name) == problem.model.namedParameters.map(\.name))
    let expected = model(Variable(inputs)).value
    #expect(
      plain(Variable(inputs)).value.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    #expect(
      try TiledEvaluation(of: plain).outputs(for: inputs.slice(0..<1))
        .isApproximatelyEqual(to: expected.slice(0..<1), relativeTolerance: 1e-11))
  }

  @Test(arguments: placements)
  func layersWithoutBiasAndConstantColumnsAreFolded(_ placement: Placement) throws {
    let adjuster = BatchNormalization<Double>(placement: placement)
    var model = try prepared(adjuster)
    for index in model.layers.indices { model.layers[index].bias = nil }
    model.layers[0].weight = Variable(
      .concatenated([Tensor(zeros: [2, 2]), model.layers[0].weight.value.slice(2..<16)]))
    let inputs = problem.batch.inputs
    let plain = try adjuster.folded(model, over: inputs)
    #expect(
      plain(Variable(inputs)).value.isApproximatelyEqual(
        to: model(Variable(inputs)).value, relativeTolerance: 1e-10))
  }

  @Test func foldingNeedsInputsOnlyWhereThereIsANormalization() throws {
    let adjuster = BatchNormalization<Double>()
    #expect(throws: AdjusterError.needsInputs) { try adjuster.folded(try prepared(adjuster)) }
    #expect(AdjusterError.needsInputs.description.contains("plainModel(over: batch.inputs)"))
    #expect(try adjuster.folded(problem.model).parameters == problem.model.parameters)
    let trainer = try Trainer(
      problem.model, optimizer: SGD(learningRate: 0.1),
      adjuster: ComposedAdjuster([adjuster, IdentityAdjuster()]))
    #expect(throws: AdjusterError.needsInputs) { try trainer.plainModel() }
    let inputs = problem.batch.inputs
    let plain = try trainer.plainModel(over: inputs)
    let outputs = try trainer.outputs(for: inputs)
    #expect(
      plain(Variable(inputs)).value.isApproximatelyEqual(to: outputs, relativeTolerance: 1e-11))
  }

  @Test func whatCannotBeFoldedIsAnError() throws {
    let adjuster = BatchNormalization<Double>(placement: .afterActivation)
    let inputs = problem.batch.inputs
    var last = problem.model
    last.layers[2].normalization = Normalization(columns: 3, placement: .afterActivation)
    #expect(
      throws: AdjusterError.cannotFold(layer: "layers.2", reason: "no linear layer comes after it")
    ) { try adjuster.folded(last, over: inputs) }

    /// Adds the first layer's values to those of the second.
    struct Skip: Module {
      var layers: [Linear<Double>]
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
        let first = layers[0](input, then: HyperbolicTangent())
        return layers[1](first) + first
      }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
        visitor.visit(&layers, named: "layers")
      }
    }
    var generator = SeededGenerator(seed: 1)
    var skip = Skip(layers: [
      Linear(inputs: 2, outputs: 4, using: &generator),
      Linear(inputs: 4, outputs: 4, using: &generator),
    ])
    skip.layers[0].normalization = Normalization(columns: 4, placement: .afterActivation)
    #expect(
      throws: AdjusterError.cannotFold(
        layer: "layers.0", reason: "its values do not go to the next linear layer alone")
    ) { try adjuster.folded(skip, over: inputs) }
    skip.layers[0].normalization = Normalization(columns: 4, placement: .beforeActivation)
    let plain = try adjuster.folded(skip, over: inputs)
    #expect(
      plain(Variable(inputs)).value.isApproximatelyEqual(
        to: skip(Variable(inputs)).value, relativeTolerance: 1e-11))

    struct Twice: Module {
      var layer: Linear<Double>
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
        layer(layer(input, then: HyperbolicTangent()))
      }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
        visitor.visit(&layer, named: "layer")
      }
    }
    var twice = Twice(layer: Linear(inputs: 2, outputs: 2, using: &generator))
    twice.layer.normalization = Normalization(columns: 2, placement: .beforeActivation)
    #expect(
      throws: AdjusterError.cannotFold(
        layer: "layer",
        reason: "the model applies the layer 2 times, each with its own statistics")
    ) { try adjuster.folded(twice, over: inputs) }
  }

  @Test func singleRowsConstantColumnsAndNumbersThatAreNotFinite() throws {
    let model = try prepared(BatchNormalization())
    func step(_ inputs: Tensor<Double>) throws -> (loss: Double, gradient: ParameterVector<Double>)
    {
      var adjuster = IdentityAdjuster<Double>()
      let targets = Tensor<Double>(repeating: 0.5, shape: [inputs.shape[0], 3])
      return try adjuster.lossWithGradient(
        of: model, on: Batch(inputs: inputs, targets: targets))
    }
    for inputs in [Tensor<Double>([[0.1, 0.2]]), Tensor(repeating: 0.3, shape: [5, 2])] {
      let (loss, gradient) = try step(inputs)
      #expect(loss.isFinite && gradient.values.isFinite)
      // The batch says nothing, so only biases matter: equal rows differ from their mean by its
      // rounding at most, which a division by the root of ε = 1e-5 makes 300 times as large.
      let weight = try #require(gradient["norms.1.weight"]?.absoluteValue().largest())
      let bias = try #require(gradient["norms.1.bias"]?.absoluteValue().largest())
      #expect(bias > 0 && weight <= 1000 * Double.ulpOfOne * bias)
      let plain = try BatchNormalization<Double>().folded(model, over: inputs)
      #expect(
        plain(Variable(inputs)).value.isApproximatelyEqual(
          to: model(Variable(inputs)).value, relativeTolerance: 1e-9))
    }
    #expect(throws: AdjusterError.dataNotFinite("inputs")) {
      try step(Tensor<Double>([[0.1, 0.2], [.nan, 0], [1, 1]]))
    }
  }

  /// Over few rows columns hardly vary, and what a plain layer's rounding makes of that may be anything.
  @Test(arguments: placements, [1, 2, 3, 4, 10, 60])
  func foldedModelsAreRightOrRefused(_ placement: Placement, rows: Int) throws {
    let problem = SmallProblem<Float>()
    let place: Normalization<Float>.Placement =
      placement == .beforeActivation ? .beforeActivation : .afterActivation
    var model = problem.model
    var generator = SeededGenerator(seed: 1)
    var adjuster = BatchNormalization<Float>(placement: place)
    try adjuster.prepare(&model, using: &generator)
    let inputs = problem.batch.inputs.slice(0..<rows)
    let expected = try TiledEvaluation(of: model).outputs(for: inputs)
    do {
      let plain = try adjuster.folded(model, over: inputs)
      let found = try TiledEvaluation(of: plain).outputs(for: inputs)
      #expect((found - expected).norm() <= 1e-4 * expected.norm())
      #expect(rows > 1)
    } catch AdjusterError.cannotFold(_, let reason) {
      #expect(reason.contains("rows") && rows < 60)
    }
  }
}
