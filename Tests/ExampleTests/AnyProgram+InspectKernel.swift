@testable import InspectKernel

extension AnyProgram {
  static let inspectKernel = AnyProgram(command: Options.command) {
    _ = try InspectionSettings($0)
  }

  /// The steps of which a training of some length is recorded.
  static func recordedSteps(ofTraining last: Int) -> [Int] {
    InspectionSettings.recordedSteps(to: last)
  }
}
