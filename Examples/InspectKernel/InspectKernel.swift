import ExampleSupport
import Fitting

/// Looks into networks: kernels, their spectra and eigenvectors, neurons; see `--help`.
@main
enum InspectKernel {
  static func main() {
    Options.command.run(translating: { ExampleFailure(translating: $0) }) { values in
      let settings = try InspectionSettings(values)
      let inspections = try settings.models.map { try settings.inspect($0) }
      try InspectionReport(settings: settings, inspections: inspections).write()
      let path = settings.folder.url.appendingPathComponent("report.html").path
      TextOutput.standardError.writeLine("The report is \(path)")
      for inspection in inspections { print(inspection.line) }
    }
  }
}
