import ExampleSupport
import INRZoo
import TensorKit

/// What a program was asked to run: a recipe with where its results go, checked before any work.
///
/// A program parses its options into one, which makes runs one after the other; a report of its own writes the
/// outcomes. Most compare adjusters: ``AdjusterExperiment``.
package protocol Experiment {
  /// What came out of a run, or of several that belong together.
  associatedtype Outcome: ExperimentOutcome

  /// The command line.
  var values: OptionValues { get }
  /// What is run.
  var recipe: Recipe { get }
  /// Where the results go.
  var folder: OutputFolder { get }
  /// Which files are read and written.
  var plan: FilePlan { get }
  /// The options that stand for parts of the recipe.
  var options: [RecipeOption] { get }
  /// The options whose parts were chosen, as the defaults do not work for what is fitted.
  var chosen: [any OptionDeclaration] { get }
  /// What the report shows for an option, by name, where that is not the recipe's part.
  var shown: [String: String] { get }
  /// The fingerprints of inputs that are read from files, by the options that name the files.
  var contents: [String: UInt64] { get }
  /// How many runs there are if none fails and nobody asks to stop.
  var runCount: Int { get }

  /// Makes all runs.
  ///
  /// - Parameter folder: The output folder, for what is written meanwhile.
  func run(in folder: RunFolder) throws -> [Outcome]
  /// What went wrong in some runs, as one sentence; nil if nothing did.
  func failure(of outcomes: [Outcome]) -> ExampleFailure?
}

/// What came out of a run, or of several that belong together.
package protocol ExperimentOutcome {
  /// The losses and times of each run.
  var courses: [TrainingCourse] { get }
  /// What is printed on standard output.
  var lines: [String] { get }
}

extension Experiment {
  /// Runs the experiment, writes its files and prints the lines of each outcome.
  ///
  /// A wish to stop ends the run that is made, and the files are of what there is.
  ///
  /// - Parameter files: Makes the files of the outcomes, the most precious first.
  /// - Throws: What running throws; at the end a failure if a run failed or was stopped, or a file could not be
  ///   written.
  package func perform(files: ([Outcome]) -> [OutputFile]) throws {
    StopRequest.listen()
    let former = values[CheckpointOptions.resume].map(FileIdentity.init)
    let folder = try folder.claim(
      keepingEarlier: former == FileIdentity(folder.url), for: plan)
    let outcomes = try run(in: folder)
    let end = Result {
      try folder.finish(
        files(outcomes), lines: outcomes.flatMap(\.lines),
        failure: stop(of: outcomes.flatMap(\.courses)) ?? failure(of: outcomes))
    }
    // A failed process ends all others, and the first one still writes.
    try Ranks.group?.wait()
    try end.get()
  }

  /// What is said at the end if a run was stopped, or not begun.
  private func stop(of courses: [TrainingCourse]) -> ExampleFailure? {
    let stopped = courses.first { $0.stop != nil }
    let received = courses.count < runCount ? StopRequest.received : nil
    guard let signal = stopped?.stop ?? received else { return nil }
    let rest =
      (stopped ?? courses.last)?.isSaved == true
      ? "go on with \(values.program) --resume \(OptionValues.quoted(folder.url.relativePath))"
      : "there is no checkpoint to go on from"
    return ExampleFailure(
      "stopped by \(StopRequest.name(of: signal)); \(rest)", exitCode: .stopped(by: signal))
  }

  /// The results of runs that are made one after the other, until the user asks to stop.
  package func untilStopped<Run, Result>(
    _ runs: [Run], _ body: (Run) throws -> Result
  ) rethrows -> [Result] {
    var results: [Result] = []
    for run in runs where results.isEmpty || StopRequest.received == nil {
      results.append(try body(run))
    }
    return results
  }

  /// Where the results come from.
  package var provenance: Provenance { .current(commandLine: values.commandLine) }

  package var chosen: [any OptionDeclaration] { [] }

  /// The number of steps.
  package var steps: Int { recipe.training.steps }

  /// The threads that share the work.
  package var workers: Workers {
    values[TrainingOptions.threads].map { Workers(threads: $0) } ?? Ranks.group?.workers
      ?? Workers()
  }

  /// What works on shards of batches: these threads, or all processes with theirs.
  package var runner: any ShardRunner {
    Ranks.group.map { ProcessGroup($0.communicator, workers: workers) } ?? workers
  }

  /// How many bytes of recordings a step may keep between its sweeps.
  package var recordingBudget: Int { values[TrainingOptions.memory] << 20 }

  /// Where a run's state and metrics are kept while it goes on.
  ///
  /// - Parameters:
  ///   - name: The name of the run, as on the terminal.
  ///   - file: The file of its metrics in the output folder.
  ///   - columns: What a line of them holds.
  ///   - folder: The output folder.
  /// - Throws: A failure if the folder has a file that no run wrote in the place of one of these.
  package func storage(
    of name: String, metrics file: String, _ columns: MetricsColumns, in folder: RunFolder
  ) throws -> RunStorage {
    let folderName = name.replacing(", ", with: "-").replacing(" ", with: "")
    let excluded = CheckpointOptions.mayChange.union(CheckpointOptions.notCompared)
    var settings: [String: String] = [:]
    for setting in reported where !excluded.contains(setting.name) {
      settings[setting.name] = setting.value
    }
    for (option, fingerprint) in contents {
      settings[RunSettings.contentPrefix + option] = String(fingerprint, radix: 16)
    }
    return RunStorage(
      of: name, checkpoints: try CheckpointStore(in: folder).run(folderName),
      former: values[CheckpointOptions.resume].map { CheckpointStore(in: $0).run(folderName) },
      interval: values[CheckpointOptions.every], settings: settings,
      notes: CheckpointOptions.notes(of: values),
      metrics: GrowingMetrics(try folder.enter(file), columns), writes: folder.writes)
  }

  /// The settings for the report, with what the recipe has in the place of what options have.
  package var reported: [Setting] {
    values.settings.map { setting in
      let part = options.first { $0.name == setting.name }?.text(in: recipe)
      let threads = setting.name == "threads" ? "\(workers.threads)" : nil
      let isChosen = chosen.contains { $0.name == setting.name }
      return Setting(
        setting.name, shown[setting.name] ?? part ?? threads ?? setting.value,
        origin: isChosen ? .chosen : setting.origin, group: setting.group)
    }
  }
}

/// Seeds what adjusters draw as they rewrite a network: not the numbers of its initial weights.
package func adjusterSeed(_ seed: Int) -> UInt64 {
  var generator = SeededGenerator(seed: UInt64(seed)).branch(1)
  return generator.next()
}
