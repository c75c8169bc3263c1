/// A matrix shown in colours, with a colour bar.
package struct HeatMap: Plot, Equatable {
  /// The title above the map.
  package let title: String
  /// The values, row after row from the top; what is infinite has the colour at the end of the
  /// scale, and what is no number is left blank.
  package let values: [Double]
  /// The number of values in a row.
  package let columns: Int
  /// The horizontal axis; without a range it counts the columns from zero.
  package let x: PlotAxis
  /// The vertical axis, downwards; without a range it counts the rows from zero.
  package let y: PlotAxis
  /// The meaning, the scale and perhaps the range of the values.
  package let value: PlotAxis
  /// The colours.
  package let colors: ColorMap
  /// The name of each row, shown in place of the vertical axis's numbers; empty for none.
  package let rowNames: [String]

  /// Describes a heat map.
  ///
  /// - Parameters:
  ///   - title: The title above the map.
  ///   - values: The values, row after row from the top; an unfinished row is left out.
  ///   - columns: The number of values in a row.
  ///   - x: The horizontal axis; its range, if any, reaches from the left edge to the right.
  ///   - y: The vertical axis; its range, if any, reaches from the top edge to the bottom.
  ///   - value: The meaning, the scale and perhaps the range of the values.
  ///   - colors: The colours.
  ///   - rowNames: The name of each row, in place of the vertical axis's numbers.
  package init(
    _ title: String, values: [Double], columns: Int,
    x: PlotAxis = PlotAxis("column"), y: PlotAxis = PlotAxis("row"), value: PlotAxis,
    colors: ColorMap = .viridis, rowNames: [String] = []
  ) {
    self.title = title
    self.columns = max(columns, 1)
    self.values = Array(values.prefix(values.count / self.columns * self.columns))
    self.x = x
    self.y = y
    self.value = value
    self.colors = colors
    self.rowNames = rowNames
  }

  /// The number of rows.
  package var rows: Int { values.count / columns }

  /// The map as a self-contained SVG document, for files and for HTML.
  package func svg(width: Double) -> String { HeatMapDrawing(self, width: width).document }

  /// The matrix as comma-separated values, a row of the file for each row of the matrix.
  package var csv: String {
    var table = CSVTable(columns: ["row"] + (0..<columns).map { "\($0)" })
    for row in 0..<rows {
      let cells = values[(row * columns)..<((row + 1) * columns)]
      let name = rowNames.element(at: row).map { CSVTable.Cell.text($0) } ?? .integer(row)
      table.append([name] + cells.map { CSVTable.Cell.number($0) })
    }
    return table.text
  }
}
