import ExampleSupport
import GradientAdjusters
import TensorKit

/// The losses and times of a run's steps.
package struct TrainingCourse: Checkpointable {
  /// The loss before each step's update.
  package private(set) var losses: [Double] = []
  /// Seconds of training before each step.
  package private(set) var seconds: [Double] = []
  /// Seconds of each step.
  package private(set) var durations: [Double] = []
  /// What a program measured of the model now and then, and before which step's update.
  package private(set) var evaluations: [(step: Int, value: Double)] = []
  /// What the adjuster published, under each name.
  package private(set) var diagnostics: [DiagnosticCourse] = []
  /// Why the run has no valid end, if it has none.
  package var failure: RunFailure?
  /// The signal that stopped the run before its end, if one did.
  package var stop: Int32?
  /// Whether a run that was stopped has been saved, so that it can go on.
  package var isSaved = false

  /// A course before its first step.
  package init() {}

  mutating func append(_ diagnostic: AdjusterDiagnostic, step: Int) {
    if let index = diagnostics.firstIndex(where: { $0.name == diagnostic.name }) {
      diagnostics[index].append(diagnostic, step: step)
    } else {
      diagnostics.append(DiagnosticCourse(startingWith: diagnostic, step: step))
    }
  }

  mutating func append(_ loss: Double, duration: Double) {
    losses.append(loss)
    seconds.append(trainingSeconds)
    durations.append(duration)
  }

  /// Notes what was measured of the model as it is now.
  package mutating func note(evaluation value: Double) {
    if evaluations.last?.step == losses.count { evaluations.removeLast() }
    evaluations.append((losses.count, value))
  }

  /// What was measured before a step's update; nil if nothing was.
  package func evaluation(before step: Int) -> Double? {
    evaluations.last { $0.step <= step }.flatMap { $0.step == step ? $0.value : nil }
  }

  /// Seconds of training before a step; all of them after the last.
  package func seconds(before step: Int) -> Double {
    step < seconds.count ? seconds[step] : trainingSeconds
  }

  /// Seconds spent in all steps.
  package var trainingSeconds: Double { (seconds.last ?? 0) + (durations.last ?? 0) }

  /// What the name of a run is followed by in a sentence if it was stopped before its end; else nothing.
  package var stopClause: String? {
    stop.map {
      "was stopped by \(StopRequest.name(of: $0)) after \(NumberText.count(losses.count, "step"))"
    }
  }

  /// Shows the losses, the times, what was measured and what adjusters published; a failure and a stop are not carried on.
  package mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&losses, named: "losses")
    try visitor.visit(&seconds, named: "seconds")
    try visitor.visit(&durations, named: "durations")
    try visitor.require(
      seconds.count == losses.count && durations.count == losses.count, of: "seconds",
      "there are \(losses.count) losses and \(seconds.count) times")
    var (steps, values) = (evaluations.map(\.step), evaluations.map(\.value))
    try visitor.visit(&steps, named: "evaluated_steps")
    try visitor.visit(&values, named: "evaluations")
    try visitor.require(
      steps.count == values.count, of: "evaluations",
      "there are \(values.count) at \(steps.count) steps")
    evaluations = zip(steps, values).map { (step: $0, value: $1) }
    try visitor.visit(
      &diagnostics, named: "diagnostics",
      startingFrom: DiagnosticCourse(
        startingWith: AdjusterDiagnostic("", of: "", items: [], columns: []), step: 0))
  }
}
