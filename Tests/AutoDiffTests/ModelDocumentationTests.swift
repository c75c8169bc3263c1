import AutoDiff
import Foundation
import TensorKit
import Testing

// The code of the article "Writing a model and a primitive", compiled and run; see `DocumentationTests`.

/// The arctangent of each element.
struct Arctangent<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    Tensor(inputs[0].elements.map { Scalar(atan(Double($0))) }, shape: inputs[0].shape)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { $0 / (inputs[0].squared() + 1) }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [cotangent / (inputs[0].squared() + 1)]
  }
}

extension Variable {
  /// The arctangent of each element.
  func arctangent() -> Variable { .applying(Arctangent(), to: self) }
}

/// Sines of the coordinates, blocks that add to what they are given, and a last layer.
struct ResidualNetwork<Scalar: TensorScalar>: Module {
  var first: Linear<Scalar>
  var blocks: [Linear<Scalar>]
  var last: Linear<Scalar>

  init(
    inputs: Int, outputs: Int, width: Int, blocks count: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    first = Linear(inputs: inputs, outputs: width, using: &generator)
    blocks = (0..<count).map { _ in Linear(inputs: width, outputs: width, using: &generator) }
    last = Linear(inputs: width, outputs: outputs, using: &generator)
  }

  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    var features = first(input, then: Sine(frequency: 30))
    for block in blocks { features = features + block(features).arctangent() }
    return last(features)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&first, named: "first", role: .input)
    visitor.visit(
      &blocks, named: "blocks",
      roles: Array(repeating: .hidden(frequency: nil), count: blocks.count))
    visitor.visit(&last, named: "last", role: .output)
  }
}

@Suite struct ModelDocumentationTests {
  @Test func aPrimitive() {
    let ofOperation = checkDerivatives(
      ofPrimitive: Arctangent(), at: [Tensor<Double>([-2, 0.5, 1])])

    #expect(ofOperation.isEmpty, "\(ofOperation)")
  }

  @Test func aModel() throws {
    var generator = SeededGenerator(seed: 0)
    let network = ResidualNetwork<Double>(
      inputs: 2, outputs: 1, width: 8, blocks: 2, using: &generator)
    let points = Tensor<Double>.uniform(over: -1...1, shape: [5, 2], using: &generator)
    let ofModel = checkDerivatives(of: network, at: points)

    #expect(ofModel.isEmpty, "\(ofModel)")
    #expect(network.parameterLayout.entries.map(\.name).contains("blocks.1.bias"))

    let outputs = try TiledEvaluation(of: network).outputs(for: points)
    let named = network.namedParameters.map(\.name)

    #expect(outputs.shape == [5, 1] && named.count == 8)
  }
}
