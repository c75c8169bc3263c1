import ExampleSupport

/// Measures how well a mesh fits another; see `--help`.
@main
enum EvaluateShape {
  static func main() {
    Options.command.run { values in
      let settings = try EvaluationSettings(values)
      let folder = try settings.folder.claim(for: settings.plan)
      let evaluation = try ShapeEvaluation(settings)
      let report = EvaluationReport(settings: settings, evaluation: evaluation)
      try folder.finish(report.files, lines: [evaluation.line])
    }
  }
}
