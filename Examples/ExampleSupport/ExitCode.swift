/// What a program tells its caller when it ends: zero, or one of the codes of `sysexits.h`.
public struct ExitCode: RawRepresentable, Hashable, Sendable {
  /// The number that the process returns.
  public let rawValue: Int32

  /// Wraps a number as an exit code.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// All went well (0).
  public static let success = ExitCode(rawValue: 0)
  /// The command line was wrong: `EX_USAGE` (64).
  public static let usage = ExitCode(rawValue: 64)
  /// The input's content was wrong: `EX_DATAERR` (65).
  public static let dataError = ExitCode(rawValue: 65)
  /// An input file is missing or cannot be read: `EX_NOINPUT` (66).
  public static let noInput = ExitCode(rawValue: 66)
  /// Something that the program needs is not there: `EX_UNAVAILABLE` (69).
  public static let unavailable = ExitCode(rawValue: 69)
  /// The program itself failed: `EX_SOFTWARE` (70).
  public static let software = ExitCode(rawValue: 70)
  /// The system refused something it normally grants: `EX_OSERR` (71).
  public static let systemError = ExitCode(rawValue: 71)
  /// An output file or folder cannot be created: `EX_CANTCREAT` (73).
  public static let cannotCreate = ExitCode(rawValue: 73)
  /// Reading or writing failed half way: `EX_IOERR` (74).
  public static let inputOutput = ExitCode(rawValue: 74)
}
