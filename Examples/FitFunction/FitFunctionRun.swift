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
  /// The relative error at each frequency, for each of the recorded steps.
  var errors: [[Double]] = []
  /// The loss after the last update.
  var finalLoss = Double.nan
  /// The network's values at the end, of shape [samples].
  var outputs: Tensor<Double>
  var failure: RunFailure? { course.failure }

  /// The mean over the frequencies of the relative errors at the end.
  var finalError: Double { failure == nil ? errors.last?.mean ?? .nan : .nan }

  /// The loss before each step, and the final one.
  var losses: [Double] { course.losses + (finalLoss.isFinite ? [finalLoss] : []) }
}

/// What came out of fitting the function with one adjuster.
struct FunctionResult: ExperimentOutcome {
  let adjuster: AdjusterChoice
  let runs: [FunctionRun]
  let failures: [(name: String, failure: RunFailure?)]
  let peakMemoryMegabytes: Double
  /// The steps after which errors were recorded.
  let recordedSteps: [Int]

  var finalLoss: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalLoss)) }
  var finalError: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalError)) }
  var courses: [TrainingCourse] { runs.map(\.course) }
  /// What the adjuster published in the run of the first seed.
  var diagnostics: [DiagnosticCourse] { runs.first?.course.diagnostics ?? [] }

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
  /// After how many steps errors are recorded: about 250 times, and at the end.
  var recordedSteps: [Int] {
    let interval = max(1, steps / 250)
    return Array(stride(from: 0, to: steps, by: interval)) + [steps]
  }

  /// Fits the function with each adjuster in turn, from the same initial weights for each seed.
  func run<Scalar: TensorScalar>(_ type: Scalar.Type) throws -> [FunctionResult] {
    let signal = function.signal(type)
    let meter = MemoryMeter()
    return try adjusters.map { choice in
      let memory = meter.start()
      let runs = try seeds.map { seed in
        try run(choice, seed: seed, network: network(seed: seed, type), signal: signal)
      }
      return FunctionResult(
        adjuster: choice, runs: runs,
        failures: runs.map { (runName(choice, seed: $0.seed), $0.failure) },
        peakMemoryMegabytes: memory(), recordedSteps: recordedSteps)
    }
  }

  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, seed: Int, network: Model, signal: FunctionSignal<Scalar>
  ) throws -> FunctionRun {
    let batch = signal.batch(groupSize: group)
    let frequencies = FrequencyErrors(of: signal.values, bins: bins)
    var trainer = try Trainer(
      network,
      optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(choice, seed: seed, over: batch.inputs), workers: workers,
      recordingBudget: recordingBudget, seed: adjusterSeed(seed))
    var progress = StepProgress(runName(choice, seed: seed), steps: steps, measure: .loss)
    var course = TrainingCourse()
    var run = FunctionRun(seed: seed, outputs: Tensor(zeros: [signal.sampleCount]))
    var recorded = recordedSteps[...]
    try course.train(&trainer, on: batch, steps: steps, progress: &progress) { step, trainer in
      guard recorded.first == step else { return }
      recorded.removeFirst()
      run.outputs = Tensor(try trainer.outputs(for: batch.inputs)).reshaped(to: [-1])
      run.errors.append(
        frequencies.relativeErrors(of: run.outputs, definition: function.errors))
      guard step == steps else { return }
      let (_, sumOfSquares) = run.outputs.residual(from: signal.values)
      run.finalLoss = sumOfSquares / Double(signal.sampleCount)
      guard run.finalLoss.isFinite else { throw AdjusterError.nonFinite("final output") }
    }
    if course.failure == nil { progress.update(step: steps, value: run.finalLoss) }
    progress.finish()
    run.course = course
    return run
  }
}
