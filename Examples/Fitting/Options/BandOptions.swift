import ExampleSupport
import GradientAdjusters
import INRZoo

/// The options of equalized bands.
package enum BandOptions {
  /// The heading under which they stand in the help.
  package static let group = "Bands"
  package static let exponent = RecipeOption(
    "exponent", .number(.notNegative, "A"), \.settings.equalization.exponent,
    where: \.evensOutBands,
    help: "How far bands are evened out: 0 only levels the constant, 1 evens out fully.")
  package static let floor = RecipeOption(
    "floor", .number(.above(0, upTo: 1), "F"), \.settings.equalization.floor,
    where: \.evensOutBands,
    help: "Bands learned less than this share of the most learned one count as that.")
  package static let refresh = RecipeOption(
    "refresh", .integer(in: 1..., "R"), \.settings.equalization.refreshInterval,
    where: \.evensOutBands,
    help: """
      How strongly bands are learned is measured every R steps, and at steps 0, 3, 10, 25 and 50.
      """)
  package static let probes = RecipeOption(
    "probes", .integer(in: 1...1000, "N"), \.settings.equalization.probeCount,
    where: \.evensOutBands,
    help: "Each measurement is the mean over N random directions of the parameters.")
  package static let bandResiduals = RecipeOption(
    "band-residuals",
    .choice { (residuals: EqualizerSettings.ResidualsUsed) in
      switch residuals {
      case .current: "this step's (exact), all outputs first"
      case .updated: "the previous step's, and their change at some samples"
      }
    }, \.settings.equalization.residuals, where: \.evensOutBands,
    help: """
      Where bands that are wider than 256 samples take their residuals from; bands-cosine takes all from \
      this step in any case.
      """)
  package static let bandCount = Option(
    "band-count", .integer(in: 3...1000, "N"),
    help: """
      The number of bands, fewer if there are not as many; by default one for each size of blocks, 14 \
      for bands-cosine, and 8 within blocks for bands-block.
      """)

  /// What sets the equalization of bands up in a recipe.
  package static let equalization: [RecipeOption] = [
    exponent, floor, refresh, probes, bandResiduals,
  ]
  /// What sets bands up.
  package static let all: [any OptionDeclaration] = equalization + [bandCount]
}

extension Recipe {
  /// Whether one of the adjusters evens out bands.
  package var evensOutBands: Bool {
    adjusters.contains { $0.parts.contains { $0.effect == .bands } }
  }
}
