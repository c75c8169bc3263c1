@testable import EvaluateShape

extension AnyProgram {
  static let evaluateShape = AnyProgram(
    command: Options.command, required: ["--mesh=\(mesh)", "--reference=\(mesh)"]
  ) {
    _ = try EvaluationSettings($0)
  }
}
