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

extension JSONValue: Decodable {
  /// Reads any value; whole numbers that an integer holds become one.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([JSONValue].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// The document of a file.
  package init(file: Data) throws { self = try JSONDecoder().decode(JSONValue.self, from: file) }

  /// The value of a name; nil where there is none.
  package subscript(name: String) -> JSONValue? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// The text that this is; nil for other values.
  package var text: String? { if case .string(let text) = self { text } else { nil } }

  /// The number that this is, infinite ones among them; nil for other values.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    default: nil
    }
  }

  /// The values of the list that this is; none for other values.
  package var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }
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
