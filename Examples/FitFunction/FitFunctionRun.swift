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
  var failure: RunFailure?

  /// The mean over the frequencies of the relative errors at the end.
  var finalError: Double { failure == nil ? errors.last?.mean ?? .nan : .nan }

  /// The loss before each step, and the final one.
  var losses: [Double] { course.losses + (finalLoss.isFinite ? [finalLoss] : []) }
}

/// What came out of fitting the function with one adjuster.
struct FunctionResult {
  let adjuster: AdjusterChoice
  let runs: [FunctionRun]
  let peakMemoryMegabytes: Double
  /// The steps after which errors were recorded.
  let recordedSteps: [Int]

  var finalLoss: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalLoss)) }
  var finalError: MeanWithDeviation? { MeanWithDeviation(of: runs.map(\.finalError)) }
  var secondsPerStep: Double? { runs.flatMap(\.course.durations).median }
  var trainingSeconds: Double { runs.reduce(0) { $0 + $1.course.trainingSeconds } }

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
    let interval = max(1, numbers.steps / 250)
    return Array(stride(from: 0, to: numbers.steps, by: interval)) + [numbers.steps]
  }

  /// Fits the function with each adjuster in turn, from the same initial weights for each seed.
  func run<Scalar: TensorScalar>(_ type: Scalar.Type) throws -> [FunctionResult] {
    let signal = preset.signal(samples: numbers.samples, type)
    return try numbers.adjusters.map { name in
      Machine.resetPeakMemory()
      let runs = try seeds.map { seed in
        switch preset {
        case .circle:
          var generator = SeededGenerator(seed: UInt64(seed))
          let network = TwoLayerRectifierNetwork<Scalar>(
            inputs: 2, width: numbers.width, using: &generator)
          return try run(name, seed: seed, network: network, signal: signal)
        case .sinesOfRectifiers, .sinesOfSines, .steps:
          return try run(
            name, seed: seed, network: coordinateNetwork(seed: seed, type), signal: signal)
        }
      }
      return FunctionResult(
        adjuster: name, runs: runs, peakMemoryMegabytes: Machine.peakMemoryMegabytes(),
        recordedSteps: recordedSteps)
    }
  }

  /// Seeds what adjusters draw as they rewrite a network.
  private func adjusterSeed(_ seed: Int) -> UInt64 {
    var generator = SeededGenerator(seed: UInt64(seed)).branch(1)
    return generator.next()
  }

  private func run<Model: Module>(
    _ name: AdjusterChoice, seed: Int, network: Model, signal: FunctionSignal<Model.Scalar>
  ) throws -> FunctionRun {
    let batch = signal.batch(groupSize: numbers.group)
    let frequencies = FrequencyErrors(of: signal.values, bins: bins)
    var trainer = try Trainer(
      network,
      optimizer: numbers.optimizer.optimizer(
        learningRate: .constant(numbers.learningRate), workers: workers, Model.Scalar.self),
      adjuster: adjuster(name, seed: seed, over: batch.inputs), workers: workers,
      // Not the numbers of the initial weights.
      seed: adjusterSeed(seed))
    var run = FunctionRun(seed: seed, outputs: Tensor(zeros: [signal.sampleCount]))
    func record(_ trainer: Trainer<Model>) throws {
      run.outputs = Tensor(try trainer.outputs(for: batch.inputs)).reshaped(to: [-1])
      run.errors.append(
        frequencies.relativeErrors(of: run.outputs, definition: numbers.errors))
    }
    var progress = StepProgress(
      runName(name, seed: seed), steps: numbers.steps, measure: .loss)
    progress.update(step: 0)
    var recorded = recordedSteps[...]
    do {
      for step in 0..<numbers.steps {
        if recorded.first == step {
          try record(trainer)
          recorded.removeFirst()
        }
        let start = Machine.monotonicSeconds()
        let loss = try trainer.advance(on: batch)
        run.course.append(loss: loss, duration: Machine.monotonicSeconds() - start)
        progress.update(step: step + 1, value: loss, measuredAfter: step)
      }
      try record(trainer)
      let (_, sumOfSquares) = run.outputs.residual(from: signal.values)
      run.finalLoss = sumOfSquares / Double(signal.sampleCount)
      guard run.finalLoss.isFinite else { throw AdjusterError.nonFinite("final output") }
      progress.update(step: numbers.steps, value: run.finalLoss)
    } catch let error as AdjusterError {
      run.failure = RunFailure(step: run.course.losses.count, error: error)
    }
    progress.finish()
    return run
  }
}
