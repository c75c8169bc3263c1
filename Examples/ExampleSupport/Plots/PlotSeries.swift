/// One line of a plot: points in the order in which they are joined, and perhaps a band.
public struct PlotSeries: Sendable, Equatable {
  /// A shaded region around a line, such as the quartiles of several runs.
  public struct Band: Sendable, Equatable {
    /// The lower edge at each of the line's points.
    public let low: [Double]
    /// The upper edge at each of the line's points.
    public let high: [Double]

    /// Makes a band from its edges.
    public init(low: [Double], high: [Double]) {
      self.low = low
      self.high = high
    }
  }

  /// How points are drawn.
  public enum Style: Sendable, Equatable {
    /// Joined by a line.
    case line
    /// Joined by a line, each with a marker.
    case lineWithMarkers
    /// Markers only.
    case markers
  }

  /// The name in the legend.
  public let name: String
  /// Where the points lie along the horizontal axis.
  public let x: [Double]
  /// Where the points lie along the vertical axis; what is not finite leaves a gap.
  public let y: [Double]
  /// A shaded region around the line.
  public let band: Band?
  /// How points are drawn.
  public let style: Style
  /// The number of the colour, for series that belong together; nil for one that follows from the place
  /// among the others.
  public let color: Int?

  /// Makes a series from its points; what is too much in the longer list is left out.
  public init(
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

  /// Makes a series from a measure recorded during a run, over its steps.
  public init(_ name: String, _ measured: MeasuredSeries, style: Style = .line) {
    self.init(name, x: measured.steps.map { Double($0) }, y: measured.values, style: style)
  }
}
