/// What a program tells its caller when it ends: zero, or one of the codes of `sysexits.h`.
package struct ExitCode: RawRepresentable, Hashable, Sendable {
  /// The number that the process returns.
  package let rawValue: Int32

  /// Wraps a number as an exit code.
  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// All went well (0).
  package static let success = ExitCode(rawValue: 0)
  /// The command line was wrong: `EX_USAGE` (64).
  package static let usage = ExitCode(rawValue: 64)
  /// The input's content was wrong: `EX_DATAERR` (65).
  package static let dataError = ExitCode(rawValue: 65)
  /// An input file is missing or cannot be read: `EX_NOINPUT` (66).
  package static let noInput = ExitCode(rawValue: 66)
  /// Something that the program needs is not there: `EX_UNAVAILABLE` (69).
  package static let unavailable = ExitCode(rawValue: 69)
  /// The program itself failed: `EX_SOFTWARE` (70).
  package static let software = ExitCode(rawValue: 70)
  /// The system refused something it normally grants: `EX_OSERR` (71).
  package static let systemError = ExitCode(rawValue: 71)
  /// An output file or folder cannot be created: `EX_CANTCREAT` (73).
  package static let cannotCreate = ExitCode(rawValue: 73)
  /// Reading or writing failed half way: `EX_IOERR` (74).
  package static let inputOutput = ExitCode(rawValue: 74)

  /// The program was asked to stop by a signal: 128 and the signal's number, as in a shell.
  package static func stopped(by signal: Int32) -> ExitCode { ExitCode(rawValue: 128 + signal) }
}
