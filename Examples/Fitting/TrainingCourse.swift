import AutoDiff
import ExampleSupport
import GradientAdjusters

/// The losses and times of a run's steps.
package struct TrainingCourse: Sendable {
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

  /// A course before its first step.
  package init() {}

  /// Trains for some steps, or until a step fails.
  ///
  /// - Parameters:
  ///   - trainer: The model in training.
  ///   - batch: What it is trained on.
  ///   - steps: The number of steps.
  ///   - progress: Shows how far it is.
  ///   - loss: Makes the loss that is noted of the one that is trained.
  ///   - shown: Makes the measure that is shown of the noted loss.
  ///   - observe: Looks at the model after a number of steps: before each step, and after the last.
  /// - Throws: What observing throws; an `AdjusterError` ends the run and becomes its failure.
  package mutating func train<Model: Module>(
    _ trainer: inout Trainer<Model>, on batch: Batch<Model.Scalar>, steps: Int,
    progress: inout StepProgress, loss: (Double) -> Double = { $0 },
    shown: (Double) -> Double = { $0 },
    observe: (_ step: Int, _ trainer: Trainer<Model>) throws -> Void
  ) throws {
    progress.update(step: 0)
    do {
      for step in 0..<steps {
        try observe(step, trainer)
        let start = Machine.monotonicSeconds()
        let noted = loss(try trainer.advance(on: batch))
        append(noted, duration: Machine.monotonicSeconds() - start)
        for diagnostic in trainer.adjuster.diagnostics { append(diagnostic, step: step) }
        progress.update(step: step + 1, value: shown(noted), measuredAfter: step)
      }
      try observe(steps, trainer)
    } catch let error as AdjusterError {
      failure = RunFailure(step: losses.count, error: error)
    }
  }

  private mutating func append(_ diagnostic: AdjusterDiagnostic, step: Int) {
    if let index = diagnostics.firstIndex(where: { $0.name == diagnostic.name }) {
      diagnostics[index].append(diagnostic, step: step)
    } else {
      diagnostics.append(DiagnosticCourse(startingWith: diagnostic, step: step))
    }
  }

  private mutating func append(_ loss: Double, duration: Double) {
    losses.append(loss)
    seconds.append(trainingSeconds)
    durations.append(duration)
  }

  /// Seconds spent in all steps.
  package var trainingSeconds: Double { (seconds.last ?? 0) + (durations.last ?? 0) }
}
