import AutoDiff
import TensorKit

/// A multiplicative filter network whose outputs are band-limited by construction: BACON.
///
/// Filters are sines `sin(Ω_i x + φ_i)` whose frequencies Ω lie on a grid and are not trained, so that
/// the output after each layer is a sum of sines with frequencies of that grid, of at most the sum of the
/// largest frequencies of the filters until there. Each layer can have an output of its own: a coarser
/// version of the signal. Parameters are named `filters.N.…`, `layers.N.…`, `outputs.N.…`.
///
/// Source: D. B. Lindell et al., "BACON: band-limited coordinate networks for multiscale scene
/// representation", CVPR 2022, and the code published with it.
public struct BandLimitedNetwork<Scalar: TensorScalar>: Module {
  /// Sines of fixed frequencies and trained phases.
  public struct Filter: Module {
    /// Ω, which is not trained, of shape [units, coordinates].
    public private(set) var frequencies: Tensor<Scalar>
    /// φ, of shape [units].
    public var phases: Variable<Scalar>

    /// Sines of given frequencies, in radians for each unit of the coordinates.
    ///
    /// - Parameters:
    ///   - frequencies: Shape: [units, coordinates].
    ///   - phases: Shape: [units].
    /// - Precondition: The shapes agree.
    public init(frequencies: Tensor<Scalar>, phases: Tensor<Scalar>) {
      precondition(
        frequencies.rank == 2 && phases.shape == [frequencies.shape[0]],
        "frequencies of shape \(frequencies.shape) and phases of shape \(phases.shape)")
      self.frequencies = frequencies
      self.phases = Variable(phases)
    }

    /// The sines at coordinates.
    ///
    /// - Parameter input: Shape: [samples, coordinates].
    /// - Returns: Shape: [samples, units].
    public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
      var layer = Linear(weight: frequencies, bias: nil)
      layer.bias = phases
      return layer(input, then: Sine(frequency: 1))
    }

    /// Shows the frequencies, which are not trained, and the phases.
    public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
      visitor.visit(buffer: &frequencies, named: "weight")
      visitor.visit(&phases, named: "bias", role: .bias)
    }
  }

  /// The layers of filters, one more than there are hidden layers.
  public var filters: [Filter]
  /// The hidden linear layers.
  public var layers: [Linear<Scalar>]
  /// The linear layers that make outputs, one for each of ``outputLevels``.
  public var outputLayers: [Linear<Scalar>]
  /// After how many hidden layers each output is taken, in ascending order.
  public let outputLevels: [Int]

  /// A network from its parts.
  ///
  /// - Precondition: There is one filter more than there are layers, an output layer for each level, and
  ///   levels ascend from 0 or more to at most the number of layers.
  public init(
    filters: [Filter], layers: [Linear<Scalar>], outputLayers: [Linear<Scalar>],
    outputLevels: [Int]
  ) {
    precondition(
      filters.count == layers.count + 1, "\(filters.count) filters and \(layers.count) layers")
    precondition(
      !outputLevels.isEmpty && outputLevels.count == outputLayers.count
        && outputLevels.allSatisfy((0...layers.count).contains)
        && zip(outputLevels, outputLevels.dropFirst()).allSatisfy(<),
      "outputs at levels \(outputLevels) of \(layers.count), with \(outputLayers.count) layers")
    self.filters = filters
    self.layers = layers
    self.outputLayers = outputLayers
    self.outputLevels = outputLevels
  }

  /// The signal's values at coordinates, of each level one after the other.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Shape: [samples, levels · outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let outputs = levels(at: input)
    return outputs.count == 1 ? outputs[0] : .concatenated(outputs, alongAxis: 1)
  }

  /// The signal's values at coordinates at each of ``outputLevels``, coarse to fine.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Variables of shape [samples, outputs].
  public func levels(at input: Variable<Scalar>) -> [Variable<Scalar>] {
    var features = filters[0](input)
    var outputs: [Variable<Scalar>] = []
    for level in 0...(outputLevels.last ?? 0) {
      if level > 0 { features = layers[level - 1](features) * filters[level](input) }
      if let place = outputLevels.firstIndex(of: level) {
        outputs.append(outputLayers[place](features))
      }
    }
    return outputs
  }

  /// Shows the filters, the hidden layers and those that make outputs.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&filters, named: "filters")
    visitor.visit(
      &layers, named: "layers", normalizationsNamed: "norms",
      roles: Array(repeating: .hidden(), count: layers.count))
    visitor.visit(
      &outputLayers, named: "outputs",
      roles: Array(repeating: .output, count: outputLayers.count))
  }

  /// A network with the published initialization.
  ///
  /// Each of the k layers of filters has frequencies drawn evenly from the grid's within ± a k-th of the
  /// bandwidth; phases are uniform within ±π, weights of linear layers within ±√(6/fan-in) and
  /// their biases within ±1/√fan-in.
  ///
  /// - Parameters:
  ///   - bandwidths: The largest frequency of the network's last output along each coordinate, in cycles
  ///     for each unit; half the samples for each unit is enough for any signal. As many as there are
  ///     coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - period: The period that the outputs have along each coordinate: frequencies are multiples of one
  ///     divided by it. Coordinates within ±1 lie in a period of 2.
  ///   - outputLevels: After how many hidden layers outputs are taken; by default only after all of them.
  ///   - generator: Draws the parameters, filters first.
  /// - Precondition: There is a coordinate, and the numbers are positive.
  public static func bacon(
    bandwidths: [Double], outputs: Int, width: Int = 256, hiddenLayers: Int = 2,
    period: Double = 2, outputLevels: [Int]? = nil,
    using generator: inout some RandomNumberGenerator
  ) -> BandLimitedNetwork {
    precondition(
      !bandwidths.isEmpty && bandwidths.allSatisfy { $0 > 0 } && period > 0,
      "bandwidths \(bandwidths) and a period of \(period)")
    let levels = outputLevels ?? [hiddenLayers]
    // The largest multiple of the grid's spacing along each coordinate.
    let reaches = bandwidths.map { ($0 * period / Double(hiddenLayers + 1)).rounded() }
    let filters = (0...hiddenLayers).map { _ in
      let places = Tensor<Double>.uniform(
        over: 0...1, shape: [width, bandwidths.count], using: &generator)
      let frequencies = Tensor<Double>(shape: places.shape) { elements in
        for (index, place) in places.elements.enumerated() {
          let reach = reaches[index % reaches.count]
          let multiple = (place * (2 * reach + 1)).rounded(.down) - reach
          elements[index] = multiple * 2 * .pi / period
        }
      }
      return Filter(
        frequencies: Tensor(frequencies),
        phases: .uniform(over: -Double.pi...Double.pi, shape: [width], using: &generator))
    }
    func layer(outputs: Int) -> Linear<Scalar> {
      Linear(
        inputs: width, outputs: outputs, weightBound: (6 / Double(width)).squareRoot(),
        using: &generator)
    }
    let layers = (0..<hiddenLayers).map { _ in layer(outputs: width) }
    return BandLimitedNetwork(
      filters: filters, layers: layers, outputLayers: levels.map { _ in layer(outputs: outputs) },
      outputLevels: levels)
  }
}
