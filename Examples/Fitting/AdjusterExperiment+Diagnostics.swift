import ExampleSupport

extension AdjusterExperiment {
  /// The files of what adjusters published in each outcome's first run, the numbers first.
  package func diagnosticFiles(_ outcomes: [Outcome]) -> [OutputFile] {
    let all = outcomes.flatMap { outcome in
      (outcome.courses.first?.diagnostics ?? []).map { (outcome, $0) }
    }
    let tables = all.map { outcome, diagnostic in
      OutputFile(fileName("\(diagnostic.name).csv", ofRun: outcome.runName)) {
        diagnostic.table.text
      }
    }
    let plots = all.flatMap { outcome, diagnostic in
      diagnostic.plots(of: outcome.runName).map { style, plot in
        OutputFile(fileName("\(diagnostic.name)-\(style.name).svg", ofRun: outcome.runName)) {
          plot.svg
        }
      }
    }
    return tables + plots
  }
}

extension Report {
  /// Adds plots of what adjusters published in each outcome's first run, under a heading for each diagnostic: those
  /// of a run side by side.
  package mutating func addDiagnostics<Outcome: AdjusterOutcome>(of outcomes: [Outcome]) {
    var names: [String] = []
    for diagnostic in outcomes.flatMap({ $0.courses.first?.diagnostics ?? [] })
    where !names.contains(diagnostic.name) { names.append(diagnostic.name) }
    for name in names {
      let found = outcomes.compactMap { outcome in
        outcome.courses.first?.diagnostics.first { $0.name == name }.map { ($0, outcome.runName) }
      }
      let rows = found.map { diagnostic, run in (diagnostic, diagnostic.plots(of: run)) }
        .filter { !$0.1.isEmpty }
      // Single plots of several runs share a row.
      let groups =
        rows.allSatisfy { $0.1.count == 1 } ? [rows] : rows.map { [$0] }
      for (index, group) in groups.enumerated() {
        let styles = group.first?.1.map(\.style) ?? []
        let isMarked = group.contains { $0.0.marksSteps }
        let marks = isMarked ? " Dots mark the steps at which this was measured." : ""
        let plots = group.flatMap { $0.1.map(\.plot) }
        addPlots(
          group.count > 1 ? plots.sharingAxes : plots,
          heading: index == 0 ? group.first?.0.heading ?? "" : "",
          caption: styles.map(\.caption).joined(separator: " ") + marks)
      }
    }
  }
}
