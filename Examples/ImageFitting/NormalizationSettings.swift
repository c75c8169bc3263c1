import AutoDiff
import ExampleSupport
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

  /// Where weight files note which placement their parameters belong to.
  static let metadataKey = "batch-normalization"

  init(_ values: OptionValues) {
    let model = values[Options.model]
    placement = values[Options.normalizationPlacement] ?? model.normalizationPlacement
    preservesFunction = model == .siren
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

  /// Gives a network the normalizations that its weight file has parameters of.
  ///
  /// - Throws: `FileError` if they belong to another placement.
  func prepare<Scalar: TensorScalar>(
    _ network: inout CoordinateNetwork<Scalar>, for file: SafeTensorsFile, path: String
  ) throws {
    guard file.names.contains(where: { $0.hasPrefix("norms.") }) else { return }
    if let noted = file.metadata[Self.metadataKey], noted != text {
      throw FileError(
        .malformed, path: path, reason: "its normalizations do not belong to \(text); give \(noted)"
      )
    }
    for index in network.layers.indices.dropLast() {
      network.layers[index].normalization = Normalization(
        columns: network.layers[index].outputs, placement: placement(of: Scalar.self))
    }
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
