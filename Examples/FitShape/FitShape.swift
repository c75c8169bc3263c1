import ExampleSupport
import Fitting
import INRZoo

/// Fits a shape in space, with and without gradient adjusters; see `--help`.
@main
enum FitShape {
  static func main() {
    Options.command.run { values in
      let values = try CheckpointOptions.continued(values, by: Options.command)
      let settings = try FitShapeSettings(values)
      try settings.perform { FitShapeReport(settings: settings, results: $0).files }
    }
  }
}
