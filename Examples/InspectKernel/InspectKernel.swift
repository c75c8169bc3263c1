import ExampleSupport
import Fitting

/// Looks into networks: kernels, their spectra and eigenvectors, neurons; see `--help`.
@main
enum InspectKernel {
  static func main() {
    Options.command.run { values in
      let settings = try InspectionSettings(values)
      let folder = try settings.folder.claim(for: settings.plan)
      let (inspections, failure) = try inspections(of: settings)
      if let failure, inspections.isEmpty { throw failure }
      let report = InspectionReport(
        settings: settings, inspections: inspections, failure: failure?.message)
      try folder.finish(report.files, lines: inspections.map(\.line), failure: failure)
    }
  }

  /// What was found out about the networks, and why some could not be looked into.
  private static func inspections(
    of settings: InspectionSettings
  ) throws -> ([ModelInspection], ExampleFailure?) {
    var inspections: [ModelInspection] = []
    var failures: [String] = []
    for name in settings.models {
      do {
        inspections.append(try settings.inspect(name))
      } catch {
        let failure = ExampleFailure(error)
        guard failure.exitCode == .software else { throw failure }
        failures.append("\(name.rawValue) was not inspected: \(failure.message)")
      }
    }
    return (inspections, failures.isEmpty ? nil : .software(failures.joined(separator: "; ")))
  }
}
