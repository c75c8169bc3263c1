import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

extension Recipe {
  /// Where weight files note which basis their coefficients belong to.
  package static let fourierKey = "fourier-reparameterization"

  /// The amplitude of FR's cosines.
  package var fourierAmplitude: Double { settings.fourier.amplitude(for: model.kind) }

  /// The options that make FR's basis, as they are typed.
  package var fourierText: String {
    let fourier = settings.fourier
    return """
      --fr-low \(fourier.low) --fr-high \(fourier.high) --fr-phases \(fourier.phases) --fr-alpha \
      \(NumberText.plain(fourierAmplitude))
      """
  }

  /// Refuses settings that no network can be rewritten with.
  package func checkFourier() throws(ExampleFailure) {
    let (low, high, phases) = (settings.fourier.low, settings.fourier.high, settings.fourier.phases)
    guard low + high > 0 else {
      throw .usage(
        "--fr-low 0 and --fr-high 0 leave no frequency; choose 1 or more for one of them")
    }
    guard !model.kind.isComplex else {
      throw .usage(
        """
        --adjuster fr rewrites layers of real numbers, but those of --model \(model.kind.rawValue) are \
        complex; choose --model \(model.kind.rawValue)-real
        """)
    }
    guard model.hiddenLayers > 0 else {
      throw .usage(
        """
        --adjuster fr rewrites the layers from hidden units to hidden units, of which \
        --hidden-layers 0 leaves none; choose --hidden-layers 1 or more
        """)
    }
    let vectors = (low + high) * phases
    let most = (1 << 28) / model.units
    guard vectors <= most else {
      throw .usage(
        """
        --fr-low \(low), --fr-high \(high) and --fr-phases \(phases) make \(vectors) basis vectors, \
        too many for --width \(model.units); choose them so that (low + high) x phases is at most \(most)
        """)
    }
  }

  /// Whether a weight file holds coefficients of Fourier reparameterization.
  ///
  /// - Throws: `FileError` if its coefficients belong to another basis; a failure if the options make
  ///   no basis.
  package func holdsCoefficients(_ file: SafeTensorsFile, _ path: String) throws -> Bool {
    guard file.names.contains(where: { $0.hasSuffix(".coefficients") }), model.hiddenLayers > 0
    else { return false }
    try checkFourier()
    if let basis = file.metadata[Self.fourierKey], basis != fourierText {
      throw FileError(
        .malformed, path: path,
        reason: "its coefficients do not belong to the basis of \(fourierText); give \(basis)")
    }
    return true
  }
}
