import Foundation

/// Draws a ``HeatMap``.
struct HeatMapDrawing {
  private static let longSide = 400.0
  private static let mostCells = 512
  private let map: HeatMap
  private let frame: PlotFrame
  private let scale: AxisScale
  private let titleLines: [String]
  /// As wide as the longest number beside the colours.
  private let labelWidth: Double

  init(_ map: HeatMap, width available: Double = PlotWidth.full) {
    self.map = map
    scale = AxisScale(map.value, values: map.values, padding: 0)
    let x = Self.cellScale(map.x, count: map.columns)
    let y = Self.cellScale(map.y, count: map.rows)
    // Square cells, unless that would make a ribbon of the map.
    // Named rows are few, and their columns usually are steps: a wide map with room for the names.
    let isNamed = !map.rowNames.isEmpty
    let shape =
      isNamed ? 2.6 : min(max(Double(map.columns) / Double(max(map.rows, 1)), 0.4), 1.6)
    let wanted = shape >= 1 ? Self.longSide * shape.squareRoot() : Self.longSide * shape
    let names = isNamed ? map.rowNames : y.ticks(about: 6).map(\.label)
    let labels = names.map { SVGBuilder.estimatedWidth($0, size: 12) }
    let left = 34 + max(labels.max() ?? 0, 20)
    let numbers = scale.ticks(about: 6).map { SVGBuilder.estimatedWidth($0.label, size: 12) }
    labelWidth = max(numbers.max() ?? 0, 20)
    // At the right are the colours with their numbers and what they mean.
    let width = max(min(wanted, available - left - Self.barRoom - labelWidth), 80)
    titleLines = SVGBuilder.titleLines(map.title, width: available - left)
    frame = PlotFrame(
      left: left, top: 24 + 20 * Double(titleLines.count), width: width,
      // Named rows need room for their names.
      height: max(width / shape, isNamed ? 15 * Double(map.rows) : 0), x: x, y: y)
  }

  /// What the colours take beside the map, but for their numbers.
  private static let barRoom = 22.0 + 14 + 8 + 30

  var document: String {
    let ticks = scale.ticks(about: 6)
    let titleWidth = titleLines.map { SVGBuilder.estimatedWidth($0, size: 15) }.max() ?? 0
    var svg = SVGBuilder(
      width: max(frame.right + Self.barRoom + labelWidth, frame.left + titleWidth),
      height: frame.bottom + 52, title: map.title)
    svg.titleText(titleLines, x: frame.left)
    drawCells(into: &svg)
    drawAxes(into: &svg)
    drawBar(left: frame.right + 22, ticks: ticks, into: &svg)
    return svg.document
  }

  /// Without a range the centre of each cell has the cell's number.
  private static func cellScale(_ axis: PlotAxis, count: Int) -> AxisScale {
    let range = axis.range ?? -0.5...(Double(max(count, 1)) - 0.5)
    return AxisScale(PlotAxis(axis.label, range: range), values: [], padding: 0)
  }

  private func drawCells(into svg: inout SVGBuilder) {
    svg.add("<rect class=\"plot-gap\" fill=\"#eceff2\" \(box)/>")
    if map.rows > 0 {
      let (positions, columns) = cells()
      svg.add(image(positions, width: columns, box))
    }
    svg.add("<rect class=\"plot-axis\" fill=\"none\" stroke=\"#8b949e\" \(box)/>")
  }

  private var box: String {
    attributes(x: frame.left, y: frame.top, width: frame.width, height: frame.height)
  }

  private func image(_ positions: [Double], width: Int, _ box: String) -> String {
    // As few cells as are drawn always fit into a file.
    let png = (try? map.colors.png(positions, width: width)) ?? Data()
    return "<image \(box) preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" "
      + "href=\"data:image/png;base64,\(png.base64EncodedString())\"/>"
  }

  private func attributes(x: Double, y: Double, width: Double, height: Double) -> String {
    let numbers = [x, y, width, height].map { SVGBuilder.number($0) }
    return "x=\"\(numbers[0])\" y=\"\(numbers[1])\" width=\"\(numbers[2])\" "
      + "height=\"\(numbers[3])\""
  }

  /// A value's place among the colours, not a number for a gap.
  private func colorPosition(_ value: Double) -> Double {
    scale.accepts(value) ? scale.position(value) : .nan
  }

  /// The colours of the cells; a map of very many cells shows the means of blocks.
  private func cells() -> (positions: [Double], columns: Int) {
    let longest = max(map.columns, map.rows)
    let block = (longest + Self.mostCells - 1) / Self.mostCells
    if block <= 1 { return (map.values.map(colorPosition), map.columns) }
    // Rows with names of their own are not joined.
    let rowBlock = map.rowNames.isEmpty ? block : 1
    var positions: [Double] = []
    let columns = (map.columns + block - 1) / block
    for top in stride(from: 0, to: map.rows, by: rowBlock) {
      for left in stride(from: 0, to: map.columns, by: block) {
        var values: [Double] = []
        for row in top..<min(top + rowBlock, map.rows) {
          for column in left..<min(left + block, map.columns) {
            let value = map.values[row * map.columns + column]
            if scale.accepts(value) { values.append(value) }
          }
        }
        positions.append(values.mean.map(colorPosition) ?? .nan)
      }
    }
    return (positions, columns)
  }

  private func drawAxes(into svg: inout SVGBuilder) {
    for tick in frame.x.ticks(about: frame.width < 300 ? 4 : 6) {
      svg.text(
        tick.label, x: frame.place(x: tick.value), y: frame.bottom + 18, anchor: .middle,
        class: "plot-muted", size: 12)
    }
    let labels =
      map.rowNames.isEmpty
      ? frame.y.ticks(about: 6).map { ($0.label, frame.y.position($0.value)) }
      : map.rowNames.enumerated().map { ($1, (Double($0) + 0.5) / Double(max(map.rows, 1))) }
    for (label, position) in labels {
      let y = frame.top + position * frame.height
      svg.text(label, x: frame.left - 8, y: y + 4, anchor: .end, class: "plot-muted", size: 12)
    }
    let middle = frame.top + frame.height / 2
    svg.text(
      map.x.title, x: frame.left + frame.width / 2, y: frame.bottom + 38, anchor: .middle)
    svg.text(map.y.title, x: 14, y: middle, anchor: .middle, turned: true)
  }

  private func drawBar(
    left: Double, ticks: [(value: Double, label: String)], into svg: inout SVGBuilder
  ) {
    let bar = attributes(x: left, y: frame.top, width: 14, height: frame.height)
    svg.add(image((0..<255).reversed().map { Double($0) / 254 }, width: 1, bar))
    svg.add("<rect class=\"plot-axis\" fill=\"none\" stroke=\"#8b949e\" \(bar)/>")
    for tick in ticks {
      let y = frame.bottom - scale.position(tick.value) * frame.height
      svg.line(
        x1: left + 14, y1: y, x2: left + 18, y2: y, class: "plot-axis",
        attributes: "stroke=\"#8b949e\"")
      svg.text(tick.label, x: left + 22, y: y + 4, class: "plot-muted", size: 12)
    }
    svg.text(
      map.value.title, x: left + 22 + labelWidth + 20, y: frame.top + frame.height / 2,
      anchor: .middle, turned: true)
  }
}
