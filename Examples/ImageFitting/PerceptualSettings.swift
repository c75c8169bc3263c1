import ExampleSupport
import Foundation
import INRZoo

extension Options {
  static let perceptualWeights = Option(
    "lpips", .existingFile(),
    help: """
      A .safetensors file with LPIPS's weights, with AlexNet or VGG-16: measures how differently the \
      pictures look, in the summary and the report. Benchmarks/convert-lpips makes it of the published ones.
      """)
}

extension FitImageSettings {
  /// The measure whose weights the command line names, if it does.
  ///
  /// - Throws: A failure if the file is not one of such weights, or the picture too small for them.
  static func perceptualDistance(
    _ values: OptionValues, for picture: Picture
  ) throws -> PerceptualDistance<Float>? {
    guard let file = values[Options.perceptualWeights] else { return nil }
    let distance = try ExampleFailure.reading(
      Options.perceptualWeights, file,
      remedy: "give a .safetensors file that Benchmarks/convert-lpips made"
    ) { try PerceptualDistance<Float>(contentsOf: $0) }
    let backbone = distance.backbone
    guard min(picture.width, picture.height) >= backbone.smallestSide else {
      throw ExampleFailure.usage(
        """
        --lpips compares features of \(backbone.name), which need sides of at least \
        \(backbone.smallestSide) pixels, and the picture has \(picture.width) x \(picture.height); give a \
        larger picture, or leave --lpips away
        """)
    }
    return distance
  }
}
