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
  /// The lines, those behind others first.
  package let series: [PlotSeries]
  /// A few words under the title, such as what dashes stand for; may be empty.
  package let note: String

  /// Describes a chart.
  package init(
    _ title: String, x: PlotAxis, y: PlotAxis, series: [PlotSeries], note: String = ""
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.note = note
  }

  /// The chart as a self-contained SVG document, for files and for HTML.
  package func svg(width: Double) -> String { LinePlotDrawing(self, width: width).document }

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

extension [LinePlot] {
  /// The same charts with axes that all have in common, so that they can be compared side by side.
  package var sharingAxes: [LinePlot] {
    guard count > 1, let first else { return self }
    let scales = map { ($0.horizontalScale, $0.verticalScale) }
    func shared(_ axis: PlotAxis, _ scales: [AxisScale]) -> PlotAxis {
      let (low, high) = (scales.map(\.low).min() ?? 0, scales.map(\.high).max() ?? 1)
      return PlotAxis(axis.label, unit: axis.unit, scale: axis.scale, range: low...high)
    }
    let (x, y) = (shared(first.x, scales.map(\.0)), shared(first.y, scales.map(\.1)))
    return map { LinePlot($0.title, x: x, y: y, series: $0.series, note: $0.note) }
  }
}

extension LinePlot {
  /// The scale of the horizontal axis, fitted to the data.
  var horizontalScale: AxisScale {
    let hasMarkers = series.contains { $0.style != .line }
    return AxisScale(x, values: series.flatMap(\.x), padding: hasMarkers ? 0.02 : 0)
  }

  /// The scale of the vertical axis, fitted to the data.
  var verticalScale: AxisScale {
    let heights = series.flatMap { $0.y + ($0.band.map { $0.low + $0.high } ?? []) }
    return AxisScale(y, values: heights, padding: 0.05)
  }
}

extension Array {
  /// The element at an index, or nothing if there is none.
  package func element(at index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
