import AutoDiff
import TensorKit

// Networks with rectified linear units, which need an encoding to learn fine detail.
extension CoordinateNetwork {
  /// A network with rectified linear units.
  ///
  /// Weights and biases are uniform within ±1/√fan-in; the last layer's weights within ±√(6/fan-in),
  /// or like all others.
  ///
  /// Source: the initialization of the systems published with IGA (K. Shi et al., ICML 2025) and
  /// Fourier reparameterization (K. Shi et al., CVPR 2024); like all others in FINER's.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - hasWideLastLayer: Whether the last layer's weights lie within ±√(6/fan-in).
  ///   - generator: Draws the parameters, layer by layer.
  public static func relu(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2,
    hasWideLastLayer: Bool = true, using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = layers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers, using: &generator
    ) { place, fanIn in place == .last && hasWideLastLayer ? (6 / fanIn).squareRoot() : nil }
    return CoordinateNetwork(layers: layers, activation: Rectifier())
  }

  /// A network with rectified linear units on positionally encoded coordinates.
  ///
  /// Initialized like ``relu(inputs:outputs:width:hiddenLayers:hasWideLastLayer:using:)``, in the way
  /// of the systems that the encoding's convention comes from.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequencies: The number of frequencies of the encoding; published pictures use 6 with
  ///     frequencies that start at π, and 10 with those that start at 1.
  ///   - convention: Which frequencies there are, and in which order.
  ///   - generator: Draws the parameters, layer by layer.
  public static func positionallyEncoded(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequencies: Int = 6,
    convention: EncodingConvention = .halfTurns,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let encoding = PositionalEncoding<Scalar>(
      inputs: inputs, frequencies: frequencies, convention: convention)
    let plain = relu(
      inputs: encoding.outputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      hasWideLastLayer: convention == .halfTurns, using: &generator)
    return CoordinateNetwork(
      encoding: encoding, layers: plain.layers, activation: plain.activation)
  }

  /// A network with rectified linear units on random Fourier features.
  ///
  /// All weights are uniform within ±√(6/fan-in), biases within ±1/√fan-in.
  ///
  /// Source: M. Tancik et al., "Fourier features let networks learn high frequency functions in low
  /// dimensional domains", NeurIPS 2020; initialized as in the code published with BACON (D. Lindell
  /// et al., CVPR 2022) and FINER.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequencies: The number of random frequencies.
  ///   - scale: Their standard deviation, in cycles for each unit of the coordinates.
  ///   - generator: Draws the frequencies, then the parameters, layer by layer.
  public static func randomFourierFeatures(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequencies: Int = 128,
    scale: Double = 8, using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let encoding = RandomFourierFeatures<Scalar>(
      inputs: inputs, frequencies: frequencies, scale: scale, using: &generator)
    let layers = layers(
      inputs: encoding.outputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      using: &generator
    ) { _, fanIn in (6 / fanIn).squareRoot() }
    return CoordinateNetwork(encoding: encoding, layers: layers, activation: Rectifier())
  }
}
