import AutoDiff
import TensorKit

/// The catalogue of models: each network of this module under a name.
///
/// A model's row in `row(_:)` is all that a program knows of it: the help, the published constants and
/// how it is made.
public enum ModelKind: String, CaseIterable, Codable, Sendable {
  /// Rectified linear units.
  case relu
  /// Rectified linear units on positionally encoded coordinates.
  case pe
  /// Sines.
  case siren
  /// Sines of variable frequency.
  case finer
  /// Gaussian bumps.
  case gauss
  /// Complex Gabor wavelets.
  case wire
  /// Real Gabor wavelets.
  case realWire = "wire-real"
  /// Gaussian bumps of variable sines.
  case gaussFiner = "gauss-finer"
  /// Complex Gabor wavelets of variable sines.
  case wireFiner = "wire-finer"
  /// Real Gabor wavelets of variable sines.
  case realWireFiner = "wire-finer-real"
  /// Rectified linear units on random Fourier features.
  case randomFeatures = "rff"
  /// A multiplicative filter network of Gabor filters.
  case multiplicative = "mfn"
  /// A band-limited multiplicative filter network.
  case bandLimited = "bacon"
  /// A small network on a hash grid.
  case hashGrid = "hash"

  /// A constant that some models have and others have not, under the name of its option.
  public enum Constant: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
    /// ω, the frequency of sines or wavelets.
    case omega
    /// The scale of bumps, wavelets, filters or random frequencies.
    case scale
    /// The bound of the first layer's biases.
    case firstBias = "first-bias-scale"
    /// The frequency of wavelets of variable sines.
    case waveletOmega = "wavelet-omega"
    /// Whether derivatives pass through the scale of variable sines; not a number.
    case scaleGradient = "scale-gradient"
    /// Which frequencies an encoding has; not a number.
    case convention = "pe-convention"
    /// The number of an encoding's frequencies.
    case frequencies = "pe-frequencies"
    /// The number of random frequencies.
    case randomFrequencies = "rff-frequencies"
    /// T, where a level of a hash grid has at most 2^T rows in its table.
    case tableSize = "hash-size"
  }

  /// A line of explanation.
  public var about: String { row(Float.self).about }

  /// The published value of a constant; nil for models without it, or without a number for it.
  public subscript(constant: Constant) -> Double? { row(Float.self).constants[constant] ?? nil }

  /// Whether a constant has an influence on the model.
  public func has(_ constant: Constant) -> Bool { row(Float.self).constants[constant] != nil }

  /// Whether a hidden layer has ⌊W/√2⌋ units, as published.
  public var isNarrower: Bool { row(Float.self).isNarrower }

  /// Whether hidden units are rectified linear.
  public var isRectified: Bool { row(Float.self).isRectified }

  /// Whether all layers but the first are complex.
  public var isComplex: Bool { row(Float.self).isComplex }

  /// Units of each hidden layer of a model that needs fewer than most; nil for the others.
  public var standardWidth: Int? { row(Float.self).width }

  /// Adam's learning rate at the start of a model that needs another than most; nil for the others.
  public var standardLearningRate: Double? { row(Float.self).learningRate }

  /// FR's amplitude as published for pictures; nil where none is.
  public var fourierAmplitude: Double? { row(Float.self).fourierAmplitude }

  /// Where batch normalization goes as published; before the activation where nothing is.
  public var normalizationPlacement: NormalizationRecipe.Placement {
    row(Float.self).normalization
  }
}

extension ModelKind {
  /// What the catalogue says of a model.
  struct Row<Scalar: TensorScalar> {
    let about: String
    /// The constants that the model has; nil for those that have no published number.
    let constants: [Constant: Double?]
    var width: Int?
    var learningRate: Double?
    var isNarrower = false
    var isRectified = false
    var isComplex = false
    var fourierAmplitude: Double?
    var normalization = NormalizationRecipe.Placement.before
    let make: (ModelRecipe, ModelRecipe.Layout, inout SeededGenerator) -> any LayeredNetwork<Scalar>
  }

