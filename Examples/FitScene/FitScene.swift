import ExampleSupport
import Fitting
import INRZoo

/// Fits a radiance field to pictures of a scene, with and without gradient adjusters; see `--help`.
@main
enum FitScene {
  static func main() {
    Options.command.run(sharedByRanks: true) { values in
      let values = try CheckpointOptions.continued(values, by: Options.command)
      let settings = try FitSceneSettings(values)
      try settings.perform { FitSceneReport(settings: settings, results: $0).files }
    }
  }
}
