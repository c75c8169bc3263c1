import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

/// An experiment that runs the recipe's adjusters, each from the same weights.
package protocol AdjusterExperiment: Experiment where Outcome: AdjusterOutcome {
  /// The names of the runs, in order; those of the adjusters by default.
  var runNames: [String] { get }
  /// What to do if no run made a step, and what if some stopped later.
  var remedies: (start: String, later: String) { get }
  /// The part of the summary that `--config` reads; the recipe by default.
  var storedRecipe: (key: String, value: JSONValue) { get }

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
package protocol AdjusterOutcome: ExperimentOutcome {
  /// The adjuster.
  var adjuster: AdjusterChoice { get }
  /// The name of the run; that of the adjuster by default.
  var runName: String { get }
  /// The most memory that tensors of these runs took at once, by a `MemoryMeter`.
  var peakMemoryMegabytes: Double { get }
  /// The line on standard output.
  var line: String { get }
  /// The name of each run, and its failure if it failed.
  var failures: [(name: String, failure: RunFailure?)] { get }
}

extension AdjusterOutcome {
  package var runName: String { adjuster.name }

  package var lines: [String] { [line] }

  /// The median time of a step.
  package var secondsPerStep: Double? { courses.flatMap(\.durations).median }

  /// Seconds spent in all steps of all runs.
  package var trainingSeconds: Double { courses.reduce(0) { $0 + $1.trainingSeconds } }
}

extension AdjusterExperiment {
  /// The adjusters that are compared.
  package var adjusters: [AdjusterChoice] { recipe.adjusters }

  package var runNames: [String] { adjusters.map(\.name) }

  package var storedRecipe: (key: String, value: JSONValue) {
    (RecipeFile.summaryKey, recipe.json)
  }

  /// One for each name.
  package var runCount: Int { runNames.count }

  package func run(in folder: RunFolder) throws -> [Outcome] {
    switch values[TrainingOptions.precision] {
    case .float: try checkedRun(Float.self, in: folder)
    case .double: try checkedRun(Double.self, in: folder)
    }
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

  package func failure(of outcomes: [Outcome]) -> ExampleFailure? {
    RunFailure.summary(
      of: outcomes.flatMap(\.failures), startRemedy: remedies.start, remedy: remedies.later)
  }

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
      storedRecipe.key: storedRecipe.value,
    ]
    return .object(common.merging(subject) { $1 })
  }

  /// A file's name: `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  package func fileName(_ name: String, for adjuster: AdjusterChoice) -> String {
    fileName(name, ofRun: adjuster.name)
  }

  /// A file's name: `name.ext`, or `name-run.ext` if there are several runs.
  package func fileName(_ name: String, ofRun run: String) -> String {
    guard runNames.count > 1, let dot = name.lastIndex(of: ".") else { return name }
    return "\(name[..<dot])-\(run)\(name[dot...])"
  }
}
