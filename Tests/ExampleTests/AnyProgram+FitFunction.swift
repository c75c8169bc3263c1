@testable import FitFunction

// In files of their own, as both programs have options of that name.
extension AnyProgram {
  static let fitFunction = AnyProgram(command: Options.command) {
    _ = try FitFunctionSettings($0)
  }
}
