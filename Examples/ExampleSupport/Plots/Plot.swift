import Foundation

/// A drawing whose numbers can be had as data.
public protocol Plot: Sendable {
  /// The title above the drawing.
  var title: String { get }
  /// The drawing as a self-contained SVG document.
  var svg: String { get }
  /// The numbers as comma-separated values.
  var csv: String { get }
}

extension OutputFolder {
  /// Writes a plot as `name.svg` and its numbers as `name.csv`.
  public func write(_ plot: some Plot, named name: String) throws(ExampleFailure) {
    try write(plot.svg, to: name + ".svg")
    try write(plot.csv, to: name + ".csv")
  }
}
