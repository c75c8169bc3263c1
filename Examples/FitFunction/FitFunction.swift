import ExampleSupport
import Fitting

/// Fits a function of one variable, with and without gradient adjusters; see `--help`.
@main
enum FitFunction {
  static func main() {
    Options.command.run { values in
      let settings = try FitFunctionSettings(values)
      let results =
        switch values[Options.precision] {
        case .float: try settings.run(Float.self)
        case .double: try settings.run(Double.self)
        }
      try FitFunctionReport(settings: settings, results: results).write()
      let path = settings.folder.url.appendingPathComponent("report.html").path
      TextOutput.standardError.writeLine("The report is \(path)")
      for result in results { print(result.line) }
      let failure = RunFailure.summary(
        of: results.flatMap { result in
          result.runs.map { (name: settings.runName(result.adjuster, seed: $0.seed), $0.failure) }
        },
        startRemedy: "no step was made, so check --learning-rate and --width",
        remedy: "give a smaller --learning-rate")
      if let failure { throw failure }
    }
  }
}
