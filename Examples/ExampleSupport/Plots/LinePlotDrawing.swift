/// Draws a ``LinePlot``.
struct LinePlotDrawing {
  private let plot: LinePlot
  private let width: Double
  private let titleLines: [String]
  private let noteLines: [String]
  private let titleLeft: Double
  /// The names at the ends of lines; nil where they do not find room there.
  private let labels: LinePlotLabels?
  private let legendRows: [[Int]]
  private let frame: PlotFrame

  init(_ plot: LinePlot, width: Double = PlotWidth.full) {
    self.plot = plot
    self.width = width
    let isNarrow = width < PlotWidth.half
    let height = isNarrow ? 220.0 : width < PlotWidth.full ? 260 : 300
    let (x, y) = (plot.horizontalScale, plot.verticalScale)
    let numbers = y.ticks(about: 6).map { SVGBuilder.estimatedWidth($0.label, size: 12) }
    let left = 34 + max(numbers.max() ?? 0, 20)
    labels = LinePlotLabels(plot, width: width, height: height)
    // Infinities have a sign at the right edge.
    let right = max(labels?.room ?? 20, 20)
    titleLeft = isNarrow ? 4 : left
    titleLines = SVGBuilder.titleLines(plot.title, width: width - titleLeft - 4)
    noteLines = TextWrapping.wrap(
      plot.note, columns: Int((width - titleLeft - 4) / SVGBuilder.estimatedWidth("n", size: 12)))
    legendRows = labels == nil ? Self.legendRows(plot.series, width: width - titleLeft - 10) : []
    let headerLines = titleLines.count + noteLines.count + legendRows.count
    frame = PlotFrame(
      left: left, top: 20 + Double(headerLines) * 20, width: width - left - right, height: height,
      x: x, y: y)
  }

  var document: String {
    var svg = SVGBuilder(width: width, height: frame.bottom + 52, title: plot.title)
    svg.titleText(titleLines, x: titleLeft)
    for (index, line) in noteLines.enumerated() {
      svg.text(
        line, x: titleLeft, y: 24 + 20 * Double(titleLines.count + index), class: "plot-muted",
        size: 12)
    }
    drawLegend(into: &svg)
    frame.drawGrid(into: &svg)
    drawData(into: &svg)
    drawLabels(into: &svg)
    drawInfinities(into: &svg)
    frame.drawAxes(plot.x.title, plot.y.title, into: &svg)
    return svg.document
  }

  // MARK: Names of lines

  /// Writes the names at the ends of lines, and joins those that had to move with their lines.
  private func drawLabels(into svg: inout SVGBuilder) {
    guard let labels else { return }
    var ends: [Int: PlotPoint] = [:]
    for index in labels.named {
      ends[index] = points(of: plot.series[index]).compactMap(\.self).last { point in
        point.x >= frame.left - 1 && point.x <= frame.right + 1
      }
    }
    for label in labels.placed(ends, from: frame.top + 4, to: frame.bottom) {
      let end = PlotPoint(x: label.end.x, y: min(max(label.end.y, frame.top), frame.bottom))
      if abs(label.y - end.y) > 3 || end.x < frame.right - 4 {
        let points = [end, PlotPoint(x: frame.right + 5, y: label.y)]
        svg.add(
          "<path \(paint(label.series)) d=\"\(SVGBuilder.path(points))\" fill=\"none\" "
            + "stroke=\"currentColor\" stroke-width=\"0.8\" stroke-dasharray=\"1 2\"/>")
      }
      svg.add(
        "<g \(paint(label.series))><text class=\"plot-name\" fill=\"currentColor\" "
          + "x=\"\(SVGBuilder.number(frame.right + 8))\" y=\"\(SVGBuilder.number(label.y + 4))\" "
          + "font-size=\"12\">\(XMLText.escape(plot.series[label.series].label))</text></g>")
    }
  }

  /// Where names do not find room at the ends, they stand above the data, in as many rows as they need.
  private static func legendRows(_ series: [PlotSeries], width: Double) -> [[Int]] {
    var rows: [[Int]] = []
    var used = Double.infinity
    for index in series.indices where !series[index].label.isEmpty && series[index].color != .grey {
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
    30 + SVGBuilder.estimatedWidth(series.label) + 14
  }

  private func drawLegend(into svg: inout SVGBuilder) {
    for (row, indices) in legendRows.enumerated() {
      var x = titleLeft
      let y = 26 + Double(titleLines.count + noteLines.count + row) * 20
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
            x1: x, y1: y - 4, x2: x + 22, y2: y - 4, class: color(index).className,
            attributes: stroke(index))
        }
        if series.style != .line { drawMarker(PlotPoint(x: x + 11, y: y - 4), index, into: &svg) }
        svg.text(series.label, x: x + 29, y: y)
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
    let order =
      plot.series.indices.filter { plot.series[$0].color == .grey }
      + plot.series.indices.filter { plot.series[$0].color != .grey }
    for index in order { drawBand(index, into: &svg) }
    for index in order { drawSeries(index, into: &svg) }
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
        svg.add("<path class=\"\(color(index).className)\" d=\"\(path)\" \(stroke(index))/>")
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

  private func color(_ index: Int) -> PlotColor { plot.series[index].color ?? .hue(index) }

  /// The class, and the colour for viewers that know no style sheets.
  private func paint(_ index: Int) -> String {
    "class=\"\(color(index).className)\" color=\"\(color(index).code)\""
  }

  private func stroke(_ index: Int) -> String {
    var dash = plot.series[index].dash.pattern
    if dash.isEmpty, case .hue(let hue) = color(index) { dash = PlotStyle.dash(hue) }
    return "color=\"\(color(index).code)\" fill=\"none\" stroke=\"currentColor\" "
      + "stroke-width=\"\(color(index) == .grey ? "1.2" : "1.8")\" "
      + "stroke-linejoin=\"round\" stroke-linecap=\"round\""
      + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
  }
}
