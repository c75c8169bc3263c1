import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// The option of the measure of how differently pictures look, which several programs have.
package enum PerceptualOptions {
  /// The file of LPIPS's weights.
  package static let weights = Option(
    "lpips", .existingFile(),
    help: """
      A .safetensors file with LPIPS's weights, with AlexNet or VGG-16: measures how differently the \
      pictures look, in the summary and the report. Benchmarks/convert-lpips makes it of the published ones.
      """)

  /// The measure whose weights the command line names, if it does.
  ///
  /// - Parameters:
  ///   - values: What the command line gives.
  ///   - width: That of the pictures.
  ///   - height: That of the pictures.
  /// - Throws: A failure if the file is not one of such weights, or the pictures are too small for them.
  package static func distance(
    _ values: OptionValues, width: Int, height: Int
  ) throws -> PerceptualDistance<Float>? {
    guard let file = values[weights] else { return nil }
    let distance = try ExampleFailure.reading(
      weights, file, remedy: "give a .safetensors file that Benchmarks/convert-lpips made"
    ) { try PerceptualDistance<Float>(contentsOf: $0) }
    let backbone = distance.backbone
    guard min(width, height) >= backbone.smallestSide else {
      throw ExampleFailure.usage(
        """
        --lpips compares features of \(backbone.name), which need sides of at least \
        \(backbone.smallestSide) pixels, and the picture has \(width) x \(height); give a larger picture, or leave \
        --lpips away
        """)
    }
    return distance
  }
}
