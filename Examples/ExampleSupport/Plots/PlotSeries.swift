/// One line of a plot: points in the order in which they are joined, and perhaps a band.
package struct PlotSeries: Sendable, Equatable {
  /// A shaded region around a line, such as the quartiles of several runs.
  package struct Band: Sendable, Equatable {
    /// The lower edge at each of the line's points.
    package let low: [Double]
    /// The upper edge at each of the line's points.
    package let high: [Double]

    package init(low: [Double], high: [Double]) {
      self.low = low
      self.high = high
    }
  }

  /// How points are drawn.
  package enum Style: Sendable, Equatable {
    /// Joined by a line.
    case line
    /// Joined by a line, each with a marker.
    case lineWithMarkers
    /// Markers only.
    case markers
  }

  /// The name in the legend.
  package let name: String
  /// Where the points lie along the horizontal axis.
  package let x: [Double]
  /// Where the points lie along the vertical axis; what is infinite lies at the edge of the
  /// plot, and what is no number leaves a gap.
  package let y: [Double]
  /// A shaded region around the line.
  package let band: Band?
  /// How points are drawn.
  package let style: Style
  /// The number of the colour, for series that belong together; nil for one that follows from the place
  /// among the others.
  package let color: Int?

  package init(
    _ name: String, x: [Double], y: [Double], band: Band? = nil, style: Style = .line,
    color: Int? = nil
  ) {
    self.name = name
    let count = min(x.count, y.count)
    self.x = Array(x.prefix(count))
    self.y = Array(y.prefix(count))
    self.band = band.map {
      Band(low: Array($0.low.prefix(count)), high: Array($0.high.prefix(count)))
    }
    self.style = style
    self.color = color
  }

  package init(_ name: String, _ measured: MeasuredSeries, style: Style = .line) {
    self.init(name, x: measured.steps.map { Double($0) }, y: measured.values, style: style)
  }
}
