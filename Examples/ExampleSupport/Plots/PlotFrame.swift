/// The rectangle inside the axes, with its grid, ticks and labels.
struct PlotFrame {
  let left: Double
  let top: Double
  let width: Double
  let height: Double
  let x: AxisScale
  let y: AxisScale

  /// About how many ticks there are room for along each axis.
  private var tickCounts: (x: Int, y: Int) { (width < 400 ? 4 : 7, height < 250 ? 5 : 6) }

  var right: Double { left + width }
  var bottom: Double { top + height }

  func place(x value: Double) -> Double { left + x.position(value) * width }
  func place(y value: Double) -> Double { bottom - y.position(value) * height }

  func place(x: Double, y: Double) -> PlotPoint? {
    guard self.x.accepts(x), self.y.accepts(y) else { return nil }
    return PlotPoint(x: place(x: x), y: place(y: y))
  }

  func drawGrid(into svg: inout SVGBuilder) {
    for tick in x.ticks(about: tickCounts.x) {
      let at = place(x: tick.value)
      svg.line(x1: at, y1: top, x2: at, y2: bottom, class: "plot-grid", attributes: gridStroke)
    }
    for tick in y.ticks(about: tickCounts.y) {
      let at = place(y: tick.value)
      svg.line(x1: left, y1: at, x2: right, y2: at, class: "plot-grid", attributes: gridStroke)
    }
  }

  func drawAxes(_ xTitle: String, _ yTitle: String, into svg: inout SVGBuilder) {
    svg.line(
      x1: left, y1: bottom, x2: right, y2: bottom, class: "plot-axis", attributes: axisStroke)
    for tick in x.ticks(about: tickCounts.x) {
      let at = place(x: tick.value)
      svg.line(
        x1: at, y1: bottom, x2: at, y2: bottom + 4, class: "plot-axis", attributes: axisStroke)
      svg.text(
        tick.label, x: at, y: bottom + 18, anchor: .middle, class: "plot-muted", size: 12)
    }
    for tick in y.ticks(about: tickCounts.y) {
      svg.text(
        tick.label, x: left - 8, y: place(y: tick.value) + 4, anchor: .end, class: "plot-muted",
        size: 12)
    }
    svg.text(xTitle, x: left + width / 2, y: bottom + 38, anchor: .middle)
    svg.text(yTitle, x: 14, y: top + height / 2, anchor: .middle, turned: true)
  }

  private var gridStroke: String { "stroke=\"#e4e7eb\" stroke-width=\"1\"" }
  private var axisStroke: String { "stroke=\"#8b949e\" stroke-width=\"1\"" }
}
