import Testing

@testable import CustomAdjuster
@testable import ExampleSupport
@testable import ImageFitting

/// A program of the package as tests go over all of them: its options, and how it checks them before any work.
struct AnyProgram: Sendable, CustomTestStringConvertible {
  let command: Command
  /// Arguments that it does not do without, as `--name=value`.
  var required: [String] = []
  let check: @Sendable (OptionValues) throws -> Void

  var testDescription: String { command.name }

  static let all = [
    fitImage, compareAdjusters, fitFunction, fitShape, evaluateShape, fitScene, inspectKernel,
    customAdjuster, renderImage,
  ]

  /// A mesh that is there.
  static let mesh = Repository.root.appendingPathComponent(
    "Tests/ShapeFilesTests/Fixtures/box.obj"
  ).path

  /// Some arguments, with those that the program does not do without.
  func complete(_ arguments: [String]) -> [String] {
    func name(_ argument: String) -> Substring? { argument.split(separator: "=").first }
    return arguments
      + required.filter { argument in !arguments.contains { name($0) == name(argument) } }
  }

  static let fitImage = AnyProgram(command: Options.command) { _ = try FitImageSettings($0) }
  static let compareAdjusters = AnyProgram(command: CompareAdjustersProgram.command) {
    _ = try CompareAdjustersProgram.settings($0)
  }
  static let renderImage = AnyProgram(
    command: RenderImageProgram.command,
    // Weights are read after all options have been checked.
    required: ["--weights=\(mesh)"]
  ) { _ = try RenderImageRequest($0) }
  static let customAdjuster = AnyProgram(command: CustomAdjuster.command) { _ in }
}
