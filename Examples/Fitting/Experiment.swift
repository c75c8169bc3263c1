import ExampleSupport
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What a program was asked to run: a recipe with where its results go, checked before any work.
///
/// A program parses its options into one, which runs the recipe's adjusters from the same weights; a report of
/// its own writes the outcomes.
package protocol Experiment {
  /// What came out of one adjuster.
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
  var chosen: [RecipeOption] { get }
  /// What the report shows for an option, by name, where that is not the recipe's part.
  var shown: [String: String] { get }
  /// The fingerprints of inputs that are read from files, by the options that name the files.
  var contents: [String: UInt64] { get }
  /// The names of the runs, in order; those of the adjusters by default.
  var runNames: [String] { get }
  /// What to do if no run made a step, and what if some stopped later.
  var remedies: (start: String, later: String) { get }

  /// Runs each adjuster in turn.
  ///
  /// - Parameter folder: The output folder, for what is written meanwhile.
  func run<Scalar: TensorScalar>(_: Scalar.Type, in folder: RunFolder) throws -> [Outcome]
  /// About how much memory a run with an adjuster takes.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _: Scalar.Type
  ) throws -> MemoryEstimate
}

/// What came out of one adjuster.
package protocol ExperimentOutcome {
  /// The adjuster.
  var adjuster: AdjusterChoice { get }
  /// The name of the run; that of the adjuster by default.
  var runName: String { get }
  /// The losses and times of each run.
  var courses: [TrainingCourse] { get }
  /// The most memory that tensors of these runs took at once, by a `MemoryMeter`.
  var peakMemoryMegabytes: Double { get }
  /// The line on standard output.
  var line: String { get }
  /// The name of each run, and its failure if it failed.
  var failures: [(name: String, failure: RunFailure?)] { get }
}

extension ExperimentOutcome {
  package var runName: String { adjuster.name }

  /// The median time of a step.
  package var secondsPerStep: Double? { courses.flatMap(\.durations).median }

  /// Seconds spent in all steps of all runs.
  package var trainingSeconds: Double { courses.reduce(0) { $0 + $1.trainingSeconds } }
}

extension Experiment {
  /// Runs the experiment, writes its files and prints a line for each adjuster.
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
    let outcomes =
      switch values[TrainingOptions.precision] {
      case .float: try checkedRun(Float.self, in: folder)
      case .double: try checkedRun(Double.self, in: folder)
      }
    let failure = RunFailure.summary(
      of: outcomes.flatMap(\.failures), startRemedy: remedies.start, remedy: remedies.later)
    try folder.finish(
      files(outcomes), lines: outcomes.map(\.line), failure: stop(of: outcomes) ?? failure)
  }

  /// What is said at the end if a run was stopped.
  private func stop(of outcomes: [Outcome]) -> ExampleFailure? {
    guard let course = outcomes.flatMap(\.courses).first(where: { $0.stop != nil }),
      let signal = course.stop
    else { return nil }
    let rest =
      course.isSaved
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

  /// Runs each adjuster in turn, if all find room in memory.
  private func checkedRun<Scalar: TensorScalar>(
    _ type: Scalar.Type, in folder: RunFolder
  ) throws -> [Outcome] {
    if let available = TensorMemory.availableBytes {
      for choice in adjusters {
        let estimate = try memoryEstimate(of: choice, type)
        if estimate.total + MemoryShortage.reserve > available {
          throw MemoryShortage.failure(
            of: choice.name, estimate, available: available,
            options: values.settings.map(\.name))
        }
      }
    }
    return try run(type, in: folder)
  }

  /// Where the results come from.
  package var provenance: Provenance { .current(commandLine: values.commandLine) }

  /// The summary.
  ///
  /// - Parameters:
  ///   - subject: What was fitted.
  ///   - outcomes: What came out; all have their times and memory in it.
  ///   - measured: What else one has.
  /// - Returns: A document.
  package func summary(
    of subject: [String: JSONValue], _ outcomes: [Outcome],
    _ measured: (Outcome) -> [String: JSONValue]
  ) -> JSONValue {
    let results = outcomes.map { outcome in
      let common: [String: JSONValue] = [
        "adjuster": .string(outcome.adjuster.name),
        "seconds_per_step": .number(outcome.secondsPerStep),
        "training_seconds": .number(outcome.trainingSeconds),
        "peak_memory_mb": .number(outcome.peakMemoryMegabytes),
      ]
      return JSONValue.object(common.merging(measured(outcome)) { $1 })
    }
    let common: [String: JSONValue] = [
      "results": .array(results), "settings": reported.json, "made": provenance.json,
    ]
    return .object(common.merging(subject) { $1 })
  }

  package var chosen: [RecipeOption] { [] }

  package var runNames: [String] { adjusters.map(\.name) }

  /// The adjusters that are compared.
  package var adjusters: [AdjusterChoice] { recipe.adjusters }

  /// The number of steps.
  package var steps: Int { recipe.training.steps }

  /// The threads that share the work.
  package var workers: Workers {
    values[TrainingOptions.threads].map { Workers(threads: $0) } ?? Workers()
  }

  /// How many bytes of recordings a step may keep between its sweeps.
  package var recordingBudget: Int { values[TrainingOptions.memory] << 20 }

  /// A file's name: `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  package func fileName(_ name: String, for adjuster: AdjusterChoice) -> String {
    fileName(name, ofRun: adjuster.name)
  }

  /// A file's name: `name.ext`, or `name-run.ext` if there are several runs.
  package func fileName(_ name: String, ofRun run: String) -> String {
    guard runNames.count > 1, let dot = name.lastIndex(of: ".") else { return name }
    return "\(name[..<dot])-\(run)\(name[dot...])"
  }

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
    let arguments = values.arguments.filter {
      !$0.hasPrefix("--\(CheckpointOptions.resume.name)=")
    }
    let encoded = (try? JSONEncoder().encode(arguments)) ?? Data()
    return RunStorage(
      of: name, checkpoints: try CheckpointStore(in: folder).run(folderName),
      former: values[CheckpointOptions.resume].map { CheckpointStore(in: $0).run(folderName) },
      interval: values[CheckpointOptions.every], settings: settings,
      notes: [
        RunNotes.program: values.program, RunNotes.version: PackageVersion.current,
        RunNotes.libraries: NumericalLibraries.current.description,
        RunNotes.arguments: String(decoding: encoded, as: UTF8.self),
      ],
      metrics: GrowingMetrics(try folder.enter(file), columns))
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
