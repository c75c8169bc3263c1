import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

extension Recipe {
  /// Where weight files note which placement their normalizations belong to.
  package static let normalizationKey = "batch-normalization"

  /// The option of batch normalization as it is typed.
  package var normalizationText: String {
    "--bn-placement \(settings.normalization.placement(for: model.kind).rawValue)"
  }

  /// Refuses networks that have no real layers to normalize.
  package func checkNormalization() throws(ExampleFailure) {
    guard !model.kind.isComplex else {
      throw .usage(
        """
        --adjuster bn normalizes layers of real numbers, but those of --model \(model.kind.rawValue) \
        are complex; choose --model \(model.kind.rawValue)-real
        """)
    }
    // Their first layers are filters, which are left alone.
    guard model.hiddenLayers > 0 || ![.multiplicative, .bandLimited].contains(model.kind) else {
      throw .usage(
        """
        --adjuster bn normalizes the layers between the filters of --model \(model.kind.rawValue), of \
        which --hidden-layers 0 leaves none; choose --hidden-layers 1 or more
        """)
    }
  }

  /// Gives a network the normalizations that its weight file has parameters of.
  ///
  /// - Throws: `FileError` if they belong to another placement.
  package func normalize<Model: Module>(
    _ network: inout Model, for file: SafeTensorsFile, path: String,
    using generator: inout SeededGenerator
  ) throws {
    guard file.names.contains(where: { $0.hasPrefix("norms.") }) else { return }
    if let noted = file.metadata[Self.normalizationKey], noted != normalizationText {
      throw FileError(
        .malformed, path: path,
        reason: "its normalizations do not belong to \(normalizationText); give \(noted)")
    }
    var adjuster: BatchNormalization<Model.Scalar> =
      settings.normalization.adjuster(for: model, over: nil)
    try adjuster.prepare(&network, using: &generator)
  }
}
