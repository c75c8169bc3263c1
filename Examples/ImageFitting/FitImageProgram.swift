import ExampleSupport
import Fitting
import Foundation

/// Fits a coordinate network to a picture, with and without gradient adjusters.
public enum FitImageProgram {
  /// Reads the process's arguments, runs the program and ends the process.
  public static func run() -> Never {
    Options.command.run { values in
      if values[Options.preset] == .list {
        print(ImagePreset.listing)
        return
      }
      let settings = try FitImageSettings(ImagePreset.applied(to: values))
      let results =
        switch values[Options.precision] {
        case .float: try settings.run(Float.self)
        case .double: try settings.run(Double.self)
        }
      try FitImageReport(settings: settings, results: results).write()
      let path = settings.folder.url.appendingPathComponent("report.html").path
      TextOutput.standardError.writeLine("The report is \(path)")
      for result in results { print(result.line) }
      if let failure = FitImageResult.failure(of: results) { throw failure }
    }
  }
}
