import AutoDiff
import TensorKit

// Networks of sines, of fixed and of variable frequency.
extension CoordinateNetwork {
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
    let layers = sineLayers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      frequency: frequency, using: &generator)
    return CoordinateNetwork(layers: layers, activation: Sine(frequency: Scalar(frequency)))
  }

  /// A network with sines of variable frequency: FINER, `sin(ω (|z| + 1) z)`.
  ///
  /// Initialized like ``siren(inputs:outputs:width:hiddenLayers:frequency:using:)``, but that the first
  /// layer's biases can be spread wider: they choose how fast the sines of the first layer turn, and so
  /// which frequencies the network learns first.
  ///
  /// Source: Z. Liu et al., "FINER: flexible spectral-bias tuning in implicit neural representation by
  /// variable-periodic activation functions", CVPR 2024.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - firstBiasBound: The first layer's biases are uniform within ± this; by default within
  ///     ±1/√fan-in.
  ///   - differentiatesScale: Whether derivatives pass through the scale |z| + 1, which counts as a
  ///     constant in the published system.
  ///   - generator: Draws the parameters, layer by layer.
  public static func finer(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequency: Double = 30,
    firstBiasBound: Double? = nil, differentiatesScale: Bool = false,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = sineLayers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      frequency: frequency, firstBiasBound: firstBiasBound, using: &generator)
    return CoordinateNetwork(
      layers: layers,
      activation: VariableSine(
        frequency: Scalar(frequency), differentiatesScale: differentiatesScale))
  }

  /// A network with bumps of variable sines: FINER++ on Gauss, `exp(-(s u)²)` with
  /// `u = sin(ω (|z| + 1) z)`.
  ///
  /// Initialized like
  /// ``finer(inputs:outputs:width:hiddenLayers:frequency:firstBiasBound:differentiatesScale:using:)``.
  ///
  /// Source: H. Zhu et al., "FINER++: building a family of variable-periodic functions for activating
  /// implicit neural representation", 2024. The code published with IGA has the bump as it is, that of
  /// FINER++ for distance fields the normalized one, `(exp(-(s u)²) - e) / (1 - e)` with `e = exp(-s²)`.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - scale: s, in every layer.
  ///   - firstBiasBound: The first layer's biases are uniform within ± this.
  ///   - isNormalized: Whether the bump is the normalized one.
  ///   - generator: Draws the parameters, layer by layer.
  public static func gaussFINER(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, frequency: Double = 10,
    scale: Double = 3, firstBiasBound: Double? = 1, isNormalized: Bool = false,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = sineLayers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      frequency: frequency, firstBiasBound: firstBiasBound, using: &generator)
    return CoordinateNetwork(
      layers: layers,
      activation: VariableSine(frequency: Scalar(frequency)).then(
        Gaussian(scale: Scalar(scale), isNormalized: isNormalized)))
  }

  /// A network with real wavelets of variable sines: FINER++ on WIRE in its real variant,
  /// `cos(ω_w u) exp(-(s u)²)` with `u = sin(ω (|z| + 1) z)`.
  ///
  /// Initialized like
  /// ``finer(inputs:outputs:width:hiddenLayers:frequency:firstBiasBound:differentiatesScale:using:)``
  /// with the frequency ω ω_w.
  ///
  /// Source: the code published with IGA (K. Shi et al., ICML 2025), where it stands for WIRE with
  /// layers of ⌊256/√2⌋ = 181 units. ``ComplexCoordinateNetwork`` has the complex one.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - waveletFrequency: ω_w, in every layer.
  ///   - scale: s, in every layer.
  ///   - firstBiasBound: The first layer's biases are uniform within ± this.
  ///   - generator: Draws the parameters, layer by layer.
  public static func realWIREFINER(
    inputs: Int, outputs: Int, width: Int = 181, hiddenLayers: Int = 2, frequency: Double = 5,
    waveletFrequency: Double = 4, scale: Double = 2, firstBiasBound: Double? = 1,
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let layers = sineLayers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      frequency: frequency * waveletFrequency, firstBiasBound: firstBiasBound, using: &generator)
    return CoordinateNetwork(
      layers: layers,
      activation: VariableSine(frequency: Scalar(frequency)).then(
        GaborWavelet(frequency: Scalar(waveletFrequency), scale: Scalar(scale))),
      sineFrequency: frequency * waveletFrequency)
  }

  private static func sineLayers(
    inputs: Int, outputs: Int, width: Int, hiddenLayers: Int, frequency: Double,
    firstBiasBound: Double? = nil, using generator: inout some RandomNumberGenerator
  ) -> [Linear<Scalar>] {
    layers(
      inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      firstBiasBound: firstBiasBound, using: &generator
    ) { place, fanIn in place == .first ? 1 / fanIn : (6 / fanIn).squareRoot() / frequency }
  }
}
