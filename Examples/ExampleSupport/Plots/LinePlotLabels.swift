/// The names of a plot's lines, written at their ends.
struct LinePlotLabels {
  /// One name.
  struct Label: Equatable {
    /// Which line.
    let series: Int
    /// Where the line ends.
    let end: PlotPoint
    /// How high the name stands.
    var y: Double
  }

  /// The lowest height between the names of two lines.
  private static let gap = 14.0
  /// Which lines have names, in order.
  let named: [Int]
  /// How much room the names take at the right.
  let room: Double

  /// Whether there is room for names at the ends of lines; else they stand in a legend.
  ///
  /// - Parameters:
  ///   - plot: The plot.
  ///   - width: The width of the whole drawing.
  ///   - height: The height within the axes.
  init?(_ plot: LinePlot, width: Double, height: Double) {
    named = plot.series.indices.filter { index in
      let series = plot.series[index]
      return series.color != .grey && !series.label.isEmpty
        && zip(series.x, series.y).contains { $0.isFinite && !$1.isNaN }
    }
    let widest = named.map { SVGBuilder.estimatedWidth(plot.series[$0].label, size: 12) }.max() ?? 0
    room = named.isEmpty ? 20 : widest + 16
    guard widest <= 0.3 * width, Double(named.count) * Self.gap <= height else { return nil }
  }

  /// The names with their places: as near to the ends of their lines as leaves each a line of text.
  func placed(_ ends: [Int: PlotPoint], from top: Double, to bottom: Double) -> [Label] {
    var labels = named.compactMap { index in
      ends[index].map { Label(series: index, end: $0, y: min(max($0.y, top), bottom)) }
    }.sorted { ($0.y, $0.series) < ($1.y, $1.series) }
    for index in labels.indices.dropFirst() {
      labels[index].y = max(labels[index].y, labels[index - 1].y + Self.gap)
    }
    var lowest = bottom
    for index in labels.indices.reversed() {
      labels[index].y = min(labels[index].y, lowest)
      lowest = labels[index].y - Self.gap
    }
    return labels
  }
}
