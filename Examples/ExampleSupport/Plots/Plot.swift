/// A drawing whose numbers can be had as data.
package protocol Plot: Sendable {
  /// The title above the drawing.
  var title: String { get }
  /// The drawing as a self-contained SVG document.
  var svg: String { get }
  /// The numbers as comma-separated values.
  var csv: String { get }
}

extension OutputFile {
  /// A plot as `name.svg` and its numbers as `name.csv`.
  package static func both(_ name: String, _ plot: some Plot) -> [OutputFile] {
    [OutputFile(name + ".svg") { plot.svg }, OutputFile(name + ".csv") { plot.csv }]
  }
}
