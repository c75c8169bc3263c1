import ExampleSupport
import Fitting
import INRZoo

extension Options {
  static let damping = RecipeOption(
    "damping",
    .choice { (runs: DampedRuns) in
      switch runs {
      case .adjusted: "those whose residuals are adjusted: iga, full-entk, bands, centered"
      case .all: "every run"
      case .none: "no run, as published"
      }
    }, \.settings.damping, where: { $0.uses(.iga) },
    help: """
      Which runs shorten gradients that suddenly grow; at a constant rate they would throw training back. \
      Those that follow are scaled down, too, less where the rate falls anyway.
      """)
}

extension FitImageSettings {
  /// Which runs are damped, for a report.
  var dampingSentence: String {
    let damped = adjusters.filter(recipe.settings.damps).map(\.name)
    guard !damped.isEmpty else { return "No gradients were damped." }
    guard damped.count < adjusters.count else { return "Gradients that suddenly grew were damped." }
    return "Gradients that suddenly grew were damped in \(damped.joined(separator: ", ")) alone."
  }
}
