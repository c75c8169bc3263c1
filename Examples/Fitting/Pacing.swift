import AutoDiff
import INRZoo
import TensorKit

/// How long a run goes on, in steps or in time, and the learning rate that belongs to each step.
package struct Pacing: Sendable {
  /// The number of steps; the largest number for as many as find room in the time.
  package let steps: Int
  /// How much time all steps may take together.
  package let seconds: Double?
  /// Nil where the optimizer has rates of its own.
  private let training: TrainingRecipe?
  private let rates: LearningRateSchedule?

  /// A pace of so many steps, whose learning rates are the optimizer's own.
  package init(steps: Int) {
    self.steps = steps
    (seconds, training, rates) = (nil, nil, nil)
  }

  /// A run's pace.
  ///
  /// - Parameters:
  ///   - steps: The number of steps; nil for as many as find room in the time.
  ///   - seconds: How much time all steps may take together; nil for as much as they need.
  ///   - training: Has the learning rate and its schedule.
  ///   - stepsPerEpoch: How many steps make a pass over the signal.
  package init(
    steps: Int?, seconds: Double?, _ training: TrainingRecipe, stepsPerEpoch: Int = 1
  ) {
    self.steps = steps ?? .max
    self.seconds = seconds
    self.training = training
    rates = training.rates(stepsPerEpoch: stepsPerEpoch)
  }

  /// Which share of the training is done: in time, in steps, or the larger of both where both are given.
  package func share<Model, Findings>(of run: TrainingRun<Model, Findings>) -> Double {
    share(atStep: run.step, after: run.course.trainingSeconds)
  }

  private func share(atStep step: Int, after trainingSeconds: Double) -> Double {
    let ofTime = seconds.map { trainingSeconds / $0 } ?? 0
    let ofSteps = steps == .max ? 0 : Double(step) / Double(max(steps, 1))
    return min(max(ofTime, ofSteps, 0), 1)
  }

  /// Whether it is time to measure the model of a run, where that is done so many times at even shares of the training.
  package func isEvaluationDue<Model, Findings>(
    in run: TrainingRun<Model, Findings>, outOf count: Int
  ) -> Bool {
    guard let last = run.course.evaluations.last?.step else { return true }
    let lastShare = share(atStep: last, after: run.course.seconds(before: last))
    return Int(share(of: run) * Double(count)) > Int(lastShare * Double(count))
  }

  /// Sets the learning rate of a run's next step, whatever optimizer takes it; not where optimizers have their own.
  package func setLearningRate<Model, Findings>(of run: inout TrainingRun<Model, Findings>) {
    guard let training, let rates else { return }
    let rate =
      training.schedule.rate(from: training.learningRate, atShare: share(of: run))
      ?? (rates.hasRate(at: run.step) ? rates(run.step) : .infinity)
    run.learningRate = LearningRateSchedule("that of the run") { _ in rate }
  }
}
