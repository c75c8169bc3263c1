import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo

/// The options of training that several programs have.
package enum TrainingOptions {
  package static let optimizer = RecipeOption(
    "optimizer", .choice { (optimizer: OptimizerKind) in optimizer.about }, \.training.optimizer,
    help: "What moves the weights.")
  package static let learningRate = RecipeOption(
    "learning-rate", .number(.positive, "R"), \.training.learningRate,
    help: "The learning rate at the start.")
  package static let schedule = RecipeOption(
    "schedule", RateSchedule.kind, \.training.schedule,
    help: """
      How the learning rate changes: constant; steps:3000:0.1 (times 0.1 every 3000 steps); \
      once:3000:0.1 (times 0.1 at step 3000); \
      exponential:0.1:5000 (by 0.1 over every 5000 steps, smoothly); cosine (to zero over the whole training), \
      cosine:1000 (over 1000 steps) or cosine:1000:0.03 (to 0.03 of it); epochs:0.1:200 (by 0.1 over every 200 \
      passes over the signal, once in each); falling:0.1 (by 0.1 over the whole training, smoothly).
      """)
  package static let seed = RecipeOption(
    "seed", .integer(in: 0..., "S"), \.training.seed,
    help: "Seeds the initial weights, and all that adjusters draw.")
  package static let seconds = Option(
    "seconds", .number(.positive, "S"),
    help: """
      How much time the steps of each run may take together, in the place of --steps. By default rates then fall \
      along a cosine that ends with the time.
      """)
  package static let memory = Option(
    "memory", .integer(in: 0...1_000_000, "MIB"),
    default: TiledEvaluation<Linear<Float>>.standardRecordingBudget >> 20,
    help: """
      What a step may keep between its sweeps, in MiB. More makes steps that need all outputs first \
      faster; results do not depend on it.
      """)
  package static let threads = Option(
    "threads", .integer(in: 1...1024, "T"),
    help: "Processor cores to use; all by default. The results do not depend on it.")
  package static let precision = Option(
    "precision", .choice { (_: PrecisionName) in "" }, default: .float,
    help: "The numbers to compute with.")
}

/// The number types to compute with.
package enum PrecisionName: String, CaseIterable, Sendable {
  /// Single precision.
  case float
  /// Double precision.
  case double
}

extension RateSchedule {
  /// How it is read from a command line.
  package static let kind = ValueKind<RateSchedule>(placeholder: "S", describe: \.rawValue) {
    text throws(ValueProblem) in
    guard let schedule = RateSchedule(rawValue: text) else {
      throw ValueProblem(
        "which is not a schedule",
        remedy:
          """
          give constant, steps:3000:0.1, once:3000:0.1, exponential:0.1:5000, cosine, cosine:1000, \
          epochs:0.1:200 or falling:0.1
          """
      )
    }
    return schedule
  }
}
