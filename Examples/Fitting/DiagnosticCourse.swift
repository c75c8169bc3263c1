import ExampleSupport
import GradientAdjusters

/// What an adjuster published under one name, over the steps of a run.
package struct DiagnosticCourse: Sendable {
  let first: AdjusterDiagnostic
  private(set) var published: [(step: Int, diagnostic: AdjusterDiagnostic)]

  init(startingWith first: AdjusterDiagnostic, step: Int) {
    self.first = first
    published = [(step, first)]
  }

  mutating func append(_ diagnostic: AdjusterDiagnostic, step: Int) {
    published.append((step, diagnostic))
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

  /// The columns that are to be plotted, a line for each item.
  package func plots(of run: String) -> [(style: AdjusterDiagnostic.Plot, plot: LinePlot)] {
    var items: [String] = []
    for (_, diagnostic) in published {
      items += diagnostic.items.filter { !items.contains($0) }
    }
    return first.columns.indices.compactMap { column in
      guard let style = first.columns[column].plot else { return nil }
      let series = items.map { item in
        let points = published.compactMap { step, diagnostic -> (x: Double, y: Double)? in
          guard let index = diagnostic.items.firstIndex(of: item) else { return nil }
          return (Double(step), diagnostic.columns[column].values[index] ?? .nan)
        }
        return PlotSeries(item, x: points.map(\.x), y: points.map(\.y))
      }
      let plot = LinePlot(
        "\(style.title): \(run)", x: PlotAxis("step"),
        y: PlotAxis(style.quantity, scale: style.isLogarithmic ? .logarithmic : .linear),
        series: series)
      return (style, plot)
    }
  }
}
