import AutoDiff
import TensorKit

/// A multilayer perceptron from coordinates to signal values: an implicit neural representation.
///
/// An encoding, if there is one, then linear layers with an activation after each but the last.
/// Parameters are named `layers.N.weight` and `layers.N.bias`, and those of a layer's normalization
/// `norms.N.weight` and `norms.N.bias`. The recipes
/// ``relu(inputs:outputs:width:hiddenLayers:using:)``,
/// ``positionallyEncoded(inputs:outputs:width:hiddenLayers:frequencies:using:)`` and
/// ``siren(inputs:outputs:width:hiddenLayers:frequency:using:)`` have the published initializations.
public struct CoordinateNetwork<Scalar: TensorScalar>: Module {
  /// Applied to the coordinates first.
  public let encoding: PositionalEncoding<Scalar>?
  /// The linear layers, first to last.
  public var layers: [Linear<Scalar>]
  /// Follows every layer but the last.
  public let activation: any Activation<Scalar>

  /// A network from its parts.
  ///
  /// - Precondition: There is a layer, and each layer's outputs are the next one's inputs.
  public init(
    encoding: PositionalEncoding<Scalar>? = nil, layers: [Linear<Scalar>],
    activation: any Activation<Scalar>
  ) {
    precondition(!layers.isEmpty, "a network without layers")
    for (layer, next) in zip(layers, layers.dropFirst()) {
      precondition(
        layer.outputs == next.inputs,
        "a layer with \(layer.outputs) outputs before one with \(next.inputs) inputs")
    }
    self.encoding = encoding
    self.layers = layers
    self.activation = activation
  }

  /// The signal's values at some coordinates.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Shape: [samples, outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    var features = encoding?(input) ?? input
    for layer in layers.dropLast() { features = layer(features, then: activation) }
    return layers[layers.count - 1](features)
  }

  /// Shows the layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&layers, named: "layers", normalizationsNamed: "norms")
  }
}

extension CoordinateNetwork {
  /// A network with rectified linear units.
  ///
  /// Weights and biases are uniform within ±1/√fan-in; the last layer's weights within ±√(6/fan-in).
  ///
  /// Source: the initialization of the systems published with IGA (K. Shi et al., ICML 2025) and
  /// Fourier reparameterization (K. Shi et al., CVPR 2024).
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - generator: Draws the parameters, layer by layer.
  public static func relu(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let sizes = sizes(inputs, width, hiddenLayers, outputs)
    let layers = sizes.indices.dropLast().map { index in
      let fanIn = Double(sizes[index])
      let isLast = index == sizes.count - 2
      return Linear<Scalar>(
        inputs: sizes[index], outputs: sizes[index + 1],
        weightBound: isLast ? (6 / fanIn).squareRoot() : nil, using: &generator)
    }
    return CoordinateNetwork(layers: layers, activation: Rectifier())
  }

  /// A network with rectified linear units on positionally encoded coordinates.
  ///
  /// Initialized like ``relu(inputs:outputs:width:hiddenLayers:using:)``.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequencies: The number of frequencies of the encoding; published pictures use 6.
  ///   - generator: Draws the parameters, layer by layer.
  public static func positionallyEncoded(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequencies: Int = 6,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let encoding = PositionalEncoding<Scalar>(inputs: inputs, frequencies: frequencies)
    let plain = relu(
      inputs: encoding.outputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      using: &generator)
    return CoordinateNetwork(
      encoding: encoding, layers: plain.layers, activation: plain.activation)
  }

  /// A network with sines: SIREN.
  ///
  /// The first layer's weights are uniform within ±1/fan-in, all later ones' within ±√(6/fan-in)/ω,
  /// biases within ±1/√fan-in.
  ///
  /// Source: V. Sitzmann et al., "Implicit neural representations with periodic activation
  /// functions", NeurIPS 2020, section 3.2.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - generator: Draws the parameters, layer by layer.
  public static func siren(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequency: Double = 30,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let sizes = sizes(inputs, width, hiddenLayers, outputs)
    let layers = sizes.indices.dropLast().map { index in
      let fanIn = Double(sizes[index])
      return Linear<Scalar>(
        inputs: sizes[index], outputs: sizes[index + 1],
        weightBound: index == 0 ? 1 / fanIn : (6 / fanIn).squareRoot() / frequency,
        using: &generator)
    }
    return CoordinateNetwork(layers: layers, activation: Sine(frequency: Scalar(frequency)))
  }

  private static func sizes(
    _ inputs: Int, _ width: Int, _ hiddenLayers: Int, _ outputs: Int
  ) -> [Int] {
    precondition(
      inputs > 0 && width > 0 && hiddenLayers >= 0 && outputs > 0,
      "a network of \(inputs) inputs, \(hiddenLayers) hidden layers of \(width), \(outputs) outputs"
    )
    return [inputs] + Array(repeating: width, count: hiddenLayers + 1) + [outputs]
  }
}
