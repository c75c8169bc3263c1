import Foundation
import TensorKit

extension ModelRecipe {
  /// The name under which weight files note the recipe of their network.
  public static let metadataName = "model-recipe"

  /// The recipe as a text for the metadata of a weight file.
  ///
  /// The text is JSON, and has the numbers of all constants, published or given, so that it says the same
  /// wherever it is read:
  ///
  /// ```swift
  /// try network.writeWeights(to: path, metadata: recipe.model.metadata)
  /// ```
  public var metadata: NamedValues<String> {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // A constant that is no number would not make a network either.
    guard let data = try? encoder.encode(spelledOut) else { return [:] }
    return [Self.metadataName: String(decoding: data, as: UTF8.self)]
  }

  /// The recipe that the metadata of a weight file notes; nil if it notes none, as those of other programs.
  ///
  /// - Throws: `FileError` if the text is not that of a recipe.
  public init?(metadata: NamedValues<String>) throws {
    guard let text = metadata[Self.metadataName] else { return nil }
    do {
      self = try JSONDecoder().decode(ModelRecipe.self, from: Data(text.utf8))
    } catch {
      throw FileError(
        .malformed,
        reason: "its metadata has a \(Self.metadataName) that is not one of this package's")
    }
  }

  /// The same network with the numbers of all its constants, and without what has no influence on it.
  public var spelledOut: ModelRecipe {
    var recipe = ModelRecipe(kind, width: width, hiddenLayers: hiddenLayers)
    for constant in ModelKind.Constant.allCases {
      recipe.constants[constant] = value(of: constant)
    }
    if kind.has(.scaleGradient) { recipe.differentiatesScale = differentiatesScale }
    if kind.has(.convention) { recipe.convention = convention }
    return recipe
  }
}
