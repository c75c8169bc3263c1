import ExampleSupport
import Fitting
import INRZoo

extension FitImageSettings {
  /// Which runs are damped, for a report.
  var dampingSentence: String {
    let damped = adjusters.filter(recipe.settings.damps).map(\.name)
    guard !damped.isEmpty else { return "No gradients were damped." }
    guard damped.count < adjusters.count else { return "Gradients that suddenly grew were damped." }
    return "Gradients that suddenly grew were damped in \(damped.joined(separator: ", ")) alone."
  }
}
