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

  /// The name, for the numbers.
  package let name: String
  /// What is written beside the line; empty where another line's label stands for this one too.
  package let label: String
  /// Where the points lie along the horizontal axis.
  package let x: [Double]
  /// Where the points lie along the vertical axis; what is infinite lies at the edge of the
  /// plot, and what is no number leaves a gap.
  package let y: [Double]
  /// A shaded region around the line.
  package let band: Band?
  /// How points are drawn.
  package let style: Style
  /// The colour, for series that belong together; nil for one that follows from the place among the others.
  package let color: PlotColor?
  /// How the line is broken.
  package let dash: PlotDash

  /// A line.
  ///
  /// - Parameters:
  ///   - name: The name, for the numbers.
  ///   - label: What is written beside the line; the name by default.
  ///   - x: Where the points lie along the horizontal axis.
  ///   - y: Where they lie along the vertical axis.
  ///   - band: A shaded region around the line.
  ///   - style: How points are drawn.
  ///   - color: The colour; one that follows from the place among the others by default.
  ///   - dash: How the line is broken.
  package init(
    _ name: String, label: String? = nil, x: [Double], y: [Double], band: Band? = nil,
    style: Style = .line, color: PlotColor? = nil, dash: PlotDash = .solid
  ) {
    self.name = name
    self.label = label ?? name
    let count = min(x.count, y.count)
    self.x = Array(x.prefix(count))
    self.y = Array(y.prefix(count))
    self.band = band.map {
      Band(low: Array($0.low.prefix(count)), high: Array($0.high.prefix(count)))
    }
    self.style = style
    self.color = color
    self.dash = dash
  }

  package init(_ name: String, _ measured: MeasuredSeries, color: PlotColor? = nil) {
    self.init(name, x: measured.steps.map { Double($0) }, y: measured.values, color: color)
  }
}
