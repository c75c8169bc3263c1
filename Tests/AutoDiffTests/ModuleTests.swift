import AutoDiff
import TensorKit
import Testing

@Suite struct ModuleTests {
  private var chain: Chain {
    Chain(parts: [
      Network([2, 3, 3]), CubeLayer(scale: Variable(normal([3])), offset: nil),
      Residual(inner: Linear(weight: normal([3, 3], seed: 8), bias: normal([3], seed: 9))),
      CubeLayer(
        scale: Variable(normal([3], seed: 4)), offset: Variable(normal([3], seed: 5)),
        isTrainable: false),
    ])
  }

  private let names = [
    "parts.0.layers.0.weight", "parts.0.layers.0.bias", "parts.0.layers.1.weight",
    "parts.0.layers.1.bias", "parts.1.scale", "parts.2.inner.weight", "parts.2.inner.bias",
    "parts.3.scale", "parts.3.offset",
  ]

  @Test func parametersAreNamedByTheirPath() {
    #expect(chain.namedParameters.map(\.name) == names)
    #expect(Linear(weight: normal([2, 2]), bias: nil).namedParameters.map(\.name) == ["weight"])
    #expect(chain.namedParameters[5].value == normal([3, 3], seed: 8))
  }

  @Test func theLayoutHoldsTheTrainableParametersInOrder() {
    let layout = chain.parameterLayout
    #expect(layout.entries.map(\.name) == Array(names[..<7]))
    #expect(layout.entries.map(\.shape) == [[3, 2], [3], [3, 3], [3], [3], [3, 3], [3]])
    #expect(layout.entries.map(\.offset) == [0, 6, 9, 18, 21, 24, 33])
    #expect(layout.count == 36)
    #expect(layout.entries[2].count == 9)
  }

  @Test func parametersGoOutAndIn() {
    var model = chain
    let input = Variable(normal([4, 2], seed: 30))
    let before = model(input).value
    let parameters = model.parameters
    #expect(parameters["parts.2.inner.weight"] == normal([3, 3], seed: 8))
    #expect(parameters["parts.3.scale"] == nil)
    #expect(parameters.tensor(at: 5) == normal([3, 3], seed: 8))
    var changed = parameters
    changed *= 0.5
    model.parameters = changed
    #expect(model.parameters == changed)
    #expect(model(input).value != before)
    #expect(model.namedParameters[7].value == chain.namedParameters[7].value)
    model.parameters = parameters
    #expect(model(input).value == before)
  }

