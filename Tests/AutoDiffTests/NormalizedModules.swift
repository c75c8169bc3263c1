import AutoDiff
import TensorKit

/// Statistics over a batch that a test computes itself.
struct ExplicitStatistics {
  /// For each layer, in order, the mean and the variance of each column.
  var layers: [(mean: Tensor<Double>, variance: Tensor<Double>)] = []
}

extension Network {
  /// Layers with normalizations on all but the last, with weights and biases that belong to the seed.
  static func normalized(
    _ sizes: [Int], _ placement: Normalization<Double>.Placement,
    activation: any Activation<Double> = HyperbolicTangent(), bias: Bool = true, seed: UInt64 = 1
  ) -> Network {
    var network = Network(sizes, activation: activation, bias: bias, seed: seed)
    for index in network.layers.indices.dropLast() {
      network.layers[index].normalization = .random(
        columns: sizes[index + 1], placement, seed: seed + 40 + UInt64(index))
    }
    return network
  }

  /// What the network computes if its normalizations take given statistics as constants, written
  /// out as ordinary operations; by the statistics of the batch itself if none are given.
  ///
  /// The oracle of the tests: it shares nothing with `Normalization` but the parameters.
  func explicitly(
    _ input: Variable<Double>, statistics: ExplicitStatistics? = nil
  ) -> (output: Variable<Double>, statistics: ExplicitStatistics) {
    var found = ExplicitStatistics()
    var x = input
    for (index, layer) in layers.enumerated() {
      var z = Variable.matrixProduct(x, layer.weight, transposingRight: true)
      if let bias = layer.bias { z = z + bias }
      let isLast = index + 1 == layers.count
      guard let normalization = layer.normalization else {
        x = isLast ? z : activation(z)
        continue
      }
      let isAfter = normalization.placement == .afterActivation
      if isAfter && !isLast { z = activation(z) }
      let count = Double(z.shape[0])
      let mean: Variable<Double>
      let variance: Variable<Double>
      if let given = statistics?.layers[found.layers.count] {
        (mean, variance) = (Variable(given.mean), Variable(given.variance))
      } else {
        let columns = [z.shape[1]]
        mean = z.summed(to: columns) / count
        // E z² - (E z)², and not the centred form that the package uses.
        variance = z.squared().summed(to: columns) / count - mean.squared()
      }
      found.layers.append((mean.value, variance.value))
      let y = (z - mean) / (variance + 1e-5).squareRoot() * normalization.weight
      let shifted = y + normalization.bias
      x = isAfter || isLast ? shifted : activation(shifted)
    }
    return (x, found)
  }
}

extension Normalization where Scalar == Double {
  static func random(columns: Int, _ placement: Placement, seed: UInt64) -> Normalization {
    Normalization(
      weight: positive([columns], seed: seed), bias: normal([columns], seed: seed + 100) * 0.3,
      placement: placement)
  }
}

/// Layers that values pass by: normalizations within them depend on one another in more than one way,
/// and a parameter before the first normalization reaches the output around all of them.
struct NormalizedSkips: Module {
  var first: Linear<Double>
  var blocks: [Linear<Double>]
  var last: Linear<Double>

  init(width: Int = 4, seed: UInt64 = 1) {
    func layer(_ outputs: Int, _ inputs: Int, _ seed: UInt64) -> Linear<Double> {
      Linear(
        weight: normal([outputs, inputs], seed: seed) * 0.7, bias: normal([outputs], seed: seed))
    }
    first = layer(width, 2, seed)
    blocks = (0..<3).map { index in
      var block = layer(width, width, seed + 3 + UInt64(index))
      block.normalization = .random(
        columns: width, index == 1 ? .afterActivation : .beforeActivation,
        seed: seed + 50 + UInt64(index))
      return block
    }
    last = layer(2, width, seed + 9)
  }

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let start = first(input, then: Sine(frequency: 1.5))
    let a = blocks[0](start, then: HyperbolicTangent())
    let b = blocks[1](a + start, then: HyperbolicTangent())
    let c = blocks[2](a * b, then: Sine(frequency: 2))
    return last(c + a + start)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&first, named: "first")
    visitor.visit(&blocks, named: "blocks")
    visitor.visit(&last, named: "last")
  }
}

/// Any model, with the call counted as one batch: for tests that need one type.
struct AnyModel: Module {
  var model: any Module<Double>

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { model(input) }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    var parts = [model]
    visitor.visit(&parts, named: "parts")
    model = parts[0]
  }
}
