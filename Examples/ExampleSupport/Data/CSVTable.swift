import TensorKit

/// A table of comma-separated values with quoting after RFC 4180 and lines ended by `\n`.
package struct CSVTable: Sendable, Equatable {
  /// One value of a row.
  package enum Cell: Sendable, Equatable {
    /// A text, quoted where needed.
    case text(String)
    /// A whole number.
    case integer(Int)
    /// A real number, in the shortest form that reads back as the same number; `inf`, `-inf` and `nan` where it
    /// is not finite.
    case number(Double)
    /// Nothing between two commas.
    case empty
  }

  /// The names of the columns.
  package let columns: [String]
  /// The rows so far.
  package private(set) var rows: [[Cell]] = []

  /// Starts a table without rows.
  package init(columns: [String]) {
    self.columns = columns
  }

  /// Adds a row; a short row is filled with empty cells, and what is too much is left out.
  package mutating func append(_ row: [Cell]) {
    let missing = max(0, columns.count - row.count)
    rows.append(Array(row.prefix(columns.count)) + Array(repeating: .empty, count: missing))
  }

  /// The table as text, the names of the columns first.
  package var text: String {
    var lines = [columns.map(Self.quoted).joined(separator: ",")]
    lines += rows.map(Self.line)
    return lines.joined(separator: "\n") + "\n"
  }

  /// A row as text, without the end of the line.
  package static func line(_ row: [Cell]) -> String { row.map(\.text).joined(separator: ",") }

  fileprivate static func quoted(_ text: String) -> String {
    let needsQuotes = text.unicodeScalars.contains { "\",\n\r".unicodeScalars.contains($0) }
    return needsQuotes ? "\"" + text.replacingExactly("\"", with: "\"\"") + "\"" : text
  }
}

extension CSVTable.Cell: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral
{
  package init(stringLiteral value: String) { self = .text(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }

  /// A real number, or an empty cell for nothing.
  package static func number(_ value: Double?) -> CSVTable.Cell {
    if let value { .number(value) } else { .empty }
  }

  var text: String {
    switch self {
    case .text(let text): CSVTable.quoted(text)
    case .integer(let value): "\(value)"
    case .number(let value): NumberText.plain(value)
    case .empty: ""
    }
  }
}
