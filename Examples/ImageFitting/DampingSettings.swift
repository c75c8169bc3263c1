import ExampleSupport
import GradientAdjusters
import TensorKit

/// Which runs have gradients that suddenly grow damped.
enum DampedRuns: String, CaseIterable, Sendable {
  case adjusted, all, none
}

extension Options {
  static let damping = Option(
    "damping",
    .choice { (runs: DampedRuns) in
      switch runs {
      case .adjusted: "those whose residuals are adjusted: iga, full-entk, bands, centered"
      case .all: "every run"
      case .none: "no run, as published"
      }
    }, default: .adjusted,
    help: """
      Which runs shorten gradients that suddenly grow; at a constant rate they would throw training back. \
      Those that follow are scaled down, too, less where the rate falls anyway.
      """)
}

extension FitImageSettings {
  /// What damps the gradients of a run beside its adjusters; nil if nothing does.
  func damping<Scalar: TensorScalar>(of choice: AdjusterChoice) -> BurstDamping<Scalar>? {
    // By itself, it is part of the choice.
    isDamped(choice) && !choice.contains(.damped) ? burstDamping() : nil
  }

  /// Damping for the learning rates of the runs: in proportion to bursts where they fall anyway.
  func burstDamping<Scalar: TensorScalar>() -> BurstDamping<Scalar> {
    BurstDamping(isProportional: values[Options.schedule] != .constant)
  }

  /// Whether a run's gradients are damped.
  func isDamped(_ choice: AdjusterChoice) -> Bool {
    if choice.contains(.damped) { return true }
    return switch values[Options.damping] {
    case .adjusted: choice.parts.contains { $0.adjustsResiduals }
    case .all: true
    case .none: false
    }
  }

  /// Which runs are damped, for a report.
  var dampingSentence: String {
    let damped = adjusters.filter(isDamped).map(\.name)
    guard !damped.isEmpty else { return "No gradients were damped." }
    guard damped.count < adjusters.count else { return "Gradients that suddenly grew were damped." }
    return "Gradients that suddenly grew were damped in \(damped.joined(separator: ", ")) alone."
  }
}
