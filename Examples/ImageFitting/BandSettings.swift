import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

extension Options {
  static let exponent = RecipeOption(
    "exponent", .number(.notNegative, "A"), \.settings.equalization.exponent,
    where: \.evensOutBands,
    help: "How far bands are evened out: 0 only levels the constant, 1 evens out fully.")
  static let floor = RecipeOption(
    "floor", .number(.above(0, upTo: 1), "F"), \.settings.equalization.floor,
    where: \.evensOutBands,
    help: "Bands learned less than this share of the most learned one count as that.")
  static let refresh = RecipeOption(
    "refresh", .integer(in: 1..., "R"), \.settings.equalization.refreshInterval,
    where: \.evensOutBands,
    help: """
      How strongly bands are learned is measured every R steps, and at steps 0, 3, 10, 25 and 50.
      """)
  static let probes = RecipeOption(
    "probes", .integer(in: 1..., "N"), \.settings.equalization.probeCount, where: \.evensOutBands,
    help: "Each measurement is the mean over N random directions of the parameters.")
  static let bandResiduals = RecipeOption(
    "band-residuals",
    .choice { (residuals: EqualizerSettings.ResidualsUsed) in
      switch residuals {
      case .current: "this step's (exact), all outputs first"
      case .updated: "the previous step's, and their change at some pixels"
      }
    }, \.settings.equalization.residuals, where: \.evensOutBands,
    help: """
      Where bands that are wider than 256 pixels take their residuals from; bands-cosine takes all from \
      this step in any case.
      """)
  static let bandCount = Option(
    "band-count", .integer(in: 3...1000, "N"),
    help: """
      The number of bands, fewer if there are not as many; by default one for each size of blocks, 14 \
      for bands-cosine, and 8 within blocks for bands-block.
      """)

  /// What sets the equalization of bands up in a recipe.
  static let equalization: [RecipeOption] = [exponent, floor, refresh, probes, bandResiduals]
  /// What sets bands up.
  static let bandSettings: [any OptionDeclaration] = equalization + [bandCount]
}

extension Recipe {
  /// Whether one of the adjusters evens out bands.
  var evensOutBands: Bool {
    adjusters.contains { $0.parts.contains { $0.effect == .bands } }
  }
}
