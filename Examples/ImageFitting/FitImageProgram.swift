import ExampleSupport
import Fitting
import INRZoo

/// Fits a coordinate network to a picture, with and without gradient adjusters.
package enum FitImageProgram {
  /// Reads the process's arguments, runs the program and ends the process.
  package static func run() -> Never {
    Options.command.run(sharedByRanks: true) { values in
      if case .list? = values[Options.preset] {
        try TextOutput.standardOutput.deliver(PublishedExperiment.listing)
        return
      }
      if try ListOptions.areGiven(by: values) { return try PictureList.perform(values) }
      let values = try CheckpointOptions.continued(values, by: Options.command)
      let settings = try FitImageSettings(values)
      try settings.perform { FitImageReport(settings: settings, results: $0).files }
    }
  }
}
