/// A JSON value whose objects keep the order of their members.
///
/// Foundation's parsers forget that order, and keep one of several members of the same name without
/// a word; the header of a `.safetensors` file needs both.
enum OrderedJSON: Hashable {
  case object([Member])
  case array([OrderedJSON])
  case string(String)
  /// A number as it is spelled.
  case number(String)
  case bool(Bool)
  case null

  struct Member: Hashable {
    var name: String
    var value: OrderedJSON
  }

  /// Parses a document, which spaces may surround.
  ///
  /// - Throws: ``FileError`` for anything that RFC 8259 does not allow, for objects with two members
  ///   of one name, and for documents nested more than 64 levels deep.
  init(parsing text: [UInt8]) throws {
    guard String(validating: text, as: UTF8.self) != nil else {
      throw FileError(.malformed, reason: "its header is not valid UTF-8")
    }
    var parser = Parser(text: text)
    self = try parser.parseDocument()
  }

  /// The members, if this is an object.
  var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The text, if this is a string.
  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The numbers, if this is an array of integers that are not negative.
  var naturalNumbers: [Int]? {
    guard case .array(let elements) = self else { return nil }
    var numbers: [Int] = []
    for element in elements {
      guard case .number(let text) = element, let number = Int(text), number >= 0 else {
        return nil
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Returns a text as a JSON string, quotes included.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension OrderedJSON {
  /// A recursive-descent parser over text known to be valid UTF-8.
  private struct Parser {
    let text: [UInt8]
    var position = 0
    var depth = 0

    init(text: [UInt8]) { self.text = text }

    mutating func parseDocument() throws -> OrderedJSON {
      let value = try parseValue()
      skipSpaces()
      guard position == text.count else { throw failure("there is more after its end") }
      return value
    }

    private mutating func parseValue() throws -> OrderedJSON {
      skipSpaces()
      switch peek() {
      case UInt8(ascii: "{"): return try nested { try $0.parseObject() }
      case UInt8(ascii: "["): return try nested { try $0.parseArray() }
      case UInt8(ascii: "\""): return .string(try parseString())
      case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
      case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
      case UInt8(ascii: "n"): return try parseWord("null", .null)
      case nil: throw failure("it breaks off")
      default: return try parseNumber()
      }
    }

    private mutating func nested(
      _ body: (inout Parser) throws -> OrderedJSON
    ) throws -> OrderedJSON {
      guard depth < 64 else { throw failure("it is nested more than 64 levels deep") }
      depth += 1
      defer { depth -= 1 }
      position += 1
      return try body(&self)
    }

    private mutating func parseObject() throws -> OrderedJSON {
      var members: [Member] = []
      var names: Set<String> = []
      skipSpaces()
      if take("}") { return .object([]) }
      repeat {
        skipSpaces()
        guard peek() == UInt8(ascii: "\"") else { throw failure("a name is missing") }
        let name = try parseString()
        guard names.insert(name).inserted else {
          throw failure("the name \(OrderedJSON.quoted(name)) comes twice")
        }
        skipSpaces()
        guard take(":") else { throw failure("a colon is missing") }
        members.append(Member(name: name, value: try parseValue()))
        skipSpaces()
      } while take(",")
      guard take("}") else { throw failure("a comma or a closing brace is missing") }
      return .object(members)
    }

    private mutating func parseArray() throws -> OrderedJSON {
      var elements: [OrderedJSON] = []
      skipSpaces()
      if take("]") { return .array([]) }
      repeat {
        elements.append(try parseValue())
        skipSpaces()
      } while take(",")
      guard take("]") else { throw failure("a comma or a closing bracket is missing") }
      return .array(elements)
    }

    private mutating func parseWord(_ word: String, _ value: OrderedJSON) throws -> OrderedJSON {
      guard text[position...].starts(with: word.utf8) else {
        throw failure("there is no value")
      }
      position += word.utf8.count
      return value
    }

    private mutating func parseNumber() throws -> OrderedJSON {
      let start = position
      _ = take("-")
      let leadingZero = peek() == UInt8(ascii: "0")
      let digits = skipDigits()
      guard digits > 0, !leadingZero || digits == 1 else { throw failure("there is no value") }
      if take("."), skipDigits() == 0 { throw failure("a number breaks off") }
      if take("e") || take("E") {
        _ = take("+") || take("-")
        if skipDigits() == 0 { throw failure("a number breaks off") }
      }
      return .number(String(decoding: text[start..<position], as: UTF8.self))
    }

    private mutating func parseString() throws -> String {
      position += 1
      var units: [UInt8] = []
      while let byte = peek() {
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
        case UInt8(ascii: "\\"): units += String(try parseEscape()).utf8
        case ..<0x20: throw failure("a string contains a control character")
        default: units.append(byte)
        }
      }
      throw failure("a string does not end")
    }

    private mutating func parseEscape() throws -> Unicode.Scalar {
      guard let byte = peek() else { throw failure("a string does not end") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"): break
      default: throw failure("a string contains an unknown escape")
      }
      var value = try parseHexadecimal()
      if (0xD800..<0xDC00).contains(value), take("\\"), take("u") {
        let low = try parseHexadecimal()
        guard (0xDC00..<0xE000).contains(low) else {
          throw failure("a string contains half a surrogate pair")
        }
        value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else {
        throw failure("a string contains half a surrogate pair")
      }
      return scalar
    }

    private mutating func parseHexadecimal() throws -> UInt32 {
      let digits = text[position...].prefix(4)
      guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
      else { throw failure("a string contains an unknown escape") }
      position += 4
      return value
    }

    private func peek() -> UInt8? { position < text.count ? text[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard peek() == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    private mutating func skipDigits() -> Int {
      let start = position
      while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        position += 1
      }
      return position - start
    }

    private mutating func skipSpaces() {
      while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        position += 1
      }
    }

    private func failure(_ what: String) -> FileError {
      FileError(.malformed, reason: "its header is not valid JSON at byte \(position): \(what)")
    }
  }
}
