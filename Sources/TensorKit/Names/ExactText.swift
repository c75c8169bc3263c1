// Texts by their code units. `String` compares, finds and cuts by characters as people see them: é
// equals e and a combining accent, and an apostrophe before a combining mark is no apostrophe. That is
// right for words, and wrong for names in files, for paths, and where a text is quoted for a program.

/// A text that equals another one only if both have the same code units.
package struct ExactName: Hashable, Comparable, Sendable {
  /// The text.
  package let text: String

  /// Takes a text by its code units.
  package init(_ text: String) { self.text = text }

  package static func == (first: Self, second: Self) -> Bool {
    first.text.hasSameCodeUnits(as: second.text)
  }

  package static func < (first: Self, second: Self) -> Bool {
    first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // No code unit of a text, so that where one ends is told.
    hasher.combine(0xFF as UInt8)
  }
}

extension StringProtocol {
  /// Whether a text has the same code units.
  package func hasSameCodeUnits(as other: some StringProtocol) -> Bool {
    utf8.elementsEqual(other.utf8)
  }

  /// What follows a beginning; nil if the text does not begin so.
  package func droppingExactPrefix(_ prefix: String) -> String? {
    guard utf8.starts(with: prefix.utf8) else { return nil }
    return String(cut: utf8.dropFirst(prefix.utf8.count))
  }

  /// What comes before an end; nil if the text does not end so.
  package func droppingExactSuffix(_ suffix: String) -> String? {
    guard utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else { return nil }
    return String(cut: utf8.dropLast(suffix.utf8.count))
  }

  /// What comes before the first of a sign, and what follows it; nil if there is none.
  package func splitExactly(atFirst sign: Unicode.Scalar) -> (before: String, after: String)? {
    guard let place = unicodeScalars.firstIndex(of: sign) else { return nil }
    return (String(self[..<place]), String(self[unicodeScalars.index(after: place)...]))
  }

  /// The text with a text in the place of each of a sign.
  package func replacingExactly(_ sign: Unicode.Scalar, with replacement: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if scalar == sign {
        result.append(contentsOf: replacement.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

extension String {
  /// The text of code units that are a part of a valid text, cut between its scalars.
  fileprivate init(cut units: some Sequence<UInt8>) {
    self.init(decoding: Array(units), as: UTF8.self)
  }
}
