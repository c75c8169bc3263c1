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
  /// Adds plots of what adjusters published in each outcome's first run, under a heading for each diagnostic.
  package mutating func addDiagnostics<Outcome: AdjusterOutcome>(of outcomes: [Outcome]) {
    for outcome in outcomes {
      for diagnostic in outcome.courses.first?.diagnostics ?? [] {
        let plots = diagnostic.plots(of: outcome.runName)
        for (index, (style, plot)) in plots.enumerated() {
          addPlot(plot, heading: index == 0 ? diagnostic.heading : "", caption: style.caption)
        }
      }
    }
  }
}
