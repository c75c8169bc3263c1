extension String {
  /// The text with what a terminal would obey, and not show, as escapes: `\\n`, `\\u{1B}`.
  ///
  /// These are control characters, among them those that turn the direction of writing, and separators of
  /// lines: names of files may hold them.
  package var visible: String {
    guard unicodeScalars.contains(where: Self.isObeyed) else { return self }
    return unicodeScalars.map { scalar in
      if !Self.isObeyed(scalar) { return String(scalar) }
      switch scalar {
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\t": return "\\t"
      default: return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      }
    }.joined()
  }

  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
  }
}
