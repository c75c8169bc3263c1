/// A table of results with one row for each run.
package struct ReportTable: Sendable, Equatable {
  /// A column: its heading and how its values are shown.
  package struct Column: Sendable, Equatable {
    let heading: String
    let isNumber: Bool
    let decimals: Int?
    let better: BetterValue?

    /// A column of texts.
    package static func text(_ heading: String) -> Column {
      Column(heading: heading, isNumber: false, decimals: nil, better: nil)
    }

    /// A column of numbers, aligned to the right.
    ///
    /// - Parameters:
    ///   - heading: The heading, with the unit.
    ///   - decimals: The number of decimals; nothing for four significant digits.
    ///   - better: Which value is the better one; the best is then set in bold.
    /// - Returns: The column.
    package static func number(
      _ heading: String, decimals: Int? = nil, better: BetterValue? = nil
    ) -> Column {
      Column(heading: heading, isNumber: true, decimals: decimals, better: better)
    }
  }

  /// One value of a row.
  package enum Cell: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral
  {
    /// A text.
    case text(String)
    /// A number; a dash stands for nothing and for what is no number.
    case number(Double?)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }

    var number: Double? {
      if case .number(let value?) = self, !value.isNaN { value } else { nil }
    }
  }

  let columns: [Column]
  private(set) var rows: [[Cell]]

  package init(columns: [Column], rows: [[Cell]] = []) {
    self.columns = columns
    self.rows = []
    for row in rows { append(row) }
  }

  /// A column with what each of some things has there.
  package typealias Field<Thing> = (column: Column, cell: (Thing) -> Cell)

  /// A table with a row for each of some things.
  package init<Thing>(of things: [Thing], _ fields: [Field<Thing>]) {
    self.init(
      columns: fields.map(\.column), rows: things.map { thing in fields.map { $0.cell(thing) } })
  }

  /// Adds a row.
  package mutating func append(_ row: [Cell]) {
    let missing = max(0, columns.count - row.count)
    rows.append(Array(row.prefix(columns.count)) + Array(repeating: .number(nil), count: missing))
  }

  var html: String {
    let best = columns.indices.map(bestText)
    var lines = ["<div class=\"wide\"><table class=\"results\">", "<thead><tr>"]
    for column in columns {
      let kind = column.isNumber ? " class=\"number\"" : ""
      lines.append("<th scope=\"col\"\(kind)>\(XMLText.escape(column.heading))</th>")
    }
    lines.append("</tr></thead>\n<tbody>")
    for row in rows {
      let cells = row.enumerated().map { index, cell in
        let column = columns[index]
        let text = Self.text(cell, column)
        let isBest = best[index] != nil && best[index] == text
        let shown = isBest ? "<strong>\(XMLText.escape(text))</strong>" : XMLText.escape(text)
        if index == 0, !column.isNumber { return "<th scope=\"row\">\(shown)</th>" }
        return column.isNumber ? "<td class=\"number\">\(shown)</td>" : "<td>\(shown)</td>"
      }
      lines.append("<tr>\(cells.joined())</tr>")
    }
    lines.append("</tbody></table></div>")
    return lines.joined(separator: "\n")
  }

  /// The best value of a column as it is shown, so that equals as shown are all set in bold.
  private func bestText(_ index: Int) -> String? {
    guard let better = columns[index].better, rows.count > 1 else { return nil }
    let numbers = rows.compactMap { $0[index].number }
    let best = better == .higher ? numbers.max() : numbers.min()
    return best.map { Self.text(.number($0), columns[index]) }
  }

  /// A whole number with narrow spaces between groups of three digits, from five digits on.
  private static func grouped(_ value: Int) -> String {
    let digits = Array("\(abs(value))")
    if digits.count < 5 { return "\(value)" }
    let groups = stride(from: digits.count % 3 - 3, to: digits.count, by: 3).map {
      String(digits[max($0, 0)..<($0 + 3)])
    }
    return (value < 0 ? "−" : "") + groups.filter { !$0.isEmpty }.joined(separator: "\u{202F}")
  }

  private static func text(_ cell: Cell, _ column: Column) -> String {
    switch cell {
    case .text(let text): return text
    case .number(nil): return "–"
    case .number(let value?):
      if let decimals = column.decimals { return NumberText.fixed(value, decimals) }
      let isWhole = value == value.rounded() && abs(value) < 1e9
      return isWhole ? grouped(Int(value)) : NumberText.significant(value, 4)
    }
  }
}
