import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

/// The options of Fourier reparameterization, with the published amplitude of the chosen network.
struct FourierSettings {
  let low: Int
  let high: Int
  let phases: Int
  let amplitude: Double
  /// ω of the network's sines; nil for other networks.
  let sineFrequency: Double?

  /// Where weight files note which basis their coefficients belong to.
  static let metadataKey = "fourier-reparameterization"

  init(_ values: OptionValues) {
    low = values[Options.fourierLow]
    high = values[Options.fourierHigh]
    phases = values[Options.fourierPhases]
    let model = values[Options.model]
    amplitude = values[Options.fourierAlpha] ?? model.fourierAmplitude
    sineFrequency = model == .siren ? values[Options.omega] : nil
  }

  /// The options that make the basis, as they are typed.
  var basisText: String {
    "--fr-low \(low) --fr-high \(high) --fr-phases \(phases) --fr-alpha \(NumberText.plain(amplitude))"
  }

  func adjuster<Scalar: TensorScalar>(_: Scalar.Type) -> FourierReparameterization<Scalar> {
    FourierReparameterization(
      lowFrequencies: low, highFrequencies: high, phases: phases, amplitude: amplitude,
      sineFrequency: sineFrequency)
  }

  /// Refuses settings that no network can be rewritten with.
  func check(_ values: OptionValues) throws(ExampleFailure) {
    guard low + high > 0 else {
      throw .usage(
        "--fr-low 0 and --fr-high 0 leave no frequency; choose 1 or more for one of them")
    }
    let (hidden, width) = (values[Options.hiddenLayers], values[Options.width])
    guard hidden > 0 else {
      throw .usage(
        """
        --adjuster fr rewrites the layers from hidden units to hidden units, of which \
        --hidden-layers 0 leaves none; choose --hidden-layers 1 or more
        """)
    }
    let vectors = (low + high) * phases
    let most = (1 << 28) / width
    guard vectors <= most else {
      throw .usage(
        """
        --fr-low \(low), --fr-high \(high) and --fr-phases \(phases) make \(vectors) basis vectors, \
        too many for --width \(width); choose them so that (low + high) x phases is at most \(most)
        """)
    }
  }
}

extension ModelName {
  /// The amplitude of the published settings for pictures.
  fileprivate var fourierAmplitude: Double {
    switch self {
    case .relu: 0.001
    case .pe: 0.05
    case .siren: 0.004
    }
  }
}
