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

  /// Seconds spent in all steps.
  package var trainingSeconds: Double { (seconds.last ?? 0) + (durations.last ?? 0) }

  /// What the name of a run is followed by in a sentence if it was stopped before its end; else nothing.
  package var stopClause: String? {
    stop.map {
      "was stopped by \(StopRequest.name(of: $0)) after \(NumberText.count(losses.count, "step"))"
    }
  }

  /// Shows the losses, the times and what adjusters published; a failure and a stop are not carried on.
  package mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&losses, named: "losses")
    try visitor.visit(&seconds, named: "seconds")
    try visitor.visit(&durations, named: "durations")
    try visitor.require(
      seconds.count == losses.count && durations.count == losses.count, of: "seconds",
      "there are \(losses.count) losses and \(seconds.count) times")
    try visitor.visit(
      &diagnostics, named: "diagnostics",
      startingFrom: DiagnosticCourse(
        startingWith: AdjusterDiagnostic("", of: "", items: [], columns: []), step: 0))
  }
}
