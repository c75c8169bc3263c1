import AutoDiff
import TensorKit

// Networks of bumps and wavelets.
extension CoordinateNetwork {
  /// A network with Gaussian bumps: `exp(-(s z)²)`.
  ///
  /// Weights and biases are uniform within ±1/√fan-in.
  ///
  /// Source: S. Ramasinghe and S. Lucey, "Beyond periodicity: towards a unifying framework for
  /// activations in coordinate-MLPs", ECCV 2022; initialized as in FINER's comparisons.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - scale: s, in every layer.
  ///   - generator: Draws the parameters, layer by layer.
  public static func gauss(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, scale: Double = 30,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = layers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers, using: &generator
    ) { _, _ in nil }
    return CoordinateNetwork(layers: layers, activation: Gaussian(scale: Scalar(scale)))
  }

  /// A network with real Gabor wavelets: the real variant of WIRE, `cos(ω z) exp(-(s z)²)`.
  ///
  /// Weights and biases are uniform within ±1/√fan-in. ``ComplexCoordinateNetwork`` has WIRE itself.
  ///
  /// Source: V. Saragadam et al., "WIRE: wavelet implicit neural representations", CVPR 2023, and the
  /// real variant of FINER++.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - scale: s, in every layer.
  ///   - generator: Draws the parameters, layer by layer.
  public static func realWIRE(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequency: Double = 20,
    scale: Double = 10, using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = layers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers, using: &generator
    ) { _, _ in nil }
    return CoordinateNetwork(
      layers: layers,
      activation: GaborWavelet(frequency: Scalar(frequency), scale: Scalar(scale)))
  }
}
