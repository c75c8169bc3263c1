import ExampleSupport
import Foundation

/// Compares the runs in a folder: tables of means, spreads and differences, and a page that leads to all reports; see
/// `--help`.
@main
enum CompareRuns {
  static let runs = Option<URL?>(
    "runs", .existingFolder("DIR"),
    help: """
      The folder whose folders are those of runs, such as the --output of FitImage --list. index.html, comparison.csv and \
      runs.csv are written to it.
      """)
  static let measure = Option<String?>(
    "measure", .text("NAME"),
    help: """
      What is compared: a number among the results of summary.json, as psnr, ssim, iou, chamfer_l1, relative_error or \
      seconds_per_step; that of the subject by default.
      """)
  static let baseline = Option<String?>(
    "baseline", .text("WAY"),
    help:
      "What others are compared with, as the first column says it; by default none, or the first of those that begin so."
  )

  static let command = Command(
    "CompareRuns",
    summary: "Compares many runs: means, spreads, and differences on the same signal and seed.",
    discussion: [
      """
      Runs are the folders with a summary.json, in the given folder and in folders within it. Runs that differ in nothing \
      but the signal and the seed are of one way of fitting: an adjuster, and the settings in which runs differ. A table \
      has for each way the mean over signals, the standard deviation between signals and between seeds, and the mean \
      difference from the baseline on the same signal and seed with its standard error. Signals differ more than ways do: \
      it is the difference that tells.
      """,
      "Call it again when there are more runs.",
    ],
    groups: [OptionGroup("Runs", runs), OptionGroup("Comparison", measure, baseline)],
    examples: [
      UsageExample("CompareRuns --runs results", "Compare all runs in the folder results:"),
      UsageExample(
        "CompareRuns --runs results --measure ssim --baseline iga", "Compare their SSIM with IGA's:"
      ),
    ])

  /// The names of the files.
  static let fileNames = ["comparison.csv", "runs.csv", "index.html"]

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
      let tables = try ComparisonTables(
        of: found, measure: values[measure], baseline: values[baseline])
      let page = RunIndex(
        name: url.lastPathComponent, runs: found, tables: tables, commandLine: values.commandLine)
      let files = [
        OutputFile("comparison.csv") { tables.comparison.text },
        OutputFile("runs.csv") { tables.runs.text }, OutputFile("index.html") { page.report.html },
      ]
      try OutputFolder(url).claim(for: FilePlan(names: fileNames)).finish(
        files, lines: tables.lines)
      TextOutput.standardError.writeLine(
        "The page is \(url.appendingPathComponent("index.html").relativePath)")
    }
  }
}
