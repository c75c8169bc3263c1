/// Breaks text into lines between words.
package enum TextWrapping {
  /// The lines of a paragraph, none longer than `columns` unless a single word is.
  ///
  /// - Parameters:
  ///   - text: The paragraph; any white space separates words.
  ///   - columns: The width of the page.
  ///   - indent: The spaces before every line, which count towards the width.
  /// - Returns: The lines, none for an empty paragraph.
  package static func wrap(_ text: String, columns: Int, indent: Int = 0) -> [String] {
    let margin = String(repeating: " ", count: indent)
    let room = max(columns - indent, 1)
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty, line.count + 1 + word.count > room {
        lines.append(margin + line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    if !line.isEmpty { lines.append(margin + line) }
    return lines
  }
}
