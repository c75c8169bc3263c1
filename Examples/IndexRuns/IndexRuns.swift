import ExampleSupport
import Foundation

/// Writes a page over the runs in a folder: links to their reports and key figures; see `--help`.
@main
enum IndexRuns {
  static let runs = Option<URL?>(
    "runs", .existingFolder("DIR"),
    help: "The folder whose folders are those of runs; the page is written to it.")

  static let command = Command(
    "IndexRuns",
    summary: "Writes a page over many runs: their reports, and key figures beside each other.",
    discussion: [
      """
      Runs are the folders with a summary.json, in the given folder and in folders within it. They are listed by what \
      was fitted, the best first. Call it again when there are more.
      """
    ],
    groups: [OptionGroup("Runs", runs)],
    examples: [UsageExample("IndexRuns --runs results", "List all runs in the folder results:")])

  /// The page's name.
  static let fileName = "index.html"

  static func main() {
    command.run { values in
      guard let url = values[runs] else {
        throw ExampleFailure.usage("--runs is missing; give a folder with folders of runs")
      }
      let (found, unread) = try RunSummary.all(in: url)
      for sentence in unread { TextOutput.standardError.writeLine(sentence) }
      guard !found.isEmpty else {
        throw ExampleFailure.noInput(
          """
          --runs was given "\(url.relativePath)", in which no folder has a summary.json that can be read; give the \
          folder that the output folders of runs are in
          """)
      }
      let page = RunIndex(
        name: url.lastPathComponent, runs: found, commandLine: values.commandLine)
      let file = OutputFile(fileName) { page.report.html }
      try OutputFolder(url).claim(for: FilePlan(names: [fileName])).finish([file], lines: [])
      TextOutput.standardError.writeLine(
        "The page is \(url.appendingPathComponent(fileName).relativePath)")
    }
  }
}
