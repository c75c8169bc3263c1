import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// One run from the initial weights of one seed.
struct FunctionRun {
  let seed: Int
  var course = TrainingCourse()
  /// The relative errors at recorded steps.
  var findings = FunctionFindings()
  /// The loss after the last update.
  var finalLoss = Double.nan
  /// Writes the weights of the best step to a path; nil if they were not kept.
  var writeBestWeights: ((_ path: String) throws -> Void)?
  /// The network's values at the end, of shape [samples].
  var outputs: Tensor<Double>
  var failure: RunFailure? { course.failure }
  /// The relative error at each frequency, for each of the recorded steps.
  var errors: [[Double]] { findings.errors }

  /// The mean over the frequencies of the relative errors at the end.
  var finalError: Double { failure == nil ? errors.last?.mean ?? .nan : .nan }

  /// The loss before each step, and the final one.
  var losses: [Double] { course.losses + (finalLoss.isFinite ? [finalLoss] : []) }
}

/// The relative errors of a network that is fitted to a function: at all steps of a short run, and at every
/// second, fourth and so on of a longer one.
struct FunctionFindings: Checkpointable {
  /// The recorded steps.
  private(set) var steps: [Int] = []
  /// The relative error at each frequency, for each of them.
  private(set) var errors: [[Double]] = []
  private var interval = 1
  /// How many there are at most, the last one aside.
  private static let most = 251

  /// Whether errors are to be recorded after a number of steps.
  func isDue(at step: Int) -> Bool { step.isMultiple(of: interval) }

  /// Notes the errors after a number of steps, if they are due, or the last ones.
  mutating func record(_ errors: [Double], at step: Int, isLast: Bool) {
    if isDue(at: step), steps.count >= Self.most {
      interval *= 2
      let kept = steps.indices.filter { isDue(at: steps[$0]) }
      (steps, self.errors) = (kept.map { steps[$0] }, kept.map { self.errors[$0] })
    }
    guard isLast || isDue(at: step) else { return }
    steps.append(step)
    self.errors.append(errors)
  }

  /// Shows the steps and the errors.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&interval, named: "interval")
    try visitor.visit(&steps, named: "steps")
    var numbers = errors.flatMap(\.self)
    try visitor.visit(&numbers, named: "errors")
    try visitor.require(
      interval > 0 && (steps.isEmpty ? numbers.isEmpty : numbers.count % steps.count == 0),
      of: "errors", "there are \(numbers.count) for \(steps.count) steps")
    let count = steps.isEmpty ? 0 : numbers.count / steps.count
    errors = steps.indices.map { Array(numbers[($0 * count)..<(($0 + 1) * count)]) }
  }
}

/// What came out of fitting the function with one adjuster.
struct FunctionResult: AdjusterOutcome {
  let adjuster: AdjusterChoice
  let runs: [FunctionRun]
  let failures: [(name: String, failure: RunFailure?)]
  let peakMemoryMegabytes: Double
  /// The steps after which errors were recorded, in the run that went furthest.
  var recordedSteps: [Int] { runs.map(\.findings.steps).max { $0.count < $1.count } ?? [] }

  var finalLoss: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalLoss)) }
  var finalError: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalError)) }
  var courses: [TrainingCourse] { runs.map(\.course) }

  /// The mean over the runs of the relative error at a frequency, for each recorded step.
  func meanErrors(atFrequency index: Int) -> [Double] {
    SeriesSpread(of: runs.map { $0.errors.map { $0[index] } }).mean
  }

  /// The line on standard output.
  var line: String {
    """
    adjuster=\(adjuster.name) loss=\(number(finalLoss?.mean)) error=\(number(finalError?.mean)) \
    seconds_per_step=\(NumberText.field(secondsPerStep, 6)) \
    peak_memory_mb=\(NumberText.field(peakMemoryMegabytes, 1))
    """
  }

  /// Six significant digits, as losses span many orders.
  private func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return NumberText.field(value, 0) }
    return String(format: "%.6g", value)
  }
}

extension FitFunctionSettings {
  /// Fits the function with each adjuster in turn, from the same initial weights for each seed.
  func run<Scalar: TensorScalar>(
    _ type: Scalar.Type, in folder: RunFolder
  ) throws -> [FunctionResult] {
    let signal = function.signal(type)
    let meter = MemoryMeter()
    return try untilStopped(adjusters) { choice in
      let memory = meter.start()
      let runs = try untilStopped(Array(seeds)) { seed in
        try run(choice, seed: seed, network: network(seed: seed, type), signal: signal, in: folder)
      }
      return FunctionResult(
        adjuster: choice, runs: runs,
        failures: runs.map { (runName(choice, seed: $0.seed), $0.failure) },
        peakMemoryMegabytes: memory())
    }
  }

  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, seed: Int, network: Model, signal: FunctionSignal<Scalar>,
    in folder: RunFolder
  ) throws -> FunctionRun {
    let batch = signal.batch(groupSize: group)
    let frequencies = FrequencyErrors(of: signal.values, bins: bins)
    let trainer = try Trainer(
      network,
      optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(choice, seed: seed, over: batch.inputs), runner: runner,
      recordingBudget: recordingBudget, seed: adjusterSeed(seed))
    let name = runName(choice, seed: seed)
    var training = TrainingRun(
      trainer, on: WholeBatch(batch), findings: FunctionFindings(),
      keepsBest: values[CheckpointOptions.keepBest])
    var storage = try storage(
      of: name, metrics: fileName("metrics.csv", for: choice, seed: seed), MetricsColumns(),
      in: folder)
    var run = FunctionRun(seed: seed, outputs: Tensor(zeros: [signal.sampleCount]))
    var progress = try training.train(
      Pacing(steps: steps, seconds: nil, recipe.training), storage: &storage, label: name,
      measure: .loss
    ) { training, isLast in
      guard isLast || training.findings.isDue(at: training.step) else { return }
      run.outputs = Tensor(try training.trainer.outputs(for: batch.inputs)).reshaped(to: [-1])
      training.findings.record(
        frequencies.relativeErrors(of: run.outputs, definition: function.errors),
        at: training.step, isLast: isLast)
      guard isLast else { return }
      let (_, sumOfSquares) = run.outputs.residual(from: signal.values)
      run.finalLoss = sumOfSquares / Double(signal.sampleCount)
      guard run.finalLoss.isFinite else { throw AdjusterError.nonFinite("final output") }
      training.noteFinal(loss: run.finalLoss)
    }
    if training.course.failure == nil {
      progress.update(step: training.step, value: run.finalLoss)
    }
    progress.finish()
    (run.course, run.findings) = (training.course, training.findings)
    run.writeBestWeights = training.best.map { best in { try best.model.writeWeights(to: $0) } }
    return run
  }
}
