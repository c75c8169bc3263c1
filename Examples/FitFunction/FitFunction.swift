import ExampleSupport
import Fitting

/// Fits a function of one variable, with and without gradient adjusters; see `--help`.
@main
enum FitFunction {
  static func main() {
    Options.command.run(sharedByRanks: true) { values in
      let values = try CheckpointOptions.continued(values, by: Options.command)
      let settings = try FitFunctionSettings(values)
      try settings.perform { FitFunctionReport(settings: settings, results: $0).files }
    }
  }
}
