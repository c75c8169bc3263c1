import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// Runs an adjuster of one's own against plain training; see `DampedMean` for the adjuster, and `--help`.
@main
enum CustomAdjuster {
  static let share = Option(
    "share", .number(.from(0...1), "S"), default: 0.05,
    help: "The share of the residuals' mean that is left at each step.")
  static let steps = Option(
    "steps", .integer(in: 1..., "N"), default: 300, help: "Steps of training, each on all pixels.")
  static let width = Option(
    "width", .integer(in: 1...4096, "W"), default: 128, help: "Units of each hidden layer.")
  static let seed = Option(
    "seed", .integer(in: 0..., "S"), default: 0, help: "Seeds the initial weights.")
  static let threads = Option(
    "threads", .integer(in: 1...1024, "T"), help: "Processor cores to use; all by default.")

  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: "The folder for checkpoints; nothing else is written.")
  static let every = Option(
    "checkpoint-every", .integer(in: 1..., "N"),
    help: """
      Saves each run's state after every N steps and at its end, in checkpoints/ of the output folder; by default \
      only if it is stopped.
      """)
  static let resume = Option(
    "resume", .existingFolder("DIR"),
    help: """
      Goes on from the checkpoints in an earlier run's output folder, with the settings of that run, which need \
      not be given again.
      """)

  static let command = Command(
    "CustomAdjuster",
    summary: "Compares an adjuster of one's own with plain training, on an embedded picture.",
    discussion: [
      """
      The adjuster takes most of the mean out of the residuals before they are pulled back through the \
      network: forty lines, most of them comments, in Examples/CustomAdjuster/DampedMean.swift. The program \
      checks it as every adjuster should be checked, trains a network with and without it from the \
      same initial weights, in a loop that saves its state and goes on from it, and prints the PSNR of both.
      """
    ],
    groups: [
      OptionGroup("Adjuster", share), OptionGroup("Training", width, steps, seed, threads),
      OptionGroup("Checkpoints", output, every, resume),
    ],
    examples: [UsageExample("CustomAdjuster --share 0.2", "Leave a fifth of the mean:")])

  static func main() {
    command.run { values in
      let values = try CheckpointOptions.continued(values, by: command)
      StopRequest.listen()
      // One that leaves all of the mean is to change nothing.
      let findings = checkConformance(
        of: DampedMean<Double>(leaving: values[share]), expectingChange: values[share] < 1)
      if let finding = findings.first { throw ExampleFailure.software("\(finding)") }

      let signal = PictureSignal<Float>(.procedural(height: 64, width: 96), patch: 8)
      var generator = SeededGenerator(seed: UInt64(values[seed]))
      let network = CoordinateNetwork<Float>.siren(
        inputs: 2, outputs: 3, width: values[width], using: &generator)
      let adjusters: [(name: String, adjuster: any GradientAdjuster<Float>)] = [
        ("none", IdentityAdjuster()),
        ("damped-mean", DampedMean(leaving: Float(values[share]))),
      ]
      for (name, adjuster) in adjusters {
        var trainer = try Trainer(
          network,
          optimizer: Adam(learningRate: .cosine(from: 1e-3, over: values[steps])),
          adjuster: adjuster,
          workers: values[threads].map { Workers(threads: $0) } ?? Workers())
        let psnr = try train(&trainer, on: signal.batch, named: name, values)
        try TextOutput.standardOutput.deliver([
          "adjuster=\(name) psnr=\(NumberText.field(psnr, 3))"
        ])
      }
    }
  }

  /// Makes all steps, or those that are left of a run that was stopped, and returns the PSNR at the end.
  private static func train<Model: Module<Float>>(
    _ trainer: inout Trainer<Model>, on batch: Batch<Float>, named name: String,
    _ values: OptionValues
  ) throws -> Double {
    let run = "checkpoints/\(name)"
    let folder = CheckpointFolder(path: values[output].appendingPathComponent(run).path)
    // What the bits of a run depend on; a state of other settings is refused.
    let settings = [
      "share": "\(values[share])", "width": "\(values[width])", "steps": "\(values[steps])",
      "seed": "\(values[seed])",
    ]
    if let former = values[resume]?.appendingPathComponent(run),
      let (checkpoint, damaged) = try CheckpointFolder(path: former.path).newest()
    {
      for error in damaged { TextOutput.standardError.writeLine("\(error)") }
      if let other = checkpoint.differences(from: settings).first {
        throw ExampleFailure.usage(
          """
          --resume cannot go on with another --\(other): \(name) was run with \
          \(checkpoint.settings[other] ?? "none"), not \(settings[other] ?? "none"); leave it out
          """)
      }
      try trainer.restore(from: checkpoint.state)
      TextOutput.standardError.writeLine("\(name) goes on from step \(trainer.step)")
    }
    func save() throws {
      try folder.save(
        Checkpoint(
          trainer.savedState(), step: trainer.step, settings: settings,
          notes: CheckpointOptions.notes(of: values)))
    }

    var progress = StepProgress(name, steps: values[steps])
    while trainer.step < values[steps], StopRequest.received == nil {
      let loss = try trainer.advance(on: batch)
      progress.update(
        step: trainer.step, value: peakSignalToNoiseRatio(meanSquaredError: loss),
        measuredAfter: trainer.step - 1)
      if let interval = values[every],
        trainer.step.isMultiple(of: interval) || trainer.step == values[steps]
      {
        try save()
      }
    }
    let outputs = try trainer.outputs(for: batch.inputs)
    let psnr = peakSignalToNoiseRatio(of: outputs, against: batch.targets)
    progress.update(step: trainer.step, value: psnr)
    progress.finish()
    if trainer.step < values[steps], let signal = StopRequest.received {
      try save()
      throw ExampleFailure(
        """
        stopped by \(StopRequest.name(of: signal)); go on with CustomAdjuster --resume \
        \(OptionValues.quoted(values[output].relativePath))
        """, exitCode: .stopped(by: signal))
    }
    return psnr
  }
}
