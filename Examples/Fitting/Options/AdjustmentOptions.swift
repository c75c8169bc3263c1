import ExampleSupport
import GradientAdjusters
import INRZoo

/// The options that set adjusters up, for signals of any kind.
package enum AdjustmentOptions {
  package static let end = RecipeOption(
    "end", .integer(in: 0..., "E"), \.settings.end,
    where: { $0.uses(.iga) || $0.uses(.empiricalNTK) },
    help: """
      How many eigenvalues IGA equalizes; must be below the number of groups, and is less by default where these \
      are few.
      """)
  package static let sampling = RecipeOption(
    "sampling",
    .choice { (sampling: GroupSampling) in
      switch sampling {
      case .largestResidual: "the largest residual (the paper's; exact)"
      case .previousLargestResidual: "the previous step's largest residual (cheaper)"
      case .center: "the middle of the group"
      case .random: "drawn anew at each step"
      case .randomOnce: "drawn once"
      case .aggregate: "sums over many samples, as the paper's released script does"
      }
    }, \.settings.sampling, where: { $0.uses(.iga) },
    help: "Which sample stands for each group in IGA's kernel.")
  package static let convention = RecipeOption(
    "convention",
    .choice { (target: EqualizationTarget) in
      target == .next ? "to the next one, for Adam" : "to the first one, for gradient descent"
    }, \.settings.target, where: { $0.uses(.iga) || $0.uses(.empiricalNTK) },
    help: "Where IGA sends the equalized eigenvalues.")
  package static let damping = RecipeOption(
    "damping",
    .choice { (runs: DampedRuns) in
      switch runs {
      case .adjusted: "those whose residuals are adjusted: iga, full-entk, bands, centered"
      case .all: "every run"
      case .none: "no run, as published"
      }
    }, \.settings.damping,
    where: { $0.adjusters.contains { $0.parts.contains { $0.effect != .none } } },
    help: """
      Which runs shorten gradients that suddenly grow; at a constant rate they would throw training back. \
      Those that follow are scaled down, too, less where the rate falls anyway.
      """)

  package static let fourierHigh = RecipeOption(
    "fr-high", .integer(in: 0...65_536, "N"), \.settings.fourier.high, where: { $0.uses(.fr) },
    help: "FR's whole frequencies, from 1 on.")
  package static let fourierLow = RecipeOption(
    "fr-low", .integer(in: 0...65_536, "N"), \.settings.fourier.low, where: { $0.uses(.fr) },
    help: "FR's frequencies up to 1: fractions with this denominator.")
  package static let fourierPhases = RecipeOption(
    "fr-phases", .integer(in: 1...65_536, "N"), \.settings.fourier.phases, where: { $0.uses(.fr) },
    help: "FR's phases of each frequency.")
  package static let fourierAlpha = RecipeOption(
    "fr-alpha", .number(.positive, "A"), open: \.settings.fourier.amplitude,
    where: { $0.uses(.fr) },
    help: """
      The amplitude of FR's cosines, which scales the steps of the weights; \
      \(listing(ModelKind.allCases) { $0.fourierAmplitude.map(NumberText.plain) }), else \
      \(NumberText.plain(FourierRecipe.otherAmplitude)).
      """)

  package static let normalizationPlacement = RecipeOption(
    "bn-placement",
    .choice { (placement: NormalizationRecipe.Placement) in
      placement == .before ? "what enters the activation" : "what the activation gives"
    }, open: \.settings.normalization.placement, where: { $0.uses(.bn) },
    help: """
      What BN normalizes; after for relu, else before. Unless units are rectified linear, it starts as the \
      identity.
      """)

  /// All of them.
  package static let all: [RecipeOption] = [
    end, sampling, convention, damping, fourierHigh, fourierLow, fourierPhases, fourierAlpha,
    normalizationPlacement,
  ]
}
