/// A JSON document whose objects keep the order in which they were written.
///
/// ```swift
/// let summary: JSONValue = ["psnr": .number(31.2), "steps": 2000, "tags": ["a", "b"]]
/// ```
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A real number; what is not finite is written as `null`.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Names with values, in this order.
  case object([Member])

  /// A name with its value.
  public struct Member: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// Makes a member from its name and value.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// A real number, or `null` for nothing.
  public static func number(_ value: Double?) -> JSONValue {
    if let value { .number(value) } else { .null }
  }

  /// The members of an object with one more at the end; any other value is left alone.
  public func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members + [Member(name, value)])
  }

  /// The document as text, indented by two spaces and ended by a line feed.
  public var text: String {
    var output = ""
    write(to: &output, indent: 0)
    return output + "\n"
  }

  private func write(to output: inout String, indent: Int) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += "\(value)"
    case .number(let value): output += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.writeQuoted(value, to: &output)
    case .array(let items):
      let simple = items.allSatisfy(\.isSimple)
      Self.writeList(items, "[", "]", onOneLine: simple, to: &output, indent: indent) {
        $0.write(to: &$1, indent: indent + 1)
      }
    case .object(let members):
      Self.writeList(members, "{", "}", onOneLine: false, to: &output, indent: indent) {
        Self.writeQuoted($0.name, to: &$1)
        $1 += ": "
        $0.value.write(to: &$1, indent: indent + 1)
      }
    }
  }

  private var isSimple: Bool {
    switch self {
    case .array, .object, .string: false
    case .null, .bool, .integer, .number: true
    }
  }

  private static func writeList<Item>(
    _ items: [Item], _ opening: String, _ closing: String, onOneLine: Bool,
    to output: inout String, indent: Int, _ writeItem: (Item, inout String) -> Void
  ) {
    if items.isEmpty {
      output += opening + closing
      return
    }
    let margin = onOneLine ? "" : "\n" + String(repeating: "  ", count: indent + 1)
    output += opening
    for (index, item) in items.enumerated() {
      if index > 0 { output += onOneLine ? ", " : "," }
      output += margin
      writeItem(item, &output)
    }
    output += onOneLine ? "" : "\n" + String(repeating: "  ", count: indent)
    output += closing
  }

  private static func writeQuoted(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// Makes an object that keeps the literal's order.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }

  /// Makes a list.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Makes a text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Makes a whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Makes a real number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Makes a truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Makes `null`.
  public init(nilLiteral: ()) { self = .null }
}
