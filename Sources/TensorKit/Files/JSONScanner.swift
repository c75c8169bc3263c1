/// Reads JSON (RFC 8259) one value at a time, as it stands in a text.
///
/// No tree is built, so that memory is that of what is kept. Names are told apart by their code units,
/// come in the text's order, and none comes twice in an object. Nothing is nested more than 64 levels deep.
struct JSONScanner {
  private let text: [UInt8]
  private var position = 0
  private var depth = 0

  private static let deepestNesting = 64

  init(_ text: [UInt8]) { self.text = text }

  // MARK: Values

  /// Reads an object: the closure is called with the name of each member, and must read its value.
  mutating func readObject(_ readMember: (inout Self, _ name: String) throws -> Void) throws {
    var names: Set<ExactName> = []
    try readMembers("{", "}", "an object") { scanner in
      let name = try scanner.readString()
      guard names.insert(ExactName(name)).inserted else {
        throw scanner.failure("the name \(SafeTensorsHeader.quoted(name)) comes twice")
      }
      guard scanner.take(":") else { throw scanner.failure("a colon is missing") }
      try readMember(&scanner, name)
    }
  }

  /// Reads an array of whole numbers.
  mutating func readIntegers() throws -> [Int] {
    var integers: [Int] = []
    // No room for more than there are, which is a multiple of the text's as it is.
    let rest = text[position...].prefix { $0 != UInt8(ascii: "]") }
    integers.reserveCapacity(rest.count { $0 == UInt8(ascii: ",") } + 1)
    try readMembers("[", "]", "a list") { integers.append(try $0.readInteger()) }
    return integers
  }

  /// Reads a whole number, which has neither a fraction nor an exponent.
  mutating func readInteger() throws -> Int {
    skipSpaces()
    let start = position
    try skipDigits()
    if let next = peek(), ".eE".utf8.contains(next) {
      throw failure("a number has a fraction or an exponent")
    }
    guard let value = Int(String(decoding: text[start..<position], as: UTF8.self)) else {
      throw failure("a number is too large")
    }
    return value
  }

  /// Reads a text.
  mutating func readString() throws -> String {
    guard take("\"") else { throw failure("a text is missing") }
    let start = position
    var unescaped: [UInt8]?
    while let byte = peek(), byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw failure("a text has a control character") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        var units = unescaped ?? Array(text[start..<(position - 1)])
        units.append(contentsOf: try readEscape().utf8)
        unescaped = units
      } else {
        unescaped?.append(byte)
      }
    }
    guard peek() != nil else { throw failure("a text does not end") }
    let string =
      if let unescaped {
        String(validating: unescaped, as: UTF8.self)
      } else {
        String(validating: text[start..<position], as: UTF8.self)
      }
    guard let string else { throw failure("a text is not valid UTF-8") }
    position += 1
    return string
  }

  /// Reads `null` if it is next, and tells whether it was.
  mutating func takeNull() -> Bool { takeWord("null") }

  /// Reads any value, and forgets it.
  mutating func skipValue() throws {
    skipSpaces()
    switch peek() {
    case UInt8(ascii: "{"): try readObject { scanner, _ in try scanner.skipValue() }
    case UInt8(ascii: "["): try readMembers("[", "]", "a list") { try $0.skipValue() }
    case UInt8(ascii: "\""): _ = try readString()
    default:
      if takeWord("null") || takeWord("true") || takeWord("false") { return }
      try skipNumber()
    }
  }

  /// Makes sure that nothing but spaces follows.
  mutating func requireEnd() throws {
    skipSpaces()
    guard position == text.count else { throw failure("there is more after its end") }
  }

  /// An error at the present place.
  func failure(_ what: String) -> FileError {
    FileError(
      .malformed, reason: "its header is not valid JSON at byte \(position): \(what)")
  }

  // MARK: Parts

  private mutating func readMembers(
    _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ kind: String,
    _ readMember: (inout Self) throws -> Void
  ) throws {
    guard take(opening) else { throw failure("\(kind) is missing") }
    guard depth < Self.deepestNesting else {
      throw failure("it is nested more than \(Self.deepestNesting) levels deep")
    }
    depth += 1
    defer { depth -= 1 }
    if take(closing) { return }
    repeat { try readMember(&self) } while take(",")
    guard take(closing) else { throw failure("a comma or the end of \(kind) is missing") }
  }

  private mutating func readEscape() throws -> String {
    guard let byte = peek() else { throw failure("a text does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(decoding: [byte], as: UTF8.self)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try readUnit()
      var units = [unit]
      if UTF16.isLeadSurrogate(unit) {
        guard text[position...].starts(with: "\\u".utf8) else {
          throw failure("half a character is escaped")
        }
        position += 2
        units.append(try readUnit())
      }
      guard let string = String(validating: units, as: UTF16.self) else {
        throw failure("half a character is escaped")
      }
      return string
    default: throw failure("a text has an escape that does not exist")
    }
  }

  /// Reads the four digits of a UTF-16 unit.
  private mutating func readUnit() throws -> UInt16 {
    let digits = text[position...].prefix(4)
    let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    guard digits.count == 4, isHexadecimal,
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("an escape lacks its four digits") }
    position += 4
    return unit
  }

  /// Skips a whole number, without zeros in front.
  private mutating func skipDigits() throws {
    if peek() == UInt8(ascii: "-") { position += 1 }
    let start = position
    skipRunOfDigits()
    guard position > start, position == start + 1 || text[start] != UInt8(ascii: "0") else {
      throw failure("a value is missing or is none of JSON")
    }
  }

  private mutating func skipNumber() throws {
    try skipDigits()
    if peek() == UInt8(ascii: ".") {
      position += 1
      try skipSomeDigits()
    }
    if let next = peek(), "eE".utf8.contains(next) {
      position += 1
      if let sign = peek(), "+-".utf8.contains(sign) { position += 1 }
      try skipSomeDigits()
    }
  }

  private mutating func skipSomeDigits() throws {
    let start = position
    skipRunOfDigits()
    guard position > start else { throw failure("a number lacks digits") }
  }

  private mutating func skipRunOfDigits() {
    while let byte = peek(), (0x30...0x39).contains(byte) { position += 1 }
  }

  private mutating func takeWord(_ word: String) -> Bool {
    skipSpaces()
    guard text[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func take(_ sign: Unicode.Scalar) -> Bool {
    skipSpaces()
    guard peek() == UInt8(ascii: sign) else { return false }
    position += 1
    return true
  }

  private func peek() -> UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpaces() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      position += 1
    }
  }
}
