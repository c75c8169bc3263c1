/// A chart of lines over a common horizontal axis.
///
/// ```swift
/// let plot = LinePlot(
///   "Quality during training", x: PlotAxis("step"), y: PlotAxis("PSNR", unit: "dB"),
///   series: [PlotSeries("plain", measured), PlotSeries("adjusted", other)])
/// try folder.write(plot.svg, to: "psnr.svg")
/// try folder.write(plot.csv, to: "psnr.csv")
/// ```
package struct LinePlot: Plot, Equatable {
  /// The title above the chart.
  package let title: String
  /// The horizontal axis.
  package let x: PlotAxis
  /// The vertical axis.
  package let y: PlotAxis
  /// The lines, in the order of the legend.
  package let series: [PlotSeries]

  /// Describes a chart.
  package init(_ title: String, x: PlotAxis, y: PlotAxis, series: [PlotSeries]) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
  }

  /// The chart as a self-contained SVG document, for files and for HTML.
  package var svg: String { LinePlotDrawing(self).document }

  /// All points as comma-separated values, one row for each point of each series.
  package var csv: String {
    let hasBands = series.contains { $0.band != nil }
    var table = CSVTable(
      columns: ["series", x.title, y.title] + (hasBands ? ["low", "high"] : []))
    for line in series {
      for (index, (x, y)) in zip(line.x, line.y).enumerated() {
        var row: [CSVTable.Cell] = [.text(line.name), .number(x), .number(y)]
        if hasBands {
          row.append(.number(line.band?.low.element(at: index)))
          row.append(.number(line.band?.high.element(at: index)))
        }
        table.append(row)
      }
    }
    return table.text
  }
}

extension Array {
  /// The element at an index, or nothing if there is none.
  package func element(at index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