  func row<Scalar: TensorScalar>(_: Scalar.Type) -> Row<Scalar> {
    typealias Network = CoordinateNetwork<Scalar>
    typealias Complex = ComplexCoordinateNetwork<Scalar>
    return switch self {
    case .relu:
      Row(
        about: "rectified linear units on the coordinates", constants: [:], isRectified: true,
        fourierAmplitude: 0.001, normalization: .after
      ) {
        Network.relu(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          using: &$2)
      }
    case .pe:
      Row(
        about: "the same on positionally encoded coordinates",
        constants: [.convention: nil, .frequencies: nil], isRectified: true, fourierAmplitude: 0.05
      ) {
        Network.positionallyEncoded(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequencies: Int($0[.frequencies]), convention: $0.convention, using: &$2)
      }
    case .siren:
      Row(about: "sines (Sitzmann et al. 2020)", constants: [.omega: 30], fourierAmplitude: 0.004) {
        Network.siren(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], using: &$2)
      }
    case .finer:
      Row(
        about: "sines of variable frequency (Liu et al. 2024)",
        constants: [.omega: 30, .firstBias: nil, .scaleGradient: nil], fourierAmplitude: 0.004
      ) {
        Network.finer(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], firstBiasBound: $0.firstBiasBound,
          differentiatesScale: $0.differentiatesScale, using: &$2)
      }
    case .gauss:
      Row(about: "Gaussian bumps (Ramasinghe and Lucey 2022)", constants: [.scale: 30]) {
        Network.gauss(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          scale: $0[.scale], using: &$2)
      }
    case .wire:
      Row(
        about: "complex Gabor wavelets (Saragadam et al. 2023)",
        constants: [.omega: 20, .scale: 10], isNarrower: true, isComplex: true
      ) {
        Complex.wire(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], scale: $0[.scale], using: &$2)
      }
    case .realWire:
      Row(about: "real Gabor wavelets", constants: [.omega: 20, .scale: 10]) {
        Network.realWIRE(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], scale: $0[.scale], using: &$2)
      }
    case .gaussFiner:
      Row(
        about: "Gaussian bumps of variable sines (Zhu et al. 2024)",
        constants: [.omega: 10, .scale: 3, .firstBias: 1]
      ) {
        Network.gaussFINER(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], scale: $0[.scale], firstBiasBound: $0.firstBiasBound, using: &$2)
      }
    case .wireFiner:
      Row(
        about: "complex Gabor wavelets of variable sines (Zhu et al. 2024)",
        constants: [.omega: 5, .waveletOmega: 4, .scale: 2, .firstBias: 1], isNarrower: true,
        isComplex: true
      ) {
        Complex.wireFINER(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], waveletFrequency: $0[.waveletOmega], scale: $0[.scale],
          firstBiasBound: $0.firstBiasBound, using: &$2)
      }
    case .realWireFiner:
      Row(
        about: "real Gabor wavelets of variable sines, as released with IGA",
        constants: [.omega: 5, .waveletOmega: 4, .scale: 2, .firstBias: 1], isNarrower: true
      ) {
        Network.realWIREFINER(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequency: $0[.omega], waveletFrequency: $0[.waveletOmega], scale: $0[.scale],
          firstBiasBound: $0.firstBiasBound, using: &$2)
      }
    case .randomFeatures:
      Row(
        about: "rectified linear units on random Fourier features (Tancik et al. 2020)",
        constants: [.scale: 8, .randomFrequencies: 128], isRectified: true
      ) {
        Network.randomFourierFeatures(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          frequencies: Int($0[.randomFrequencies]), scale: $0[.scale], using: &$2)
      }
    case .multiplicative:
      Row(
        about: "multiplicative filter network of Gabor filters (Fathony et al. 2021)",
        constants: [.scale: 256]
      ) {
        MultiplicativeFilterNetwork<Scalar>.gabor(
          inputs: $1.inputs, outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers,
          scale: $0[.scale], using: &$2)
      }
    case .bandLimited:
      Row(
        about: "band-limited multiplicative filter network (Lindell et al. 2022)", constants: [:]
      ) {
        BandLimitedNetwork<Scalar>.bacon(
          bandwidths: $1.bandwidths, outputs: $1.outputs, width: $0.units,
          hiddenLayers: $0.hiddenLayers, using: &$2)
      }
    case .hashGrid:
      Row(
        about: "a small network on a hash grid (Müller et al. 2022)", constants: [.tableSize: nil],
        width: 64, learningRate: 1e-2, isRectified: true
      ) {
        // Coordinates span 2: a frequency of n / 4 belongs to n samples.
        let samples = Int(max(4 * ($1.bandwidths.max() ?? 1), 1).rounded(.up))
        return Network.hashGrid(
          .fitting(
            pixels: samples, log2RowsPerLevel: Int($0[.tableSize]), dimensions: $1.inputs),
          outputs: $1.outputs, width: $0.units, hiddenLayers: $0.hiddenLayers, using: &$2)
      }
    }
  }
}
