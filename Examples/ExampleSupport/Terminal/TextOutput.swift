import Foundation
import TensorKit

/// Where text goes: standard output, standard error, or a list that a test reads.
package struct TextOutput: Sendable {
  /// Whether a person watches, so that a line may be rewritten in place.
  package let isTerminal: Bool
  private let writeText: @Sendable (String) throws(ExampleFailure) -> Void
  private let countColumns: @Sendable () -> Int

  /// Makes an output of a function that takes texts.
  package init(
    isTerminal: Bool, columns: @escaping @Sendable () -> Int = { 80 },
    write: @escaping @Sendable (String) throws(ExampleFailure) -> Void
  ) {
    self.isTerminal = isTerminal
    countColumns = columns
    writeText = write
  }

  /// The process's standard output.
  package static let standardOutput = TextOutput(descriptor: 1, name: "standard output")
  /// The process's standard error.
  package static let standardError = TextOutput(descriptor: 2, name: "standard error")
  /// An output that keeps nothing.
  package static let discarding = TextOutput(isTerminal: false) { _ in }

  /// The width in columns at this moment; 80 when unknown.
  package var columns: Int { countColumns() }

  /// Writes text as it is, as far as that goes: for remarks that nobody has to read.
  package func write(_ text: String) { try? writeText(text) }

  /// Writes a line with its control characters escaped, and ends it, as far as that goes.
  package func writeLine(_ line: String) { write(line.visible + "\n") }

  /// Writes lines that were asked for.
  ///
  /// - Throws: A failure (74) if they cannot be written. That nobody reads on, as after `head`, is none.
  package func deliver(_ lines: [String]) throws(ExampleFailure) {
    try writeText(lines.map { $0.visible + "\n" }.joined())
  }

  private init(descriptor: Int32, name: String) {
    self.init(isTerminal: isatty(descriptor) == 1, columns: { Self.columns(of: descriptor) }) {
      text throws(ExampleFailure) in
      if WholeFile.write(Array(text.utf8), toDescriptor: descriptor) { return }
      let code = errno
      if code == EPIPE { return }
      throw .inputOutput("cannot write to \(name): \(WholeFile.systemMessage(code))")
    }
  }

  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let declared = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    return declared.map { max($0, 20) } ?? 80
  }
}
