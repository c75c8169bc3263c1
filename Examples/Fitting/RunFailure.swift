import ExampleSupport
import GradientAdjusters
import TensorKit

/// Why a run has no valid end.
package struct RunFailure: Sendable {
  /// How many steps were made.
  package let step: Int
  /// What went wrong.
  package let error: AdjusterError

  /// A failure after a number of steps.
  package init(step: Int, error: AdjusterError) {
    self.step = step
    self.error = error
  }

  /// Whether the network could not even be differentiated as it was made.
  private var isOfStart: Bool {
    if case .updateNotFinite = error { false } else { step == 0 }
  }

  /// What follows the run's name in a sentence.
  package var clause: String {
    switch error {
    case .nonFinite(let what, _): "diverged at step \(step), where the \(what) is not finite"
    case .updateNotFinite(let parameter, _):
      "diverged at step \(step), whose update would make \(parameter) infinite"
    default: "stopped at step \(step): \(error.description.dropLast())"
    }
  }

  /// The failure of all runs that failed, as one sentence; nil if none did.
  ///
  /// - Parameters:
  ///   - runs: The name of each run and its failure, if it failed.
  ///   - startRemedy: What to check if no run made a step.
  ///   - remedy: What to do otherwise.
  package static func summary(
    of runs: [(name: String, failure: RunFailure?)], startRemedy: String, remedy: String
  ) -> ExampleFailure? {
    let failed = runs.compactMap { run in run.failure.map { (run.name, $0) } }
    if failed.isEmpty { return nil }
    let clauses = failed.map { "\($0) \($1.clause)" }.joined(separator: ", and ")
    return .software("\(clauses); \(failed.allSatisfy(\.1.isOfStart) ? startRemedy : remedy)")
  }
}
