import ExampleSupport
import Foundation
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
  /// What to do if no run made a step, and what if some stopped later.
  var remedies: (start: String, later: String) { get }

  /// Runs each adjuster in turn.
  func run<Scalar: TensorScalar>(_: Scalar.Type) throws -> [Outcome]
}

/// What came out of one adjuster.
package protocol ExperimentOutcome {
  /// The adjuster.
  var adjuster: AdjusterChoice { get }
  /// The losses and times of each run.
  var courses: [TrainingCourse] { get }
  /// The peak memory of the process during the runs.
  var peakMemoryMegabytes: Double { get }
  /// The line on standard output.
  var line: String { get }
  /// The name of each run, and its failure if it failed.
  var failures: [(name: String, failure: RunFailure?)] { get }
}

extension ExperimentOutcome {
  /// The median time of a step.
  package var secondsPerStep: Double? { courses.flatMap(\.durations).median }

  /// Seconds spent in all steps of all runs.
  package var trainingSeconds: Double { courses.reduce(0) { $0 + $1.trainingSeconds } }
}

extension Experiment {
  /// Runs the experiment, writes its files and prints a line for each adjuster.
  ///
  /// - Parameter files: Makes the files of the outcomes, the most precious first.
  /// - Throws: What running throws; at the end a failure if a run failed or a file could not be written.
  package func perform(files: ([Outcome]) -> [OutputFile]) throws {
    let folder = try folder.claim(for: plan)
    let outcomes =
      switch values[TrainingOptions.precision] {
      case .float: try run(Float.self)
      case .double: try run(Double.self)
      }
    let failure = RunFailure.summary(
      of: outcomes.flatMap(\.failures), startRemedy: remedies.start, remedy: remedies.later)
    try folder.finish(files(outcomes), lines: outcomes.map(\.line), failure: failure)
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
    guard adjusters.count > 1, let dot = name.lastIndex(of: ".") else { return name }
    return "\(name[..<dot])-\(adjuster.name)\(name[dot...])"
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
