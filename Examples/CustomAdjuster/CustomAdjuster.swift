import AutoDiff
import ExampleSupport
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

  static let command = Command(
    "CustomAdjuster",
    summary: "Compares an adjuster of one's own with plain training, on an embedded picture.",
    discussion: [
      """
      The adjuster takes most of the mean out of the residuals before they are pulled back through the \
      network: forty lines, most of them comments, in Examples/CustomAdjuster/DampedMean.swift. The program \
      checks it as every adjuster should be checked, trains a network with and without it from the \
      same initial weights, and prints the PSNR of both.
      """
    ],
    groups: [
      OptionGroup("Adjuster", share), OptionGroup("Training", width, steps, seed, threads),
    ],
    examples: [UsageExample("CustomAdjuster --share 0.2", "Leave a fifth of the mean:")])

  static func main() {
    command.run { values in
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
        var progress = StepProgress(name, steps: values[steps])
        for step in 0..<values[steps] {
          let loss = try trainer.advance(on: signal.batch)
          progress.update(
            step: step + 1, value: peakSignalToNoiseRatio(meanSquaredError: loss),
            measuredAfter: step)
        }
        let outputs = try trainer.outputs(for: signal.batch.inputs)
        let psnr = peakSignalToNoiseRatio(of: outputs, against: signal.batch.targets)
        progress.update(step: values[steps], value: psnr)
        progress.finish()
        try TextOutput.standardOutput.deliver([
          "adjuster=\(name) psnr=\(NumberText.field(psnr, 3))"
        ])
      }
    }
  }
}
