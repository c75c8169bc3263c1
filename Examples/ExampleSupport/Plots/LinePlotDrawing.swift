/// Draws a ``LinePlot``.
struct LinePlotDrawing {
  private static let width = 720.0
  private static let plotHeight = 300.0
  private let plot: LinePlot
  private let legendRows: [[Int]]
  private let frame: PlotFrame

  init(_ plot: LinePlot) {
    self.plot = plot
    let hasMarkers = plot.series.contains { $0.style != .line }
    let x = AxisScale(plot.x, values: plot.series.flatMap(\.x), padding: hasMarkers ? 0.02 : 0)
    let heights = plot.series.flatMap { $0.y + ($0.band.map { $0.low + $0.high } ?? []) }
    let y = AxisScale(plot.y, values: heights, padding: 0.05)
    let labels = y.ticks(about: 6).map { SVGBuilder.estimatedWidth($0.label, size: 12) }
    let left = 40 + max(labels.max() ?? 0, 20)
    legendRows = Self.legendRows(plot.series, width: Self.width - left - 20)
    let top = 40 + Double(legendRows.count) * 20
    frame = PlotFrame(
      left: left, top: top, width: Self.width - left - 20, height: Self.plotHeight, x: x, y: y)
  }

  var document: String {
    var svg = SVGBuilder(width: Self.width, height: frame.bottom + 52, title: plot.title)
    svg.text(plot.title, x: frame.left, y: 26, class: "plot-title", size: 15)
    drawLegend(into: &svg)
    frame.drawGrid(into: &svg)
    drawData(into: &svg)
    drawInfinities(into: &svg)
    frame.drawAxes(plot.x.title, plot.y.title, into: &svg)
    return svg.document
  }

  // MARK: Legend

  /// The legend stands above the data, in as many rows as it needs.
  private static func legendRows(_ series: [PlotSeries], width: Double) -> [[Int]] {
    if series.count == 1, series[0].name.isEmpty { return [] }
    var rows: [[Int]] = []
    var used = Double.infinity
    for index in series.indices {
      let needed = entryWidth(series[index])
      if used + needed > width {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(index)
      used += needed
    }
    return rows
  }

  private static func entryWidth(_ series: PlotSeries) -> Double {
    30 + SVGBuilder.estimatedWidth(series.name) + 18
  }

  private func drawLegend(into svg: inout SVGBuilder) {
    for (row, indices) in legendRows.enumerated() {
      var x = frame.left
      let y = 48 + Double(row) * 20
      for index in indices {
        let series = plot.series[index]
        if series.band != nil {
          svg.add(
            "<rect \(paint(index)) x=\"\(SVGBuilder.number(x))\" "
              + "y=\"\(SVGBuilder.number(y - 10))\" width=\"22\" height=\"12\" "
              + "fill=\"currentColor\" fill-opacity=\"0.2\"/>")
        }
        if series.style != .markers {
          svg.line(
            x1: x, y1: y - 4, x2: x + 22, y2: y - 4, class: colorClass(index),
            attributes: stroke(index))
        }
        if series.style != .line { drawMarker(PlotPoint(x: x + 11, y: y - 4), index, into: &svg) }
        svg.text(series.name, x: x + 29, y: y)
        x += Self.entryWidth(series)
      }
    }
  }

  // MARK: Data

  private func drawData(into svg: inout SVGBuilder) {
    // Lines may leave the frame only where a range was chosen; there they are cut.
    let isCut = plot.x.range != nil || plot.y.range != nil
    let box = [frame.left, frame.top, frame.width, frame.height].map { SVGBuilder.number($0) }
    if isCut {
      svg.add(
        "<svg x=\"\(box[0])\" y=\"\(box[1])\" width=\"\(box[2])\" height=\"\(box[3])\" "
          + "viewBox=\"\(box.joined(separator: " "))\" overflow=\"hidden\">")
    }
    for index in plot.series.indices { drawBand(index, into: &svg) }
    for index in plot.series.indices { drawSeries(index, into: &svg) }
    if isCut { svg.add("</svg>") }
    if plot.series.allSatisfy({ points(of: $0).allSatisfy { $0 == nil } }) {
      svg.text(
        "no data", x: frame.left + frame.width / 2, y: frame.top + frame.height / 2,
        anchor: .middle, class: "plot-muted")
    }
  }

  /// Says which edges stand for infinities, where there are some.
  private func drawInfinities(into svg: inout SVGBuilder) {
    let values = Set(plot.series.flatMap(\.y).filter(\.isInfinite))
    for (value, y) in [(Double.infinity, frame.top), (-Double.infinity, frame.bottom)]
    where values.contains(value) && frame.y.accepts(value) {
      svg.text(
        NumberText.fixed(value, 0), x: frame.right + 3, y: y + 4, class: "plot-muted", size: 12)
    }
  }

  private func points(of series: PlotSeries) -> [PlotPoint?] {
    zip(series.x, series.y).map { frame.place(x: $0, y: $1) }
  }

  private func drawSeries(_ index: Int, into svg: inout SVGBuilder) {
    let series = plot.series[index]
    let points = points(of: series)
    if series.style != .markers {
      let path = Decimation.runs(points).map { SVGBuilder.path(Decimation.thin($0)) }.joined()
      if !path.isEmpty {
        svg.add("<path class=\"\(colorClass(index))\" d=\"\(path)\" \(stroke(index))/>")
      }
    }
    if series.style != .line {
      for point in points.compactMap(\.self) { drawMarker(point, index, into: &svg) }
    }
  }

  private func drawMarker(_ point: PlotPoint, _ index: Int, into svg: inout SVGBuilder) {
    svg.add(
      "<circle \(paint(index)) cx=\"\(SVGBuilder.number(point.x))\" "
        + "cy=\"\(SVGBuilder.number(point.y))\" r=\"3.2\" fill=\"currentColor\"/>")
  }

  private func drawBand(_ index: Int, into svg: inout SVGBuilder) {
    let series = plot.series[index]
    guard let band = series.band else { return }
    let edges = series.x.indices.map { i -> (low: PlotPoint, high: PlotPoint)? in
      guard let low = band.low.element(at: i), let high = band.high.element(at: i),
        let lowPoint = frame.place(x: series.x[i], y: low),
        let highPoint = frame.place(x: series.x[i], y: high)
      else { return nil }
      return (lowPoint, highPoint)
    }
    let path = Decimation.runs(edges).map { run in
      let upper = Decimation.thin(run.map(\.high))
      let lower = Decimation.thin(run.map(\.low))
      return SVGBuilder.path(upper + lower.reversed()) + "Z"
    }.joined()
    if path.isEmpty { return }
    svg.add(
      "<path \(paint(index)) d=\"\(path)\" fill=\"currentColor\" "
        + "fill-opacity=\"0.2\"/>")
  }

  private func colorClass(_ index: Int) -> String { "plot-c\(color(index))" }

  private func color(_ index: Int) -> Int {
    PlotStyle.colorIndex(plot.series[index].color ?? index)
  }

  /// The class, and the colour for viewers that know no style sheets.
  private func paint(_ index: Int) -> String {
    let code = PlotStyle.lightColors[color(index)]
    return "class=\"\(colorClass(index))\" color=\"\(code)\""
  }

  private func stroke(_ index: Int) -> String {
    let dash = PlotStyle.dash(plot.series[index].color ?? index)
    let code = PlotStyle.lightColors[color(index)]
    return "color=\"\(code)\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" "
      + "stroke-linejoin=\"round\" stroke-linecap=\"round\""
      + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
  }
}
