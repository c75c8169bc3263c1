import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Many pictures, or many seeds, with one command.
enum PictureList {
  /// Pictures of at most so many pixels are fitted side by side: a step on one is too short for several threads.
  private static let smallPixels = 256 * 256

  /// Makes all runs that a command line asks for.
  ///
  /// - Throws: At the end, a failure if a run failed or all were stopped.
  static func perform(_ values: OptionValues) throws {
    if values.gives(CheckpointOptions.resume) {
      throw ExampleFailure.usage(
        "--resume cannot be combined with --list and --seeds, which go on by themselves; leave it out"
      )
    }
    if Ranks.group != nil {
      throw ExampleFailure.usage(
        "--list and --seeds are for one process; start a job for each --share I/N instead of mpirun"
      )
    }
    let seed: Int = values.given(TrainingOptions.seed) ?? Recipe.picture.training.seed
    let list = try ListOptions.runs(
      values, input: Options.image.name, seed: seed, weights: WeightOptions.saved.name,
      to: values[Options.output])
    let cores = values[TrainingOptions.threads] ?? Workers.availableCores
    let sideBySide = try isSmall(list, values) ? cores : 1
    let atOnce = min(values[ListOptions.atOnce] ?? sideBySide, list.count)
    guard let program = Bundle.main.executableURL else {
      throw ExampleFailure.software("the program does not find its own file, to start runs")
    }
    StopRequest.listen()
    let outcome = try RunList(
      program: program, folder: values[Options.output], list: list,
      share: values[ListOptions.share], atOnce: atOnce, threads: max(1, cores / atOnce)
    ).perform()
    try TextOutput.standardOutput.deliver([
      """
      finished=\(outcome.finished) passed_over=\(outcome.passedOver) failed=\(outcome.failed.count) \
      record=\(values[Options.output].appendingPathComponent(values[ListOptions.share].recordName).relativePath)
      """
    ])
    if let signal = outcome.stop {
      throw ExampleFailure(
        "stopped by \(StopRequest.name(of: signal)); the same command goes on",
        exitCode: .stopped(by: signal))
    }
    if !outcome.failed.isEmpty {
      throw ExampleFailure.software(
        """
        \(NumberText.count(outcome.failed.count, "run")) of \(list.count) failed: \
        \(outcome.failed.prefix(8).joined(separator: ", "))\(outcome.failed.count > 8 ? " and others" : ""); \
        see runs.jsonl and the logs beside it
        """)
    }
  }

  /// Whether the first picture has few pixels.
  private static func isSmall(_ list: [ListedRun], _ values: OptionValues) throws -> Bool {
    guard let path = list.first?.input, !path.isEmpty else { return true }
    let picture = try Picture(contentsOf: path)
    let side = values[Options.downscale]
    return (picture.height / side) * (picture.width / side) <= smallPixels
  }
}
