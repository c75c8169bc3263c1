import AutoDiff
import ExampleSupport
import Fitting
import INRZoo
import TensorKit

/// What came of looking into a network.
struct InspectionOutcome: ExperimentOutcome {
  let name: ModelKind
  /// What was found out, or why that failed.
  let result: Result<ModelInspection, ExampleFailure>

  /// What was found out; nil if that failed.
  var inspection: ModelInspection? { try? result.get() }
  var courses: [TrainingCourse] { inspection?.courses ?? [] }
  var lines: [String] { inspection.map { [$0.line] } ?? [] }

  /// Why the network was not inspected, as a clause; nil if it was.
  fileprivate var problem: String? {
    guard case .failure(let failure) = result else { return nil }
    return "\(name.rawValue) was not inspected: \(failure.message)"
  }
}

extension InspectionSettings {
  /// One on a line and one on a picture for each network.
  var runCount: Int { 2 * models.count }

  /// Looks into each network in turn.
  ///
  /// - Throws: A failure if none could be inspected; one that has to do with the machine and its files at once.
  func run(in folder: RunFolder) throws -> [InspectionOutcome] {
    let outcomes = try untilStopped(models) { name in
      do {
        return InspectionOutcome(name: name, result: .success(try inspect(name, in: folder)))
      } catch {
        let failure = ExampleFailure(error)
        guard failure.exitCode == .software else { throw failure }
        return InspectionOutcome(name: name, result: .failure(failure))
      }
    }
    if let failure = failure(of: outcomes), outcomes.allSatisfy({ $0.inspection == nil }) {
      throw failure
    }
    return outcomes
  }

  /// Why some networks could not be inspected; nil if all were.
  func failure(of outcomes: [InspectionOutcome]) -> ExampleFailure? {
    let problems = outcomes.compactMap(\.problem)
    return problems.isEmpty ? nil : .software(problems.joined(separator: "; "))
  }

  /// Trains a network on a batch, or goes on from a checkpoint.
  ///
  /// - Parameters:
  ///   - run: The run before its first step.
  ///   - name: The network.
  ///   - signal: What it is trained on, in a word.
  ///   - folder: The output folder.
  ///   - measure: What progress shows.
  ///   - shown: Makes that of a loss.
  ///   - observe: Looks at the model before each step and after the last.
  /// - Throws: A failure if the training came to no end.
  func train<Model: Module<Double>, Findings: Checkpointable>(
    _ run: inout TrainingRun<Model, Findings>, _ name: ModelKind, on signal: String,
    in folder: RunFolder, measure: ProgressMeasure = .loss,
    shown: (Double) -> Double = { $0 },
    observe: (_ run: inout TrainingRun<Model, Findings>, _ isLast: Bool) throws -> Void = { _, _ in
    }
  ) throws {
    let label = "\(name.rawValue), \(signal)"
    var storage = try storage(
      of: label, metrics: Self.metricsFile(of: name, on: signal), MetricsColumns(), in: folder)
    var progress = try run.train(
      Pacing(steps: steps), storage: &storage, label: label,
      measure: measure, shown: shown, observe: observe)
    progress.finish()
    if let failure = run.course.failure {
      throw ExampleFailure.software(
        "its training on the \(signal) \(failure.clause); \(name.constantsRemedy)")
    }
  }

  /// The file of a training's losses.
  static func metricsFile(of name: ModelKind, on signal: String) -> String {
    "metrics-\(signal)-\(name.rawValue).csv"
  }
}
