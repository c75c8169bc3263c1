import ExampleSupport

/// Measures this package on this machine; see `--help`.
@main
enum Benchmarks {
  static func main() {
    Options.command.run { values in
      let steps = StepMeasurements(values: values)
      let measurements =
        switch values[Options.work] {
        case .parts: try PartMeasurements(repetitions: values[Options.repetitions]).all()
        case .linearAlgebra:
          try PartMeasurements(repetitions: values[Options.repetitions])
            .linearAlgebra(size: values[Options.samples])
        case .step: [try steps.pictureStep()]
        case .kernel: [try steps.kernel()]
        case .fullKernelStep: [try steps.fullKernelStep()]
        case .volumeStep: [try steps.volumeStep()]
        case .networkStep: [try RadianceMeasurements(values: values).networkStep()]
        case .hashGridStep: [try RadianceMeasurements(values: values).hashGridStep()]
        }
      try TextOutput.standardOutput.deliver(measurements.map(\.line))
    }
  }
}
