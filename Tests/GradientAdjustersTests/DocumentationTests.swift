import Foundation
import Testing

/// Keeps the code in README.md and in the articles of DocC from falling behind the package.
///
/// Every block that is marked as Swift must stand, line for line, in a source file of the tests, which
/// compile and run it. It may be indented as a whole. Its imports may stand apart from the rest.
@Suite struct DocumentationTests {
  struct Block: CustomStringConvertible {
    let file: String
    let line: Int
    let code: [String]

    var description: String { "\(file):\(line)" }
  }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The paths of all files below a folder of the package with an extension, in order.
  static func files(in folder: String, withExtension pathExtension: String) -> [String] {
    let found = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
    return (found?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".\(pathExtension)") && !$0.hasPrefix("site/") }
      .map { "\(folder)/\($0)" }.sorted()
  }

  static func lines(of file: String) throws -> [String] {
    try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
      .components(separatedBy: "\n")
  }

  /// The lines of each source file of the tests.
  static let sources = files(in: "Tests", withExtension: "swift").compactMap { try? lines(of: $0) }

  static let documents = ["README.md"] + files(in: "DocC", withExtension: "md")

  /// The blocks of a document that are marked as Swift.
  static func blocks(in file: String) throws -> [Block] {
    var blocks: [Block] = []
    var open: (line: Int, code: [String])?
    for (index, line) in try lines(of: file).enumerated() {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if let block = open {
        if trimmed == "```" {
          blocks.append(Block(file: file, line: block.line, code: block.code))
          open = nil
        } else {
          open = (block.line, block.code + [line])
        }
      } else if trimmed == "```swift" {
        open = (index + 1, [])
      }
    }
    try #require(open == nil, "\(file) ends within a block")
    return blocks
  }

  /// Whether a source has the code at some place, all of it indented alike.
  static func contains(_ source: [String], _ code: [String]) -> Bool {
    guard let first = code.first else { return true }
    return source.indices.contains { start in
      guard source[start].hasSuffix(first), start + code.count <= source.count else { return false }
      let indentation = source[start].dropLast(first.count)
      guard indentation.allSatisfy({ $0 == " " }) else { return false }
      return zip(source[start...], code).allSatisfy { $0 == ($1.isEmpty ? "" : indentation + $1) }
    }
  }

  static func isCompiled(_ block: Block, in sources: [[String]]) -> Bool {
    let imports = block.code.filter { $0.hasPrefix("import ") }
    let rest = block.code.filter { !$0.hasPrefix("import ") }
    let body = Array(rest.drop { $0.isEmpty })
    return sources.contains { source in
      imports.allSatisfy(source.contains) && contains(source, body)
    }
  }

  @Test(arguments: documents) func everySwiftBlockIsCompiled(document: String) throws {
    let sources = Self.sources
    for block in try Self.blocks(in: document) {
      // Apart from the expectation, which would print all sources.
      let isCompiled = Self.isCompiled(block, in: sources)
      #expect(
        isCompiled,
        "no test compiles the code at \(block); put it into DocumentationExampleTests.swift too")
    }
  }

  @Test func thereAreDocumentsWithCode() throws {
    #expect(Self.documents.count > 8)
    #expect(try Self.documents.flatMap(Self.blocks).count > 10)
  }

  @Test func indentationIsComparedAsAWhole() {
    let source = ["func f() {", "  if a {", "    b()", "", "  }", "}"]
    #expect(Self.contains(source, ["if a {", "  b()", "", "}"]))
    #expect(!Self.contains(source, ["if a {", "b()", "", "}"]))
    #expect(!Self.contains(source, ["if a {", "  c()"]))
    #expect(!Self.contains(source, ["}", "}", "}"]))
  }
}
