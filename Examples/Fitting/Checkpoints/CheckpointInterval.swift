import ExampleSupport

/// How often a run's state is saved.
package enum CheckpointInterval: Sendable, Equatable {
  /// After every so many steps.
  case steps(Int)
  /// After the first step that ends so many seconds after the last time.
  case seconds(Double)
  /// Never, not even at the end.
  case never

  /// How it is read from a command line.
  package static let kind = ValueKind<CheckpointInterval>(
    placeholder: "N", expectation: "a number of steps, seconds as 60s, or never",
    describe: { interval in
      switch interval {
      case .steps(let steps): "\(steps)"
      case .seconds(let seconds): "\(NumberText.plain(seconds))s"
      case .never: "never"
      }
    }
  ) { text throws(ValueProblem) in
    if text == "never" { return .never }
    if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds > 0, seconds.isFinite {
      return .seconds(seconds)
    }
    if let steps = Int(text), steps > 0 { return .steps(steps) }
    throw ValueProblem(
      "which is no interval", remedy: "give a number of steps, as 500, seconds, as 60s, or never")
  }
}
