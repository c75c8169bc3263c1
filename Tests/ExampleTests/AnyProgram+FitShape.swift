@testable import FitShape

// In files of their own, as several programs have options of that name.
extension AnyProgram {
  static let fitShape = AnyProgram(command: Options.command) { _ = try FitShapeSettings($0) }
}
