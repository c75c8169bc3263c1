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
    checkDerivatives(of: example.name, at: inputs, step: 1e-4) { [self] in
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

  /// Each subset of a layer's inputs may be recorded: others get no cotangent, and cost none.
  @Test(arguments: 1..<8)
  func inALayerWhereSomeInputsAreConstants(_ subset: Int) {
    let inputs = [normal([3, 2], seed: 1), normal([2, 2], seed: 2), normal([2], seed: 3)]
    let isVaried = (0..<3).map { subset >> $0 & 1 == 1 }
    let varied = zip(inputs, isVaried).filter(\.1).map(\.0)
    checkDerivatives(of: "recorded: \(isVaried)", at: varied) { variables in
      var rest = variables[...]
      let all = zip(inputs, isVaried).map { $1 ? rest.removeFirst() : Variable($0) }
      return .applying(DensePrimitive(activation: Sine(frequency: 2)), to: all)
    }
  }
}
