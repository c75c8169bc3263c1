import Foundation

/// A JSON document, written by Foundation's encoder.
///
/// ```swift
/// let summary: JSONValue = ["psnr": .number(31.2), "steps": 2000, "tags": ["a", "b"]]
/// ```
package enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A real number. JSON has no infinities: they are written as the texts `"Infinity"` and `"-Infinity"`, and what
  /// is no number as `null`.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Names with values.
  case object([String: JSONValue])

  /// A real number, or `null` for nothing.
  package static func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  /// A text, or `null` for nothing.
  package static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  /// The document as a file: indented, names in alphabetical order, ended by a line feed.
  package var file: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(self) + Data("\n".utf8)
    }
  }
}

extension JSONValue: Encodable {
  /// Writes the value.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value) where value.isFinite: try container.encode(value)
    case .number(let value) where value.isInfinite:
      try container.encode(value > 0 ? "Infinity" : "-Infinity")
    case .null, .number: try container.encodeNil()
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral
{
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }

  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
}
