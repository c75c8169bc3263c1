import AutoDiff
import TensorKit

/// Linear layers with an activation between them.
struct Network: Module {
  var layers: [Linear<Double>]
  var activation: any Activation<Double> = HyperbolicTangent()

  /// Layers between the given numbers of columns, with parameters that belong to a seed.
  init(
    _ sizes: [Int], activation: any Activation<Double> = HyperbolicTangent(), bias: Bool = true,
    seed: UInt64 = 1
  ) {
    self.activation = activation
    layers = zip(sizes, sizes.dropFirst()).enumerated().map { index, size in
      Linear(
        weight: normal([size.1, size.0], seed: seed + UInt64(2 * index)) * 0.7,
        bias: bias ? normal([size.1], seed: seed + UInt64(2 * index + 1)) * 0.3 : nil)
    }
  }

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    layers.indices.reduce(input) { x, index in
      index + 1 < layers.count ? layers[index](x, then: activation) : layers[index](x)
    }
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    let roles = ParameterRole.chain(of: layers.count, frequency: activation.sineFrequency)
    visitor.visit(&layers, named: "layers", roles: roles)
  }
}

/// Modules one after the other, of any types.
struct Chain: Module {
  var parts: [any Module<Double>]

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    parts.reduce(input) { $1($0) }
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&parts, named: "parts")
  }
}

// As in the documentation of `Module`.
struct Residual<Scalar: TensorScalar>: Module {
  var inner: Linear<Scalar>
  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> { input + inner(input) }
  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&inner, named: "inner")
  }
}

/// One layer applied twice.
struct Shared: Module {
  var layer: Linear<Double>

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    layer(layer(input, then: HyperbolicTangent()))
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&layer, named: "layer")
  }
}

/// A linear layer whose weight is the product of two parameters.
struct LowRank: Module {
  var left: Variable<Double>
  var right: Variable<Double>

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    .matrixProduct(input, .matrixProduct(left, right), transposingRight: true)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&left, named: "left")
    visitor.visit(&right, named: "right")
  }
}

/// The third power of columns that are scaled and shifted: no operation of it has a factored form.
struct CubeLayer: Module {
  var scale: Variable<Double>
  var offset: Variable<Double>?
  var isTrainable = true

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let scaled = input * scale
    return .applying(GeneralCube(), to: offset.map { scaled + $0 } ?? scaled)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&scale, named: "scale", isTrainable: isTrainable)
    visitor.visit(&offset, named: "offset", isTrainable: isTrainable)
  }
}

/// A linear layer of which only the bias, or only the weight, is trained.
struct PartlyFrozen: Module {
  var weight: Variable<Double>
  var bias: Variable<Double>
  var trainsWeight: Bool

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    var layer = Linear(weight: weight.value, bias: bias.value)
    layer.weight = weight
    layer.bias = bias
    return layer(input, then: Sine(frequency: 2))
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&weight, named: "weight", isTrainable: trainsWeight)
    visitor.visit(&bias, named: "bias", isTrainable: !trainsWeight)
  }
}

/// Linear interpolation along the first coordinate, between rows of a table, some of which are never touched.
struct TableLayer: Module {
  var table = Variable(normal([200, 3], seed: 8))
  var network = Network([3, 4, 2])

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let place = input.slice(0..<1, alongAxis: 1).sigmoid() * 30
    let cells = place.value.elements.map { Int($0) }
    let fraction = place - Variable(Tensor(cells.map(Double.init), shape: place.shape))
    return network(
      table.rows(
        at: cells.flatMap { [$0, $0 + 1] },
        weightedBy: .concatenated([1 - fraction, fraction], alongAxis: 1)))
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&table, named: "table")
    visitor.visit(&network, named: "network")
  }
}
