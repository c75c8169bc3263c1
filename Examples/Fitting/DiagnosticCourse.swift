import ExampleSupport
import GradientAdjusters

/// What an adjuster published under one name, over the steps of a run.
///
/// Of some thousands every other is left out, and so on, so that long runs take no more memory than short ones.
package struct DiagnosticCourse: Sendable {
  let first: AdjusterDiagnostic
  private(set) var published: [(step: Int, diagnostic: AdjusterDiagnostic)]
  /// Each of so many is kept.
  var interval = 1
  /// How many were published.
  var count = 1

  /// How many are kept at most.
  package static var mostKept: Int { 4096 }

  /// A course of which what follows is known.
  init(
    published: [(step: Int, diagnostic: AdjusterDiagnostic)], interval: Int, count: Int
  ) {
    first = published[0].diagnostic
    self.published = published
    self.interval = interval
    self.count = count
  }

  init(startingWith first: AdjusterDiagnostic, step: Int) {
    self.first = first
    published = [(step, first)]
  }

  mutating func append(_ diagnostic: AdjusterDiagnostic, step: Int) {
    defer { count += 1 }
    guard count % interval == 0 else { return }
    published.append((step, diagnostic))
    guard published.count > Self.mostKept else { return }
    published = stride(from: 0, to: published.count, by: 2).map { published[$0] }
    interval *= 2
  }

  /// One word, for files.
  package var name: String { first.name }

  /// The name as that of a section.
  package var heading: String { name.prefix(1).uppercased() + name.dropFirst() }

  /// All numbers, a line for each step and item.
  package var table: CSVTable {
    var table = CSVTable(columns: ["step", first.itemKind] + first.columns.map(\.name))
    for (step, diagnostic) in published {
      for (index, item) in diagnostic.items.enumerated() {
        table.append(
          [.integer(step), .text(item)] + diagnostic.columns.map { .number($0.values[index]) })
      }
    }
    return table
  }

  /// How many steps are marked at most.
  private static var mostMarked: Int { 60 }
  /// How many lines have names at most; they have an order.
  private static var mostNamed: Int { 9 }

  /// Whether plots mark the steps at which something was published.
  package var marksSteps: Bool { published.count <= Self.mostMarked }

  /// The columns that are to be plotted, a line for each item, with axes in common where quantities are the same.
  package func plots(of run: String) -> [(style: AdjusterDiagnostic.Plot, plot: LinePlot)] {
    var items: [String] = []
    for (_, diagnostic) in published {
      items += diagnostic.items.filter { !items.contains($0) }
    }
    let interval = (items.count + Self.mostNamed - 1) / Self.mostNamed
    let styled = first.columns.indices.compactMap { column in
      first.columns[column].plot.map { (column, $0) }
    }
    let plots = styled.map { column, style in
      let series = items.enumerated().map { index, item in
        let points = published.compactMap { step, diagnostic -> (x: Double, y: Double)? in
          guard let index = diagnostic.items.firstIndex(of: item) else { return nil }
          return (Double(step), diagnostic.columns[column].values[index] ?? .nan)
        }
        return PlotSeries(
          item, label: index.isMultiple(of: max(interval, 1)) ? item : "", x: points.map(\.x),
          y: points.map(\.y), style: marksSteps ? .lineWithMarkers : .line,
          color: .scale(Double(index) / Double(max(items.count - 1, 1))))
      }
      return LinePlot(
        "\(style.title): \(run)", x: PlotAxis("step"),
        y: PlotAxis(style.quantity, scale: style.isLogarithmic ? .logarithmic : .linear),
        series: series)
    }
    let quantities = Set(styled.map(\.1.quantity))
    return Array(zip(styled.map(\.1), quantities.count == 1 ? plots.sharingAxes : plots))
  }
}
