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
  /// The options that stand for parts of the recipe.
  var options: [RecipeOption] { get }
  /// What the report shows for an option, by name, where that is not the recipe's part.
  var shown: [String: String] { get }
  /// What to do if no run made a step, and what if some stopped later.
  var remedies: (start: String, later: String) { get }

  /// Runs each adjuster in turn.
  func run<Scalar: TensorScalar>(_: Scalar.Type) throws -> [Outcome]
  /// About how much memory a run with an adjuster takes.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _: Scalar.Type
  ) throws -> MemoryEstimate
}

/// What came out of one adjuster.
package protocol ExperimentOutcome {
  /// The adjuster.
  var adjuster: AdjusterChoice { get }
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
  /// The median time of a step.
  package var secondsPerStep: Double? { courses.flatMap(\.durations).median }

  /// Seconds spent in all steps of all runs.
  package var trainingSeconds: Double { courses.reduce(0) { $0 + $1.trainingSeconds } }
}

extension Experiment {
  /// Runs the experiment, writes its report and prints a line for each adjuster.
  ///
  /// - Parameter report: Writes the report.
  /// - Throws: What running and writing throws, and at the end a failure if a run failed.
  package func perform(report: ([Outcome]) throws -> Void) throws {
    let outcomes =
      switch values[TrainingOptions.precision] {
      case .float: try checkedRun(Float.self)
      case .double: try checkedRun(Double.self)
      }
    try report(outcomes)
    folder.announceReport(with: outcomes.map(\.line))
    let failure = RunFailure.summary(
      of: outcomes.flatMap(\.failures), startRemedy: remedies.start, remedy: remedies.later)
    if let failure { throw failure }
  }

  /// Runs each adjuster in turn, if all find room in memory.
  private func checkedRun<Scalar: TensorScalar>(_ type: Scalar.Type) throws -> [Outcome] {
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
    return try run(type)
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

  /// `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  package func fileName(
    _ name: String, _ pathExtension: String, for adjuster: AdjusterChoice
  ) -> String {
    adjusters.count == 1
      ? "\(name).\(pathExtension)" : "\(name)-\(adjuster.name).\(pathExtension)"
  }

  /// The settings for the report, with what the recipe has in the place of what options have.
  package var reported: [Setting] {
    values.settings.map { setting in
      let part = options.first { $0.name == setting.name }?.text(in: recipe)
      let threads = setting.name == "threads" ? "\(workers.threads)" : nil
      return Setting(
        setting.name, shown[setting.name] ?? part ?? threads ?? setting.value,
        isGiven: setting.isGiven, group: setting.group)
    }
  }
}

/// Seeds what adjusters draw as they rewrite a network: not the numbers of its initial weights.
package func adjusterSeed(_ seed: Int) -> UInt64 {
  var generator = SeededGenerator(seed: UInt64(seed)).branch(1)
  return generator.next()
}
