import Foundation
import TensorKit

/// Reads the lines of a text file of numbers, word by word.
struct ShapeTextScanner {
  let bytes: [UInt8]
  private(set) var position: Int
  /// The number of the present line, from 1.
  private(set) var line: Int

  /// Starts at a place of a file, given the number of the line there.
  init(_ bytes: [UInt8], position: Int = 0, line: Int = 1) {
    self.bytes = bytes
    self.position = position
    self.line = line
  }

  /// Whether nothing is left.
  var isAtEnd: Bool { position >= bytes.count }

  /// Goes to the start of the next line.
  mutating func skipLine() {
    while position < bytes.count, bytes[position] != Self.lineFeed { position += 1 }
    position += 1
    line += 1
  }

  /// The bytes of the next word of the line; nil at its end.
  mutating func word() -> Range<Int>? {
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    let start = position
    while position < bytes.count, !Self.isBlank(bytes[position]),
      bytes[position] != Self.lineFeed
    {
      position += 1
    }
    return start < position ? start..<position : nil
  }

  /// Whether a word is a text of ASCII.
  func isWord(_ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(bytes[range]) }
  }

  /// A word as a text, for comparing.
  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// A word as an error shows it: its beginning, without what a terminal may obey.
  func quoted(_ range: Range<Int>?) -> String {
    guard let range else { return "nothing" }
    let shown = bytes[range].prefix(40).map { (32..<127).contains($0) ? $0 : UInt8(ascii: "?") }
    return "'\(String(decoding: shown, as: UTF8.self))\(range.count > 40 ? "..." : "")'"
  }

  /// An error that names the present line.
  func malformed(_ reason: String) -> FileError {
    FileError(.malformed, reason: "its line \(line) has \(reason)")
  }

  /// The next word of the line as a finite number.
  ///
  /// - Throws: `FileError` of the kind `malformed`.
  mutating func number(_ meaning: StaticString) throws -> Double {
    guard let range = word() else {
      throw malformed("no \(meaning) where there should be one; it breaks off or is damaged")
    }
    guard let value = value(range), value.isFinite else {
      throw malformed("\(quoted(range)) for a \(meaning), which is no finite number")
    }
    return value
  }

  /// The number that a word is; nil if it is none.
  func value(_ range: Range<Int>) -> Double? {
    var place = range.lowerBound
    var isNegative = false
    if bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") {
      isNegative = bytes[place] == UInt8(ascii: "-")
      place += 1
    }
    var (digits, count, exponent) = (UInt64(0), 0, 0)
    var (hasDigit, hasPoint) = (false, false)
    while place < range.upperBound {
      let byte = bytes[place]
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if byte >= 48, byte <= 57 {
        digits = digits &* 10 &+ UInt64(byte &- 48)
        hasDigit = true
        // Zeros before the first other digit are none that count.
        count += digits == 0 ? 0 : 1
        if hasPoint { exponent -= 1 }
      } else {
        break
      }
      place += 1
    }
    // Exact where the digits and the power of ten are both numbers of type Double; else slower.
    guard place == range.upperBound, hasDigit, count < 16, exponent >= -22 else {
      return slowValue(range)
    }
    let magnitude = Double(digits) / Self.powersOfTen[-exponent]
    return isNegative ? -magnitude : magnitude
  }

  /// The number that a word of digits, a point and an exponent is, by the system's means.
  private func slowValue(_ range: Range<Int>) -> Double? {
    let allowed = bytes[range].allSatisfy { byte in
      (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte)
    }
    guard allowed, range.count < 1000 else { return nil }
    // The standard's reading in the C locale; that of other locales may want a comma.
    return Double(completed(range))
  }

  /// A word with a digit where Swift wants one and C does not: before and after a point.
  private func completed(_ range: Range<Int>) -> String {
    var completed: [UInt8] = []
    for place in range {
      let byte = bytes[place]
      func isDigit(_ place: Int) -> Bool {
        range.contains(place) && (48...57).contains(bytes[place])
      }
      if byte == UInt8(ascii: "."), isDigit(place - 1) != isDigit(place + 1) {
        completed += isDigit(place - 1) ? [byte, 48] : [48, byte]
      } else {
        completed.append(byte)
      }
    }
    return String(decoding: completed, as: UTF8.self)
  }

  private static let powersOfTen: [Double] = (0...22).map { pow(10, Double($0)) }
  private static let lineFeed = UInt8(ascii: "\n")

  /// Whether a byte parts words: blanks, and the carriage return before a line feed.
  @inline(__always)
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
}
