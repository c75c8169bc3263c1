import ExampleSupport
import Foundation
import TensorKit

/// Feeds the package's readers with damaged files, and watches that they neither crash nor hang nor allocate
/// without need; `.ci/sanitize` runs it under sanitizers.
@main
enum Fuzzing {
  static let formats = Option(
    repeating: "format", .choice { (_: FuzzedFormat) in "" }, default: FuzzedFormat.allCases,
    help: "What is read.")
  static let count = Option(
    "count", .integer(in: 1..., "N"), default: 2000, help: "Damaged files of each format.")
  static let first = Option(
    "first", .integer(in: 0..., "I"), default: 0,
    help: "The number of the first one, to repeat a failure.")
  static let seed = Option(
    "seed", .integer(in: 0..., "S"), default: 1, help: "Seeds the damage.")
  static let corpus = Option(
    "corpus", .text("DIR"), default: "Tests",
    help: "A folder whose small files are damaged, beside those that the package makes.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output-fuzzing"),
    help: "Where files that make a reader fail are written.")
  static let libFuzzer = Option<Int?>(
    "libfuzzer", .integer(in: 1..., "SECONDS"),
    help: "Lets libFuzzer search instead, for so long, in a build that has it; for one format.")

  static let command = Command(
    "Fuzzing", summary: "Feeds the readers of files with damaged ones.",
    groups: [OptionGroup("Options", formats, count, first, seed, corpus, output, libFuzzer)])

  static func main() {
    command.run { values in
      let corpus = URL(fileURLWithPath: values[corpus])
      var failures = 0
      if values[libFuzzer] == nil { try WrongReaders.requireNotice(output: values[output]) }
      for format in values[formats] {
        let seeds = try SeedFiles.all(of: format, in: corpus)
        var campaign = Campaign(format: format, output: values[output])
        if let seconds = values[libFuzzer] {
          try LibFuzzer.run(format, seeds, seconds: seconds, output: values[output])
          continue
        }
        for (index, bytes) in HostileFiles.all(of: format).enumerated() {
          try campaign.read(bytes, "hostile-\(index)")
        }
        // Undamaged files are read, or refused with an error.
        for (index, bytes) in seeds.enumerated() { try campaign.read(bytes, "seed-\(index)") }
        for index in values[first]..<(values[first] + values[count]) {
          let generator = SeededGenerator(seed: UInt64(values[seed])).branch(UInt64(index))
          var mutator = Mutator(format: format, seeds: seeds, generator: generator)
          try campaign.read(mutator.next(), "\(values[seed])-\(index)")
        }
        print(campaign.summary)
        failures += campaign.failures
        try campaign.finish()
      }
      if failures > 0 {
        throw ExampleFailure.software(
          "\(failures) files were not read as they should be; see \(values[output].relativePath)")
      }
    }
  }
}
