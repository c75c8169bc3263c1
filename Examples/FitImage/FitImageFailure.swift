import ExampleSupport
import GradientAdjusters

/// Why a run has no valid end.
struct FitImageFailure {
  /// How many steps were made.
  let step: Int
  /// What went wrong.
  let error: AdjusterError

  /// What follows the adjuster's name in a sentence.
  var clause: String {
    switch error {
    case .nonFinite(let what): "diverged at step \(step), where the \(what) is not finite"
    default: "stopped at step \(step): \(error.description.dropLast())"
    }
  }

  /// The failure of all runs that failed, as one sentence; nil if none did.
  static func summary(of results: [FitImageResult]) -> ExampleFailure? {
    let failed = results.compactMap { result in result.failure.map { (result.adjuster, $0) } }
    if failed.isEmpty { return nil }
    let clauses = failed.map { "\($0.name) \($1.clause)" }.joined(separator: ", and ")
    let remedy =
      failed.allSatisfy { $1.step == 0 }
      ? "no step was made, so check --omega and --initial-weights"
      : "give a smaller --learning-rate, or a --schedule that lowers it"
    return .software("\(clauses); \(remedy)")
  }
}
