import ExampleSupport
import Fitting
import INRZoo

/// Fits a shape in space, with and without gradient adjusters; see `--help`.
@main
enum FitShape {
  static func main() {
    Options.command.run(sharedByRanks: true) { values in
      // The default schedule ends with the steps that the run began with, or with its time.
      let values = try CheckpointOptions.continued(values, by: Options.command) { values in
        values[TrainingOptions.seconds] == nil ? [TrainingOptions.schedule] : []
      }
      let settings = try FitShapeSettings(values)
      try settings.perform { FitShapeReport(settings: settings, results: $0).files }
    }
  }
}
