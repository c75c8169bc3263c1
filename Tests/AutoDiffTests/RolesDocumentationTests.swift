import AutoDiff
import TensorKit
import Testing

// The code of the article on roles and groups.

struct SineNetwork: Module {
  var frequencies: Tensor<Double>
  var layers: [Linear<Double>]

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let features = Variable.matrixProduct(input, Variable(frequencies)).sine()
    let hidden = layers.dropLast().reduce(features) { $1($0, then: Sine(frequency: 30)) }
    return layers[layers.count - 1](hidden)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(buffer: &frequencies, named: "frequencies")
    visitor.visit(
      &layers, named: "layers", roles: ParameterRole.chain(of: layers.count, frequency: 30))
  }
}

@Suite struct RolesDocumentationTests {
  private func network(seed: UInt64) -> SineNetwork {
    SineNetwork(
      frequencies: normal([2, 4], seed: seed), layers: Network([4, 5, 5, 1], seed: seed).layers)
  }

  @Test func groupsOfTheArticle() {
    var network = network(seed: 1)
    let before = network

    var optimizer = Adam<Double>(
      learningRate: 1e-3, weightDecay: .decoupled(0.01),
      groups: [
        ParameterGroup(.biases, weightDecay: .zero),
        ParameterGroup(.named("layers.0"), learningRate: 0),
        ParameterGroup(.outputs, learningRate: 0.1),
      ])

    optimizer.update(
      &network, along: gradient(at: network) { $0(Variable(normal([3, 2]))).mean() })
    #expect(network.layers[0].weight.value == before.layers[0].weight.value)
    #expect(network.layers[0].bias?.value != before.layers[0].bias?.value)
    let moves = [1, 2].map {
      (network.layers[$0].weight.value - before.layers[$0].weight.value).absoluteValue().largest()
    }
    // Adam's first step is the rate, for every number.
    #expect(abs(moves[0] / 1e-3 - 1) < 0.05 && abs(moves[1] / 1e-4 - 1) < 0.05)
  }

  @Test func tablesOfTheArticle() {
    struct Lookup: Module {
      var values = Variable(normal([4, 2], seed: 1))
      var layer = Linear<Double>(weight: normal([1, 2], seed: 2), bias: nil)

      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { layer(values) }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
        visitor.visit(&values, named: "values", role: .table)
        visitor.visit(&layer, named: "layer", role: .output)
      }
    }

    var sparse = Adam<Double>(
      learningRate: 1e-2, secondDecay: 0.99, epsilon: 1e-15, epsilonPlacement: .uncorrected,
      groups: [ParameterGroup(.weights, weightDecay: .coupled(1e-6))],
      sparse: SparseUpdate(.tables, counting: .own))

    var model = Lookup()
    let before = model
    var slope = ParameterVector<Double>(zeros: model.parameterLayout)
    slope.set(Tensor([0, 1, 0, 0, 0, 0, -1, 0]).reshaped(to: [4, 2]), at: 0)
    sparse.update(&model, along: slope)
    let moves = (model.values.value - before.values.value).elements
    for (index, move) in moves.enumerated() {
      let expected = index == 1 ? -1e-2 : index == 6 ? 1e-2 : 0
      #expect(abs(move - expected) < 1e-12)
    }
    // Without a gradient a weight decays by the rate, as Adam divides by the size of what moves it.
    let weights = (model.layer.weight.value - before.layer.weight.value).absoluteValue()
    #expect(abs(weights.smallest() / 1e-2 - 1) < 1e-6)
  }

  @Test func weightsOfTheArticle() throws {
    var network = network(seed: 1)
    let other = self.network(seed: 2)
    var values: [String: Tensor<Double>] = ["encoder.B": other.frequencies]
    for (index, layer) in other.layers.enumerated() {
      let name = index == 0 ? "net.0.linear" : "net.\(index)"
      values["\(name).weight"] = layer.weight.value
      values["\(name).bias"] = layer.bias?.value
    }

    try network.setNamedParameters(
      values, renaming: ["encoder.B": "frequencies", "net.0.linear": "layers.0", "net": "layers"])

    #expect(network.parameters == other.parameters && network.frequencies == other.frequencies)
  }

  @Test func checksOfTheArticle() {
    struct Cube: Primitive {
      func value(of inputs: [Tensor<Double>]) -> Tensor<Double> { inputs[0].squared() * inputs[0] }
      func pushforward(
        _ tangents: [Variable<Double>?], at inputs: [Variable<Double>], output: Variable<Double>
      ) -> Variable<Double>? { tangents[0].map { $0 * inputs[0].squared() * 3 } }
      func pullback(
        _ cotangent: Variable<Double>, at inputs: [Variable<Double>], output: Variable<Double>,
        needed: [Bool]
      ) -> [Variable<Double>?] { [cotangent * inputs[0].squared() * 3] }
    }

    let findings = checkDerivatives(ofPrimitive: Cube(), at: [Tensor([0.5, 1, 2])])

    #expect(findings.isEmpty)
  }
}
