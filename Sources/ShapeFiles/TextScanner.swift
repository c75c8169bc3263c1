import TensorKit

/// Words and numbers of a file of text.
struct TextScanner {
  private let bytes: [UInt8]
  private var position = 0
  /// The number of the line that is read, from 1.
  private(set) var line = 1

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How many bytes are left.
  var remaining: Int { bytes.count - position }

  /// The next word, or `nil` at the end of the line or of the file.
  mutating func wordOfLine() -> Substring? {
    skipSpaces()
    let start = position
    while position < bytes.count, !Self.isSpace(bytes[position]), !Self.isLineEnd(bytes[position]) {
      position += 1
    }
    return start == position ? nil : Substring(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The next word, of another line if need be, or `nil` at the end of the file.
  mutating func word() -> Substring? {
    while true {
      if let word = wordOfLine() { return word }
      guard skipLine() else { return nil }
    }
  }

  /// Goes on behind the next end of a line, and returns whether there is more.
  @discardableResult
  mutating func skipLine() -> Bool {
    while position < bytes.count, !Self.isLineEnd(bytes[position]) { position += 1 }
    guard position < bytes.count else { return false }
    line += 1
    position += 1
    return true
  }

  /// Goes to the first word of the next line that has one and does not begin with a hash.
  mutating func skipToContent() -> Bool {
    while true {
      skipSpaces()
      if position < bytes.count, !Self.isLineEnd(bytes[position]),
        bytes[position] != UInt8(ascii: "#")
      {
        return true
      }
      guard skipLine() else { return false }
    }
  }

  /// A number, which is the next word of the line.
  ///
  /// - Throws: `FileError` if it is none, or not finite.
  mutating func number(_ what: String, ofLine isOfLine: Bool) throws -> Double {
    guard let word = isOfLine ? wordOfLine() : word() else {
      throw failure("\(what) is missing; the file is truncated")
    }
    guard let number = Double(word), number.isFinite else {
      throw failure("\(what) is '\(word.prefix(40))', which is not a finite number")
    }
    return number
  }

  /// A whole number of the line, which is not negative.
  ///
  /// - Throws: `FileError` if it is none.
  mutating func count(_ what: String) throws -> Int {
    guard let word = wordOfLine() else {
      throw failure("\(what) is missing; the file is truncated")
    }
    guard let number = Int(word), number >= 0 else {
      throw failure("\(what) is '\(word.prefix(40))', which is not a whole number from 0")
    }
    return number
  }

  /// An error about what is read now.
  func failure(_ what: String) -> FileError {
    FileError(.malformed, reason: "in line \(line), \(what)")
  }

  private mutating func skipSpaces() {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0B || byte == 0x0C
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A }
}
