import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

/// Where batch normalization is put, as written on the command line.
enum NormalizationPlacement: String, CaseIterable, Sendable {
  case before, after
}

/// The option of batch normalization, with what suits the chosen network.
struct NormalizationSettings {
  let placement: NormalizationPlacement
  /// Whether training starts from the function that the network computes without normalization.
  let preservesFunction: Bool

  private let model: ModelSettings

  /// Where weight files note which placement their parameters belong to.
  static let metadataKey = "batch-normalization"

  init(_ values: OptionValues) {
    model = ModelSettings(values)
    placement = values[Options.normalizationPlacement] ?? model.name.normalizationPlacement
    preservesFunction = !model.name.isRectified
  }

  /// The option as it is typed.
  var text: String { "--bn-placement \(placement.rawValue)" }

  /// A fresh adjuster for training on a batch.
  func adjuster<Scalar: TensorScalar>(over inputs: Tensor<Scalar>) -> BatchNormalization<Scalar> {
    let placement = placement(of: Scalar.self)
    return preservesFunction
      ? BatchNormalization(placement: placement, preservingFunctionOver: inputs)
      : BatchNormalization(placement: placement)
  }

  /// Refuses networks that have no real layers to normalize.
  func check() throws(ExampleFailure) {
    guard !model.name.isComplex else {
      throw .usage(
        """
        --adjuster bn normalizes layers of real numbers, but those of --model \(model.name.rawValue) \
        are complex; choose --model \(model.name.rawValue)-real
        """)
    }
    // Their first layers are filters, which are left alone.
    guard model.hiddenLayers > 0 || ![.multiplicative, .bandLimited].contains(model.name) else {
      throw .usage(
        """
        --adjuster bn normalizes the layers between the filters of --model \(model.name.rawValue), of \
        which --hidden-layers 0 leaves none; choose --hidden-layers 1 or more
        """)
    }
  }

  /// Gives a network the normalizations that its weight file has parameters of.
  ///
  /// - Throws: `FileError` if they belong to another placement.
  func prepare<Scalar, Model: Module<Scalar>>(
    _ network: inout Model, for file: SafeTensorsFile, path: String,
    using generator: inout SeededGenerator
  ) throws {
    guard file.names.contains(where: { $0.hasPrefix("norms.") }) else { return }
    if let noted = file.metadata[Self.metadataKey], noted != text {
      throw FileError(
        .malformed, path: path, reason: "its normalizations do not belong to \(text); give \(noted)"
      )
    }
    var adjuster = BatchNormalization<Scalar>(placement: placement(of: Scalar.self))
    try adjuster.prepare(&network, using: &generator)
  }

  private func placement<Scalar: TensorScalar>(
    of _: Scalar.Type
  ) -> Normalization<Scalar>.Placement {
    placement == .before ? .beforeActivation : .afterActivation
  }
}

extension ModelName {
  /// The published placement; for siren, before the sine.
  fileprivate var normalizationPlacement: NormalizationPlacement {
    self == .relu ? .after : .before
  }
}