  @Test func namedParametersGoOutAndIn() throws {
    var model = chain
    let values = Dictionary(
      uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value * 2) })
    try model.setNamedParameters(values)
    for (name, value) in model.namedParameters { #expect(value == values[name], "\(name)") }
    #expect(model.parameters.values == chain.parameters.values * 2)
  }

  @Test func parametersThatDoNotFitAreErrorsAndChangeNothing() {
    var model = Linear(weight: normal([2, 3]), bias: normal([2]))
    let (weight, bias) = (Tensor<Double>(zeros: [2, 3]), Tensor<Double>(zeros: [2]))
    #expect(throws: ParameterError.missing(name: "bias")) {
      try model.setNamedParameters(["weight": weight])
    }
    #expect(throws: ParameterError.unknown(name: "extra", known: ["weight", "bias"])) {
      try model.setNamedParameters(["weight": weight, "bias": bias, "extra": bias])
    }
    #expect(throws: ParameterError.shape(name: "weight", expected: [2, 3], found: [3, 2])) {
      try model.setNamedParameters(["weight": weight.transposed(), "bias": bias])
    }
    #expect(model.parameters.values == flattened([normal([2, 3]), normal([2])]))
    let text = ParameterError.shape(name: "weight", expected: [2, 3], found: [3, 2]).description
    #expect(text == "The parameter weight has shape [3, 2], but the model needs [2, 3].")
    #expect(
      ParameterError.unknown(name: "x", known: ["a", "b"]).description.contains("a, b"))
  }

  @Test func frozenParametersHaveNoGradient() {
    var model = Network([2, 3, 1])
    model.layers[0].isTrainable = false
    let input = Variable(normal([5, 2], seed: 3))
    let (_, gradient) = valueWithGradient(at: model) { $0(input).squared().mean() }
    #expect(gradient.layout.entries.map(\.name) == ["layers.1.weight", "layers.1.bias"])
    model.layers[0].isTrainable = true
    let (_, whole) = valueWithGradient(at: model) { $0(input).squared().mean() }
    #expect(whole["layers.1.weight"] == gradient["layers.1.weight"])
    #expect(gradient["layers.0.weight"] == nil)
    #expect(whole.layout.entries.count == 4)
  }

  @Test func aVisitorReachesLayersAndMayRewriteThem() {
    var model = chain
    var found: [String] = []
    var visitor = ModuleVisitor<Double>(
      onLayer: { name, _, layer in
        found.append(name)
        layer.weight = Variable(Tensor(zeros: layer.weight.shape))
        layer.bias = nil
      },
      onParameter: { name, _, _, isTrainable in found.append(isTrainable ? name : "(\(name))") })
    model.visit(&visitor)
    #expect(
      found == [
        "parts.0.layers.0", "parts.0.layers.0.weight", "parts.0.layers.1",
        "parts.0.layers.1.weight", "parts.1.scale", "parts.2.inner", "parts.2.inner.weight",
        "(parts.3.scale)", "(parts.3.offset)",
      ])
    #expect(model.namedParameters[0].value == Tensor(zeros: [3, 2]))
  }

  @Test func aLinearLayerIsTheProductAndTheBias() {
    let (weight, bias) = (normal([3, 2], seed: 1), normal([3], seed: 2))
    let input = normal([4, 2], seed: 3)
    let product = Tensor.matrixProduct(input, weight, transposingRight: true)
    let layer = Linear(weight: weight, bias: bias)
    expectClose(layer(Variable(input)).value, product + bias, 1e-15, "with a bias")
    #expect(layer.inputs == 2)
    #expect(layer.outputs == 3)
    let plain = Linear(weight: weight, bias: nil)
    #expect(plain(Variable(input)).value == product)
    #expect(plain(Variable(input), then: Rectifier()).value == product.rectified())
  }

  @Test func aDrawnLayerIsWithinItsBounds() {
    var generator = SeededGenerator(seed: 1)
    let standard = Linear<Float>(inputs: 16, outputs: 200, using: &generator)
    #expect(standard.weight.value.absoluteValue().largest() <= 0.25)
    #expect(standard.weight.value.absoluteValue().largest() > 0.24)
    #expect((standard.bias?.value.absoluteValue().largest() ?? 1) <= 0.25)
    let wide = Linear<Float>(
      inputs: 4, outputs: 100, weightBound: 3, biasBound: 7, using: &generator)
    #expect((2.5...3).contains(wide.weight.value.absoluteValue().largest()))
    #expect((5...7).contains(wide.bias?.value.absoluteValue().largest() ?? 0))
  }

  @Test func vectorsOfParametersComputeAsVectors() {
    let layout = Network([1, 2]).parameterLayout
    var a = ParameterVector<Double>(Tensor([3, 0, 0, 4]), layout: layout)
    let b = ParameterVector<Double>(Tensor([1, 1, 1, 1]), layout: layout)
    #expect(a.dot(b) == 7)
    #expect(a.norm() == 5)
    #expect(a.clip(toNorm: 10) == 5)
    #expect(a.values.elements == [3, 0, 0, 4])
    #expect(a.clip(toNorm: 2.5) == 5)
    #expect(a.values.elements == [1.5, 0, 0, 2])
    a.add(b, scaledBy: 2)
    #expect(a.values.elements == [3.5, 2, 2, 4])
    a.set(Tensor([9, 8]), at: 1)
    #expect(a.values.elements == [3.5, 2, 9, 8])
  }
}
