import Testing

@testable import CustomAdjuster
@testable import ExampleSupport
@testable import ImageFitting

/// A program of the package as tests go over all of them: its options, and how it checks them before any work.
struct AnyProgram: Sendable, CustomTestStringConvertible {
  let command: Command
  let check: @Sendable (OptionValues) throws -> Void

  var testDescription: String { command.name }

  static let all = [
    fitImage, compareAdjusters, fitFunction, fitShape, fitScene, inspectKernel, customAdjuster,
  ]

  static let fitImage = AnyProgram(command: Options.command) { _ = try FitImageSettings($0) }
  static let compareAdjusters = AnyProgram(command: CompareAdjustersProgram.command) {
    _ = try CompareAdjustersProgram.settings($0)
  }
  static let customAdjuster = AnyProgram(command: CustomAdjuster.command) { _ in }
}
