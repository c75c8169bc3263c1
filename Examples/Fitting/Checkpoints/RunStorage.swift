import ExampleSupport
import Foundation
import TensorKit

/// Where a run's state and its metrics are kept while it goes on.
package struct RunStorage: Sendable {
  /// The name of the run, as on the terminal.
  private let name: String
  private let checkpoints: CheckpointFolder
  /// Where the run began, if it goes on.
  private let former: CheckpointFolder?
  private let interval: CheckpointInterval
  private let settings: [String: String]
  private let notes: [String: String]
  private var metrics: GrowingMetrics
  private let writes: Bool
  private var savedStep: Int?
  private var lastTime = Machine.monotonicSeconds()
  private var hasWarned = false
  private var hasStarted = false

  /// The storage of a run.
  ///
  /// - Parameters:
  ///   - name: The name of the run, as on the terminal.
  ///   - checkpoints: Where its states go.
  ///   - former: Where it goes on from; nil if it begins.
  ///   - interval: How often states are saved.
  ///   - settings: What must be the same for a run to go on.
  ///   - notes: What else is noted.
  ///   - metrics: What grows by a line with each step.
  ///   - writes: Whether anything is written: not by a process that leaves it to another.
  init(
    of name: String, checkpoints: CheckpointFolder, former: CheckpointFolder?,
    interval: CheckpointInterval, settings: [String: String], notes: [String: String],
    metrics: GrowingMetrics, writes: Bool
  ) {
    self.name = name
    self.checkpoints = checkpoints
    self.former = former
    self.interval = interval
    self.settings = settings
    self.notes = notes
    self.metrics = metrics
    self.writes = writes
  }

  /// Restores a run from its newest checkpoint, if it goes on and there is one, and begins its metrics; once only.
  package mutating func start<Model, Findings>(
    _ run: inout TrainingRun<Model, Findings>
  ) throws {
    if hasStarted { return }
    hasStarted = true
    if let former, let (checkpoint, damaged) = try former.newest() {
      for error in damaged {
        say("\(error.description.dropLast()); going on from step \(checkpoint.step)")
      }
      try refuseDifferences(checkpoint)
      do {
        try run.restore(from: checkpoint.state)
      } catch let error as StateError {
        throw ExampleFailure.badData(
          """
          the checkpoint of step \(checkpoint.step) in \(former.path) does not fit this program: \
          \(error.description.dropLast()); resume with the version that wrote it, \
          \(checkpoint.notes[RunNotes.version] ?? "unknown")
          """)
      }
      if let other = checkpoint.notes[RunNotes.libraries], other != notes[RunNotes.libraries] {
        say("\(name) was computed with \(other) so far; last bits may be others from here on")
      }
      if former.path == checkpoints.path { savedStep = checkpoint.step }
      say("\(name) goes on from step \(checkpoint.step)")
    }
    // The first process may replace what others still read.
    try Ranks.group?.wait()
    if writes { metrics.start(with: run.course) }
  }

  /// Notes that a step has been made, and saves the state if that is due.
  mutating func noteStep<Model, Findings>(of run: TrainingRun<Model, Findings>) {
    metrics.append(run.course)
    let isDue =
      switch interval {
      case .steps(let steps): run.step.isMultiple(of: steps)
      case .seconds(let seconds): Machine.monotonicSeconds() - lastTime >= seconds
      case .never: false
      }
    if isDue { save(run) }
  }

  /// Saves the state of a run that has come to its end, was stopped or failed.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - evenIfNever: Whether it is saved even if no checkpoints are wanted.
  /// - Returns: Whether it is saved.
  @discardableResult
  mutating func finish<Model, Findings>(
    _ run: TrainingRun<Model, Findings>, evenIfNever: Bool = false
  ) -> Bool {
    metrics.flush()
    if evenIfNever || interval != .never { save(run) }
    return savedStep == run.step
  }

  private mutating func save<Model, Findings>(_ run: TrainingRun<Model, Findings>) {
    guard writes, savedStep != run.step else { return }
    do {
      let state = try run.savedState()
      try checkpoints.save(
        Checkpoint(state, step: run.step, settings: settings, notes: notes))
      savedStep = run.step
    } catch {
      // Training is worth more than its copy; a later one may succeed.
      if !hasWarned {
        say("no checkpoint of \(name) could be written: \(ExampleFailure(error).message)")
      }
      hasWarned = true
    }
    lastTime = Machine.monotonicSeconds()
  }

  private func refuseDifferences(_ checkpoint: Checkpoint) throws(ExampleFailure) {
    let names = checkpoint.differences(from: settings)
    guard !names.isEmpty else { return }
    let clauses = names.map { name in
      let (former, now) = (checkpoint.settings[name] ?? "none", settings[name] ?? "none")
      return name.droppingExactPrefix(RunSettings.contentPrefix).map {
        "another file for --\($0)"
      } ?? "--\(name) \(former), not \(now)"
    }
    throw .usage(
      """
      --resume cannot go on with other settings: \(name) was run with \(clauses.joined(separator: ", ")); \
      leave these options out, or start anew without --resume
      """)
  }

  private func say(_ sentence: String) { TextOutput.standardError.writeLine(sentence) }
}

/// The settings of a run that its checkpoints hold.
enum RunSettings {
  /// What begins the name of a file's contents, before the name of its option.
  static let contentPrefix = "contents of "
}
