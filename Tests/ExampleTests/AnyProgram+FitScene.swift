@testable import FitScene

// In files of their own, as several programs have options of that name.
extension AnyProgram {
  static let fitScene = AnyProgram(command: Options.command) { _ = try FitSceneSettings($0) }
}
