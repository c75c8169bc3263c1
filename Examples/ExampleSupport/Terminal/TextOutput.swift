import Foundation
import TensorKit

/// Where text goes: standard output, standard error, or a list that a test reads.
package struct TextOutput: Sendable {
  /// Whether a person watches, so that a line may be rewritten in place.
  package let isTerminal: Bool
  private let writeText: @Sendable (String) -> Void
  private let countColumns: @Sendable () -> Int

  package init(
    isTerminal: Bool, columns: @escaping @Sendable () -> Int = { 80 },
    write: @escaping @Sendable (String) -> Void
  ) {
    self.isTerminal = isTerminal
    countColumns = columns
    writeText = write
  }

  /// The process's standard output.
  package static let standardOutput = TextOutput(descriptor: 1)
  /// The process's standard error.
  package static let standardError = TextOutput(descriptor: 2)
  /// An output that keeps nothing.
  package static let discarding = TextOutput(isTerminal: false) { _ in }

  /// The width in columns at this moment; 80 when unknown.
  package var columns: Int { countColumns() }

  /// Writes text as it is.
  package func write(_ text: String) { writeText(text) }

  /// Writes a line and ends it.
  package func writeLine(_ line: String) { writeText(line + "\n") }

  private init(descriptor: Int32) {
    self.init(
      isTerminal: isatty(descriptor) == 1,
      columns: { Self.columns(of: descriptor) },
      write: { text in
        // Nobody is left to tell when standard output or standard error fails.
        WholeFile.write(Array(text.utf8), toDescriptor: descriptor)
      })
  }

  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let declared = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    return declared.map { max($0, 20) } ?? 80
  }
}
