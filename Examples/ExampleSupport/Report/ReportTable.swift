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
    /// The name of a run, with its colour in plots.
    case run(String, PlotColor)
    /// A text that leads to another page.
    case link(String, address: String)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }

    var number: Double? {
      if case .number(let value?) = self, !value.isNaN { value } else { nil }
    }
  }

  let columns: [Column]
  private(set) var rows: [[Cell]]
  /// The column by which the rows are sorted, if they are.
  private var sortedColumn: Int?

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

  /// The same rows, the best first, by the first column that has a better value.
  ///
  /// Rows without a number there come last. Equals stay in their order.
  package var bestFirst: ReportTable {
    guard let index = columns.firstIndex(where: { $0.better != nil }),
      let better = columns[index].better
    else { return self }
    let ordered = rows.enumerated().sorted { first, second in
      switch (first.element[index].number, second.element[index].number) {
      case (let one?, let other?) where one != other: better.prefers(one, to: other)
      case (_?, nil): true
      case (nil, _?): false
      default: first.offset < second.offset
      }
    }
    var table = self
    table.rows = ordered.map(\.element)
    table.sortedColumn = index
    return table
  }

  var html: String {
    let best = columns.indices.map(bestText)
    let shown = columns.indices.filter(hasContent)
    // A table may be wider than a telephone's screen, and can be reached by the keyboard then.
    var lines = [
      "<div class=\"wide\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">"
        + "<table class=\"results\">", "<thead><tr>",
    ]
    for index in shown {
      let column = columns[index]
      let kind = column.isNumber ? " class=\"number\"" : ""
      let isSorted = sortedColumn == index
      let order = column.better == .lower ? "ascending" : "descending"
      let sorted = isSorted ? " aria-sort=\"\(order)\"" : ""
      let arrow = isSorted ? (column.better == .lower ? " ↑" : " ↓") : ""
      lines.append(
        "<th scope=\"col\"\(kind)\(sorted)>\(XMLText.escape(column.heading))\(arrow)</th>")
    }
    lines.append("</tr></thead>\n<tbody>")
    for row in rows {
      let cells = shown.map { index in
        let column = columns[index]
        let isBest = best[index] != nil && best[index] == Self.text(row[index], column)
        let content = Self.html(row[index], column)
        let shown = isBest ? "<strong>\(content)</strong>" : content
        if index == 0, !column.isNumber { return "<th scope=\"row\">\(shown)</th>" }
        return column.isNumber ? "<td class=\"number\">\(shown)</td>" : "<td>\(shown)</td>"
      }
      lines.append("<tr>\(cells.joined())</tr>")
    }
    lines.append("</tbody></table></div>")
    if shown.count > Self.mostColumnsOnPhone {
      lines.append("<p class=\"hint quiet\">The table goes on to the right.</p>")
    }
    return lines.joined(separator: "\n")
  }

  /// What fits on a telephone's screen.
  private static let mostColumnsOnPhone = 4

  /// Whether a column has anything but dashes.
  private func hasContent(_ index: Int) -> Bool {
    guard columns[index].isNumber, !rows.isEmpty else { return true }
    return rows.contains { row in
      if case .number = row[index] { row[index].number != nil } else { true }
    }
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

  private static func html(_ cell: Cell, _ column: Column) -> String {
    let text = XMLText.escape(text(cell, column))
    return switch cell {
    case .run(_, let color): "<span class=\"run\">\(color.spotHTML)\(text)</span>"
    case .link(_, let address): "<a href=\"\(XMLText.escape(address))\">\(text)</a>"
    case .text, .number: text
    }
  }

  private static func text(_ cell: Cell, _ column: Column) -> String {
    switch cell {
    case .text(let text), .run(let text, _), .link(let text, _): return text
    case .number(nil): return "–"
    case .number(let value?):
      if let decimals = column.decimals { return NumberText.fixed(value, decimals) }
      let isWhole = value == value.rounded() && abs(value) < 1e9
      return isWhole ? grouped(Int(value)) : NumberText.significant(value, 4)
    }
  }
}
