/// How a line of a plot is coloured.
package enum PlotColor: Sendable, Equatable {
  /// One of the palette's colours: told apart easily, and without an order.
  case hue(Int)
  /// A place from 0 to 1 on a scale of colours, for lines that have an order.
  case scale(Double)
  /// Grey, for what is only the background of other lines.
  case grey

  /// The name of its class in style sheets.
  var className: String {
    switch self {
    case .hue(let index): "plot-c\(PlotStyle.colorIndex(index))"
    case .scale(let position): "plot-s\(PlotStyle.scaleIndex(position))"
    case .grey: "plot-grey"
    }
  }

  /// Its code in light surroundings, for viewers that know no style sheets.
  var code: String {
    switch self {
    case .hue(let index): PlotStyle.lightColors[PlotStyle.colorIndex(index)]
    case .scale(let position): PlotStyle.lightScale[PlotStyle.scaleIndex(position)]
    case .grey: PlotStyle.lightGrey
    }
  }

  /// A spot of the colour, for HTML.
  var spotHTML: String { "<span class=\"plot spot\"><span class=\"\(className)\"></span></span>" }
}

/// How a line of a plot is broken.
package enum PlotDash: Sendable, Equatable {
  /// Not at all.
  case solid
  /// Into dashes.
  case dashed

  var pattern: String { self == .solid ? "" : "6 5" }
}

/// The colours of a report's runs, the same in all its plots and tables.
///
/// Of more than eight runs only the first and the best few have colours, and the others are grey.
package struct RunColors: Sendable {
  /// How many lines can be told apart.
  package static let most = 8
  /// How many of the best have colours where there are more.
  private static let bestShown = 5
  private let colors: [String: PlotColor]
  private let greyCount: Int

  /// The colours of some runs.
  ///
  /// - Parameters:
  ///   - runs: Their names, in the order in which they were made.
  ///   - best: The same names, the best first.
  package init(_ runs: [String], bestFirst best: [String]) {
    var shown = runs
    if runs.count > Self.most {
      let first = runs.prefix(1)
      shown = Array(first) + best.filter { !first.contains($0) }.prefix(Self.bestShown)
    }
    colors = Dictionary(
      shown.enumerated().map { ($1, .hue($0)) }, uniquingKeysWith: { first, _ in first })
    greyCount = runs.count - shown.count
  }

  /// The colour of a run.
  package subscript(run: String) -> PlotColor { colors[run] ?? .grey }

  /// What is grey, for a plot's note; empty where nothing is.
  package var note: String {
    greyCount == 0 ? "" : "grey: \(NumberText.count(greyCount, "other run"))"
  }
}
