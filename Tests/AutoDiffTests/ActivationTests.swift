import TensorKit
import Testing

@testable import AutoDiff

/// `z³ + z`, with all of an activation's defaults.
private struct Cubic: Activation {
  func value(at preactivation: Variable<Double>) -> Variable<Double> {
    preactivation.squared() * preactivation + preactivation
  }

  func slope(at preactivation: Variable<Double>) -> Variable<Double> {
    preactivation.squared() * 3 + 1
  }
}

@Suite struct ActivationTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let activation: any Activation<Double>
    let reference: @Sendable (Variable<Double>) -> Variable<Double>

    var testDescription: String { name }
  }

  static let examples = [
    Example(name: "identity", activation: IdentityActivation()) { $0 },
    Example(name: "rectifier", activation: Rectifier()) { $0.rectified() },
    Example(name: "sine of frequency 30", activation: Sine(frequency: 30)) { ($0 * 30).sine() },
    Example(name: "Gaussian of scale 5", activation: Gaussian(scale: 5)) {
      (($0 * 5).squared() * -1).exponential()
    },
    Example(name: "normalized Gaussian", activation: Gaussian(scale: 1.5, isNormalized: true)) {
      let floor = Variable(Tensor<Double>(-2.25)).exponential()
      return ((($0 * 1.5).squared() * -1).exponential() - floor) / (1 - floor)
    },
    Example(name: "Gabor wavelet", activation: GaborWavelet(frequency: 7, scale: 2)) {
      ($0 * 7).cosine() * (($0 * 2).squared() * -1).exponential()
    },
    Example(
      name: "variable sine through its scale",
      activation: VariableSine(frequency: 3, differentiatesScale: true)
    ) { ($0 * ($0.absoluteValue() + 1) * 3).sine() },
    Example(name: "sine, then Gaussian", activation: Sine(frequency: 4).then(Gaussian(scale: 2))) {
      ((($0 * 4).sine() * 2).squared() * -1).exponential()
    },
    Example(name: "rectifier, then sine", activation: Rectifier().then(Sine(frequency: 4))) {
      ($0.rectified() * 4).sine()
    },
    Example(name: "sine, then rectifier", activation: Sine(frequency: 4).then(Rectifier())) {
      ($0 * 4).sine().rectified()
    },
    Example(name: "hyperbolic tangent", activation: HyperbolicTangent()) {
      $0.hyperbolicTangent()
    },
    Example(name: "one's own", activation: Cubic()) { $0 * $0 * $0 + $0 },
  ]

  private func applied(
    _ activation: some Activation<Double>, to inputs: [Variable<Double>]
  ) -> Variable<Double> {
    inputs.count == 1
      ? activation(inputs[0]) : .applying(DensePrimitive(activation: activation), to: inputs)
  }

  private func check(_ example: Example, _ inputs: [Tensor<Double>]) {
    expectDerivatives(of: example.name, at: inputs, step: 1e-4) { [self] in
      applied(example.activation, to: $0)
    }
    let variables = inputs.map { Variable($0) }
    var preactivation = variables[0]
    if inputs.count > 1 {
      preactivation = .matrixProduct(variables[0], variables[1], transposingRight: true)
    }
    if inputs.count > 2 { preactivation = preactivation + variables[2] }
    expectClose(
      applied(example.activation, to: variables).value, example.reference(preactivation).value,
      1e-14, example.name)
  }

  @Test(arguments: examples) func standalone(_ example: Example) {
    check(example, [normal([3, 2])])
    check(example, [normal([0, 2])])
  }

  @Test(arguments: examples) func inALayerWithoutBias(_ example: Example) {
    check(example, [normal([3, 2], seed: 1), normal([2, 2], seed: 2)])
    check(example, [normal([1, 1], seed: 1), normal([3, 1], seed: 2)])
  }

  @Test(arguments: examples) func inALayerWithBias(_ example: Example) {
    check(example, [normal([3, 2], seed: 1), normal([2, 2], seed: 2), normal([2], seed: 3)])
    check(example, [normal([0, 2], seed: 1), normal([2, 2], seed: 2), normal([2], seed: 3)])
  }

  /// Variable sines count their scale as a constant, in derivatives of any order: they are those of the
  /// same function with the scale that it has at the inputs.
  struct ConstantScale: Sendable, CustomTestStringConvertible {
    let name: String
    let activation: any Activation<Double>
    /// The function, given ω (|z| + 1) z.
    let outer: @Sendable (Variable<Double>) -> Variable<Double>
    let frequency: Double

    var testDescription: String { name }
  }

  static let constantScales = [
    ConstantScale(
      name: "variable sine", activation: VariableSine(frequency: 3), outer: { $0.sine() },
      frequency: 3),
    ConstantScale(
      name: "variable sine, then Gaussian",
      activation: VariableSine(frequency: 2).then(Gaussian(scale: 1.5)),
      outer: { (-($0.sine() * 1.5).squared()).exponential() }, frequency: 2),
    ConstantScale(
      name: "variable sine, then Gabor wavelet",
      activation: VariableSine(frequency: 2).then(GaborWavelet(frequency: 4, scale: 2)),
      outer: { ($0.sine() * 4).cosine() * (-($0.sine() * 2).squared()).exponential() }, frequency: 2
    ),
  ]

  @Test(arguments: constantScales) func scalesThatCountAsConstants(_ example: ConstantScale) {
    @Sendable func preactivation(_ inputs: [Variable<Double>]) -> Variable<Double> {
      guard inputs.count > 1 else { return inputs[0] }
      return .matrixProduct(inputs[0], inputs[1], transposingRight: true) + inputs[2]
    }
    for inputs in [
      [normal([3, 2])], [normal([3, 2], seed: 1), normal([2, 2], seed: 2), normal([2], seed: 3)],
    ] {
      let scale = preactivation(inputs.map { Variable($0) }).value.absoluteValue() + 1
      expectDerivatives(
        of: example.name, at: inputs, step: 1e-4,
        differencing: { example.outer(preactivation($0) * Variable(scale * example.frequency)) },
        function: { [self] in applied(example.activation, to: $0) })
      // They are not the derivatives of the function itself.
      func values(_ shift: Double) -> Tensor<Double> {
        example.activation.fused(inputs[0] + shift, bias: nil, slopes: false).values
      }
      let (_, slopes) = example.activation.fused(inputs[0], bias: nil, slopes: true)
      let changes = (values(1e-5) - values(-1e-5)) * (1 / 2e-5)
      #expect((slopes?.largestDifference(from: changes) ?? 0) > 0.1)
    }
  }

  /// Each subset of a layer's inputs may be recorded: others get no cotangent, and cost none.
  @Test(arguments: 1..<8)
  func inALayerWhereSomeInputsAreConstants(_ subset: Int) {
    let inputs = [normal([3, 2], seed: 1), normal([2, 2], seed: 2), normal([2], seed: 3)]
    let isVaried = (0..<3).map { subset >> $0 & 1 == 1 }
    let varied = zip(inputs, isVaried).filter(\.1).map(\.0)
    expectDerivatives(of: "recorded: \(isVaried)", at: varied) { variables in
      var rest = variables[...]
      let all = zip(inputs, isVaried).map { $1 ? rest.removeFirst() : Variable($0) }
      return .applying(DensePrimitive(activation: Sine(frequency: 2)), to: all)
    }
  }
}
