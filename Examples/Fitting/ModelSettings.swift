import AutoDiff
import ExampleSupport
import INRZoo
import TensorKit

/// The options of the network, with the constants of the chosen model.
public struct ModelSettings: Sendable {
  /// The model.
  public let name: ModelName
  /// The number of layers from hidden units to hidden units.
  public let hiddenLayers: Int
  /// Units of each hidden layer, complex ones where the model has those.
  public let width: Int
  /// ω; nil for models without one.
  public let omega: Double?
  /// The scale of bumps, wavelets or filters; nil for models without one.
  public let scale: Double?
  /// The bound of the first layer's biases; nil for that of all layers.
  public let firstBias: Double?
  /// The frequency of wavelets of variable sines.
  public let waveletOmega: Double
  /// Whether derivatives pass through the scale of variable sines.
  public let differentiatesScale: Bool
  /// Which frequencies an encoding has.
  public let convention: EncodingConvention
  /// The number of an encoding's frequencies.
  public let frequencies: Int
  /// The number of random frequencies.
  public let randomFrequencies: Int

  /// The settings of a model, from a command line or, where it says nothing, as published.
  ///
  /// - Parameters:
  ///   - values: The command line's values.
  ///   - name: The model; that of `--model` by default.
  public init(_ values: OptionValues, model name: ModelName? = nil) {
    let name = name ?? values[ModelOptions.model]
    self.name = name
    hiddenLayers = values[ModelOptions.hiddenLayers]
    let width = values[ModelOptions.width]
    self.width =
      name.isNarrower ? max(1, Int(Double(width) / 2.0.squareRoot())) : width
    omega = name.publishedOmega.map { values[ModelOptions.omega] ?? $0 }
    scale = name.publishedScale.map { values[ModelOptions.scale] ?? $0 }
    firstBias = values[ModelOptions.firstBias] ?? name.publishedFirstBias
    waveletOmega = values[ModelOptions.waveletOmega]
    differentiatesScale = values[ModelOptions.scaleGradient]
    convention = values[ModelOptions.encodingConvention]
    frequencies = values[ModelOptions.frequencies] ?? (convention == .halfTurns ? 6 : 10)
    randomFrequencies = values[ModelOptions.randomFrequencies]
  }

  /// The network with its initial weights.
  ///
  /// - Parameters:
  ///   - bandwidths: The largest frequency along each coordinate that a band-limited network can have, in
  ///     cycles for each unit; as many as there are coordinates.
  ///   - outputs: The number of values at each point.
  ///   - generator: Draws the weights.
  public func network<Scalar: TensorScalar>(
    bandwidths: [Double], outputs: Int, using generator: inout SeededGenerator, _: Scalar.Type
  ) -> any LayeredNetwork<Scalar> {
    let inputs = bandwidths.count
    let (omega, scale) = (omega ?? 1, scale ?? 1)
    switch name {
    case .relu:
      return CoordinateNetwork<Scalar>.relu(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        using: &generator)
    case .pe:
      return CoordinateNetwork<Scalar>.positionallyEncoded(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequencies: frequencies, convention: convention, using: &generator)
    case .siren:
      return CoordinateNetwork<Scalar>.siren(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        using: &generator)
    case .finer:
      return CoordinateNetwork<Scalar>.finer(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        firstBiasBound: firstBias, differentiatesScale: differentiatesScale, using: &generator)
    case .gauss:
      return CoordinateNetwork<Scalar>.gauss(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers, scale: scale,
        using: &generator)
    case .wire:
      return ComplexCoordinateNetwork<Scalar>.wire(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        scale: scale, using: &generator)
    case .realWire:
      return CoordinateNetwork<Scalar>.realWIRE(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        scale: scale, using: &generator)
    case .gaussFiner:
      return CoordinateNetwork<Scalar>.gaussFINER(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        scale: scale, firstBiasBound: firstBias, using: &generator)
    case .wireFiner:
      return ComplexCoordinateNetwork<Scalar>.wireFINER(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        waveletFrequency: waveletOmega, scale: scale, firstBiasBound: firstBias, using: &generator)
    case .realWireFiner:
      return CoordinateNetwork<Scalar>.realWIREFINER(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequency: omega,
        waveletFrequency: waveletOmega, scale: scale, firstBiasBound: firstBias, using: &generator)
    case .randomFeatures:
      return CoordinateNetwork<Scalar>.randomFourierFeatures(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequencies: randomFrequencies, scale: scale, using: &generator)
    case .multiplicative:
      return MultiplicativeFilterNetwork<Scalar>.gabor(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers, scale: scale,
        using: &generator)
    case .bandLimited:
      return BandLimitedNetwork<Scalar>.bacon(
        bandwidths: bandwidths, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        using: &generator)
    }
  }
}
