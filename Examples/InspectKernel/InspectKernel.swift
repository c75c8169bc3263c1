import ExampleSupport
import Fitting

/// Looks into networks: kernels, their spectra and eigenvectors, neurons; see `--help`.
@main
enum InspectKernel {
  static func main() {
    Options.command.run { values in
      let values = try CheckpointOptions.continued(values, by: Options.command)
      let settings = try InspectionSettings(values)
      TextOutput.standardError.writeLine(settings.durationSentence)
      try settings.perform { outcomes in
        InspectionReport(
          settings: settings, inspections: outcomes.compactMap(\.inspection),
          failure: settings.failure(of: outcomes)?.message
        ).files
      }
    }
  }
}
