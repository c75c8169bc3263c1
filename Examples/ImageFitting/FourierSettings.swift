import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

/// The options of Fourier reparameterization, with the published amplitude of the chosen network.
struct FourierSettings {
  let low: Int
  let high: Int
  let phases: Int
  let amplitude: Double
  let model: ModelSettings

  /// Where weight files note which basis their coefficients belong to.
  static let metadataKey = "fourier-reparameterization"

  init(_ values: OptionValues) {
    low = values[Options.fourierLow]
    high = values[Options.fourierHigh]
    phases = values[Options.fourierPhases]
    model = ModelSettings(values)
    amplitude = values[Options.fourierAlpha] ?? model.name.fourierAmplitude
  }

  /// The options that make the basis, as they are typed.
  var basisText: String {
    "--fr-low \(low) --fr-high \(high) --fr-phases \(phases) --fr-alpha \(NumberText.plain(amplitude))"
  }

  func adjuster<Scalar: TensorScalar>(_: Scalar.Type) -> FourierReparameterization<Scalar> {
    FourierReparameterization(
      lowFrequencies: low, highFrequencies: high, phases: phases, amplitude: amplitude)
  }

  /// Refuses settings that no network can be rewritten with.
  func check(_ values: OptionValues) throws(ExampleFailure) {
    guard low + high > 0 else {
      throw .usage(
        "--fr-low 0 and --fr-high 0 leave no frequency; choose 1 or more for one of them")
    }
    guard !model.name.isComplex else {
      throw .usage(
        """
        --adjuster fr rewrites layers of real numbers, but those of --model \(model.name.rawValue) are \
        complex; choose --model \(model.name.rawValue)-real
        """)
    }
    let (hidden, width) = (model.hiddenLayers, model.width)
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
  /// The amplitude of the published settings for pictures, where there are any.
  fileprivate var fourierAmplitude: Double {
    switch self {
    case .relu: 0.001
    case .pe: 0.05
    case .siren, .finer: 0.004
    default: 0.01
    }
  }
}
