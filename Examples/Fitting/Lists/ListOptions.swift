import ExampleSupport
import Foundation

/// The options of making many runs with one command.
package enum ListOptions {
  /// The inputs.
  package static let list = Option<URL?>(
    "list", .existingFile(),
    help: """
      A text file with the path of an input on each line, as seen from the file's folder; empty lines and those that \
      begin with # are passed over. Each is fitted in a folder of its own in --output. Runs that are finished are \
      passed over, those that were stopped go on, and runs.jsonl has a line for each.
      """)
  /// How many seeds.
  package static let seeds = Option(
    "seeds", .integer(in: 1...10_000, "N"), default: 1,
    help: "Fits each input with N seeds, from --seed on, each in a folder of its own.")
  /// Which part of the list.
  package static let share = Option(
    "share", shareKind, default: .all,
    help: "Makes the I-th of N parts of the runs, as one of N jobs does that share --output.")
  /// How many at once.
  package static let atOnce = Option<Int?>(
    "at-once", .integer(in: 1...1024, "K"),
    help: """
      Makes K runs at once, each on its part of the cores; small pictures one on each core by default, others one after \
      the other.
      """)

  /// All of them.
  package static let group = OptionGroup("Many runs", list, seeds, share, atOnce)

  private static var shareKind: ValueKind<ListShare> {
    ValueKind(
      placeholder: "I/N", expectation: "as 1/4", describe: { "\($0.index)/\($0.count)" }
    ) { text throws(ValueProblem) in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1,
        index <= count
      else {
        throw ValueProblem(
          "which is no part of a whole", remedy: "give I/N with I from 1 to N, as 1/4")
      }
      return ListShare(index: index, count: count)
    }
  }

  /// Whether a command line asks for many runs.
  ///
  /// - Throws: A failure (64) if it says how many runs are to be shared, and asks for one.
  package static func areGiven(by values: OptionValues) throws(ExampleFailure) -> Bool {
    if values[list] != nil || values[seeds] > 1 { return true }
    for name in [share.name, atOnce.name] where values.gives(named: name) {
      throw .usage("--\(name) is for many runs; give --list or --seeds, or leave it out")
    }
    return false
  }

  /// The inputs of a list, with the lines that they are on.
  ///
  /// - Throws: A failure if the file cannot be read (66), is empty (65), or names a file that is not there (66).
  package static func inputs(in list: URL) throws -> [URL] {
    let text = try String(contentsOf: list, encoding: .utf8)
    var inputs: [URL] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let path = line.trimmingCharacters(in: .whitespacesAndNewlines)
      guard !path.isEmpty, !path.hasPrefix("#") else { continue }
      let file = URL(fileURLWithPath: path, relativeTo: list.deletingLastPathComponent())
      guard FileManager.default.isReadableFile(atPath: file.path) else {
        throw ExampleFailure.noInput(
          "line \(index + 1) of \(list.relativePath) names \(path), which cannot be read; correct the path"
        )
      }
      inputs.append(file.absoluteURL)
    }
    guard !inputs.isEmpty else {
      throw ExampleFailure.badData(
        "--list was given \(list.relativePath), which names no file; write a path on each line")
    }
    return inputs
  }

  /// The runs that a command line asks for.
  ///
  /// - Parameters:
  ///   - values: The command line.
  ///   - input: The name of the option that gives a run its input.
  ///   - seed: The first seed.
  ///   - weights: The name of the option that saves weights, which go to each run's own folder.
  ///   - folder: The folder that receives the runs' folders.
  package static func runs(
    _ values: OptionValues, input: String, seed: Int, weights: String, to folder: URL
  ) throws -> [ListedRun] {
    let files = try values[list].map { try inputs(in: $0) }
    let own = Set(
      group.options.map(\.name) + ["seed", "output", "threads", weights]
        + (files == nil ? [] : [input]))
    let common = values.arguments.filter { argument in
      !own.contains(String(argument.dropFirst(2).prefix { $0 != "=" }))
    }
    var names: Set<String> = []
    let sources: [URL?] = files.map { $0.map(Optional.some) } ?? [nil]
    return sources.flatMap { file in
      // Two files of one name in different folders.
      let stem = file?.deletingPathExtension().lastPathComponent ?? "run"
      var name = stem
      var number = 2
      while !names.insert(name).inserted {
        name = "\(stem)-\(number)"
        number += 1
      }
      return (0..<values[seeds]).map { index in
        let run = values[seeds] > 1 ? "\(name)-seed\(seed + index)" : name
        var arguments = common + ["--seed=\(seed + index)"]
        if let file { arguments.append("--\(input)=\(file.path)") }
        if let path = values.arguments.first(where: { $0.hasPrefix("--\(weights)=") }) {
          let file = URL(fileURLWithPath: String(path.dropFirst(weights.count + 3)))
          let place = folder.appendingPathComponent(run)
            .appendingPathComponent(file.lastPathComponent)
          arguments.append("--\(weights)=\(place.path)")
        }
        return ListedRun(
          name: run, input: file?.path ?? "", seed: seed + index, arguments: arguments)
      }
    }
  }
}
