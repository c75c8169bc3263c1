import Foundation
import TensorKit
import Testing

@testable import ExampleSupport

/// Texts in which characters hide what programs look for: signs before combining marks, and after scalars
/// that join what follows them.
private let hidden = [
  "it'\u{301}s", "'\u{301};echo x;'\u{301}", "\u{D4E};echo x", "\u{600}'\u{600}\"", "a\"\u{301}b",
  "\u{D4E}$(echo x)", "caf\u{E9}", "cafe\u{301}", "a b", "=\u{338}", "\u{301}", "&\u{301}<\u{301}>",
  "\u{1F9D1}\u{200D}'", "\r\n", "\\\u{301}",
]

@Suite("Quoting")
struct QuotingTests {
  @Test("A shell reads the command line that was typed", arguments: hidden)
  func shell(text: String) throws {
    let values = try ExampleCommand.values("--output=\(text)", "--compare", "sgd")
    // A function in the place of the program prints the arguments that it gets.
    let script = """
      \(ExampleCommand.command.name)() { printf '[%s]' "$@"; }
      \(values.commandLine)
      """
    let run = try ProgramRun(
      executable: URL(fileURLWithPath: "/bin/sh"), ["-c", script],
      in: FileManager.default.temporaryDirectory)
    let expected = "[--output=\(text)][--compare][sgd]"
    #expect(run.standardOutput.hasSameCodeUnits(as: expected), "\(values.commandLine)")
  }

  @Test("A value that begins with a combining mark is one", arguments: hidden)
  func attached(text: String) throws {
    let values = try ExampleCommand.values("--output=\(text)")
    #expect(values[ExampleCommand.output].relativePath.hasSameCodeUnits(as: text))
  }

  @Test("Cells of a table are quoted", arguments: hidden)
  func cells(text: String) {
    var table = CSVTable(columns: ["name"])
    table.append([.text(text)])
    let cell = String(decoding: table.text.utf8.dropFirst(5).dropLast(), as: UTF8.self)
    let isQuoted = cell.unicodeScalars.first == "\""
    let inner = Array(isQuoted ? cell.utf8.dropFirst().dropLast() : cell.utf8[...])
    // Each quote within is one of two.
    var (unquoted, position) = ([UInt8](), 0)
    while position < inner.count {
      if inner[position] == UInt8(ascii: "\"") {
        #expect(isQuoted && position + 1 < inner.count && inner[position + 1] == inner[position])
        position += 1
      }
      unquoted.append(inner[position])
      position += 1
    }
    #expect(unquoted == Array(text.utf8))
  }

  @Test("Texts of pages and documents are escaped", arguments: hidden)
  func documents(text: String) throws {
    let escaped = XMLText.escape(text)
    for sign: Unicode.Scalar in ["<", ">", "\""] {
      #expect(!escaped.unicodeScalars.contains(sign))
    }
    let file = try JSONValue.object([text: .string(text)]).file
    let read = try JSONSerialization.jsonObject(with: file) as? [String: String]
    let member = try #require(read?.first)
    #expect(member.key.hasSameCodeUnits(as: text) && member.value.hasSameCodeUnits(as: text))
  }
}
