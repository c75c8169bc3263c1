/// A drawing whose numbers can be had as data.
package protocol Plot: Sendable {
  /// The title above the drawing.
  var title: String { get }
  /// The drawing as a self-contained SVG document.
  ///
  /// Texts have the same size at every width: a drawing for a small screen is made for that, not shrunk.
  ///
  /// - Parameter width: How wide it is, of ``PlotWidth``.
  func svg(width: Double) -> String
  /// The numbers as comma-separated values.
  var csv: String { get }
}

/// How wide plots are drawn, in pixels.
package enum PlotWidth {
  /// A plot by itself.
  package static let full = 720.0
  /// One of two that stand side by side.
  package static let half = 500.0
  /// One of several in a grid, and any plot on a telephone.
  package static let narrow = 350.0
}

extension Plot {
  /// The drawing by itself, for a file.
  package var svg: String { svg(width: PlotWidth.full) }
}

extension OutputFile {
  /// A plot as `name.svg` and its numbers as `name.csv`.
  package static func both(_ name: String, _ plot: some Plot) -> [OutputFile] {
    [OutputFile(name + ".svg") { plot.svg }, OutputFile(name + ".csv") { plot.csv }]
  }
}
