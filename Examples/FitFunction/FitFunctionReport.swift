import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// Writes everything that a run leaves behind.
struct FitFunctionReport {
  let settings: FitFunctionSettings
  let results: [FunctionResult]

  /// Writes the tables, plots, summary and report: all that can be computed is computed before the
  /// first file is written.
  func write() throws {
    var files: [(name: String, data: Data)] = []
    func add(_ name: String, _ text: String) { files.append((name, Data(text.utf8))) }
    for result in results {
      add(settings.fileName("losses", "csv", for: result.adjuster), losses(result).text)
      add(settings.fileName("errors", "csv", for: result.adjuster), errors(result).text)
      add(settings.fileName("function", "csv", for: result.adjuster), function(result).text)
      add(settings.fileName("errors", "svg", for: result.adjuster), heatMap(result).svg)
    }
    add("losses.svg", lossPlot.svg)
    files.append(("summary.json", try summary.file))
    add("report.html", report.html)
    try Interruption.ignored {
      for file in files { try settings.folder.write(file.data, to: file.name) }
    }
  }

  // MARK: Tables

  /// The loss before each step and after the last, a column for each seed.
  private func losses(_ result: FunctionResult) -> CSVTable {
    var table = CSVTable(columns: ["step"] + result.runs.map { "loss_seed\($0.seed)" })
    for step in 0...settings.numbers.steps {
      let cells = result.runs.map { run in
        let losses = run.losses
        return CSVTable.Cell.number(losses.indices.contains(step) ? losses[step] : nil)
      }
      table.append([.integer(step)] + cells)
    }
    return table
  }

  /// The relative errors at recorded steps, a column for each frequency and seed.
  private func errors(_ result: FunctionResult) -> CSVTable {
    let columns = result.runs.flatMap { run in
      settings.bins.map { "frequency\($0)_seed\(run.seed)" }
    }
    var table = CSVTable(columns: ["step"] + columns)
    for (index, step) in result.recordedSteps.enumerated() {
      let cells = result.runs.flatMap { run in
        settings.bins.indices.map { frequency in
          CSVTable.Cell.number(
            run.errors.indices.contains(index) ? run.errors[index][frequency] : nil)
        }
      }
      table.append([.integer(step)] + cells)
    }
    return table
  }

  /// The function and what was fitted to it.
  private func function(_ result: FunctionResult) -> CSVTable {
    var table = CSVTable(columns: ["x", "target"] + result.runs.map { "output_seed\($0.seed)" })
    let (x, target) = (signal.abscissas.elements, signal.values.elements)
    let outputs = result.runs.map(\.outputs.elements)
    for index in x.indices {
      table.append(
        [.number(x[index]), .number(target[index])] + outputs.map { .number($0[index]) })
    }
    return table
  }

  private var signal: FunctionSignal<Double> {
    settings.preset.signal(samples: settings.numbers.samples, Double.self)
  }

  private var summary: JSONValue {
    [
      "preset": .string(settings.preset.rawValue),
      "samples": .integer(settings.numbers.samples),
      "frequencies": .array(settings.bins.map { .integer($0) }),
      "results": .array(
        results.map { result in
          [
            "adjuster": .string(result.adjuster.name),
            "loss": .number(result.finalLoss?.mean),
            "loss_standard_deviation": .number(result.finalLoss?.deviation),
            "relative_error": .number(result.finalError?.mean),
            "relative_error_standard_deviation": .number(result.finalError?.deviation),
            "seconds_per_step": .number(result.secondsPerStep),
            "training_seconds": .number(result.trainingSeconds),
            "peak_memory_mb": .number(result.peakMemoryMegabytes),
            "runs": .array(
              result.runs.map { run in
                [
                  "seed": .integer(run.seed), "loss": .number(run.finalLoss),
                  "relative_errors": .array((run.errors.last ?? []).map { .number($0) }),
                  "steps": .integer(run.course.losses.count),
                  "failure": .string(run.failure?.clause),
                ]
              }),
          ]
        }),
      "settings": settings.reported.json, "made": provenance.json,
    ]
  }

  // MARK: Report

  private var provenance: Provenance { .current(commandLine: settings.values.commandLine) }

  private var report: Report {
    var report = Report(
      "Fitting \(settings.preset.functionName)", summary: sentence, settings: settings.reported,
      provenance: provenance)
    report.addTable(
      "Results", table,
      caption: """
        The mean squared error after the last update, and the mean over the frequencies of the relative \
        error there\(settings.seeds.count > 1 ? "; mean ± standard deviation over the seeds" : ""); the \
        median time of a step; peak memory of the process during the runs.
        """)
    for (index, result) in results.enumerated() {
      report.addPlot(
        heatMap(result), heading: index == 0 ? "Which frequencies are learned when" : "",
        caption: index == 0
          ? """
          The relative error (\(settings.numbers.errors.rawValue)) at each of the function's strongest \
          frequencies over training: yellow is nothing learned, dark blue all of it. Spectral bias \
          shows as rows that darken one after the other.
          """ : "The same for \(result.adjuster.parts.map(\.title).joined(separator: ", then ")).")
    }
    report.addPlot(
      finalErrorPlot, caption: "What is left of each frequency at the end.\(bandCaption)")
    report.addPlot(
      lossPlot, heading: "Training",
      caption: "Before each step's update; the last point is after the last.\(bandCaption)")
    report.addPlot(
      functionPlot, heading: "The fitted function",
      caption: "The function, and what each network makes of it at the end"
        + (settings.seeds.count > 1 ? " (the first seed)." : "."))
    return report
  }

  private var bandCaption: String {
    settings.seeds.count > 1
      ? " Lines are means over \(settings.seeds.count) seeds, bands reach from the smallest to the largest."
      : ""
  }

  private func heatMap(_ result: FunctionResult) -> HeatMap {
    let rows = settings.bins.indices.map { result.meanErrors(atFrequency: $0) }
    let columns = rows.first?.count ?? 0
    let last = columns > 0 ? result.recordedSteps[columns - 1] : 0
    return HeatMap(
      "Relative error, \(result.adjuster.name)", values: rows.flatMap(\.self),
      columns: columns, x: PlotAxis("step", range: 0...Double(max(last, 1))),
      y: PlotAxis("cycles"), value: PlotAxis("relative error", range: 0...1),
      rowNames: settings.bins.map { "\($0)" })
  }

  private var finalErrorPlot: LinePlot {
    LinePlot(
      "Relative error at the end", x: PlotAxis("frequency", unit: "cycles over all samples"),
      y: PlotAxis("relative error", scale: .logarithmic),
      series: results.map { result in
        let spread = SeriesSpread(of: result.runs.compactMap { $0.errors.last })
        return PlotSeries(
          result.adjuster.name, x: settings.bins.map { Double($0) }, y: spread.mean,
          band: spread.band, style: .lineWithMarkers)
      })
  }

  private var lossPlot: LinePlot {
    LinePlot(
      "Loss against step", x: PlotAxis("step"),
      y: PlotAxis("mean squared error", scale: .logarithmic),
      series: results.map { result in
        let spread = SeriesSpread(of: result.runs.map(\.losses))
        return PlotSeries(
          result.adjuster.name, x: spread.mean.indices.map { Double($0) }, y: spread.mean,
          band: spread.band)
      })
  }

  private var functionPlot: LinePlot {
    let x = signal.abscissas.elements
    return LinePlot(
      "The function and its fits", x: PlotAxis(settings.preset == .circle ? "angle" : "x"),
      y: PlotAxis("value"),
      series: results.compactMap { result in
        result.runs.first.map { PlotSeries(result.adjuster.name, x: x, y: $0.outputs.elements) }
      } + [PlotSeries("the function", x: x, y: signal.values.elements)])
  }

  private var sentence: String {
    let outcome = results.map { result in
      let failure = result.runs.lazy.compactMap(\.failure).first
      let end =
        failure?.clause
        ?? "left a relative error of \(NumberText.significant(result.finalError?.mean ?? .nan))"
      return "\(result.adjuster.name) \(end)"
    }.joined(separator: "; ")
    let seeds = settings.seeds.count
    return """
      A \(settings.preset.networkName) of width \(settings.numbers.width) was fitted to \
      \(settings.preset.functionName) at \(settings.numbers.samples) points in \(settings.numbers.steps) \
      steps\(seeds > 1 ? ", from \(seeds) seeds" : ""). As a mean over the \(settings.bins.count) strongest \
      frequencies, \(outcome).
      """
  }

  private var table: ReportTable {
    let hasSeeds = settings.seeds.count > 1
    let deviation = hasSeeds ? [ReportTable.Column.number("±")] : []
    return ReportTable(
      columns: [.text("Adjuster"), .number("Loss", better: .lower)] + deviation
        + [.number("Relative error", better: .lower)] + deviation + [
          .number("Step (ms)", decimals: 2, better: .lower),
          .number("Total (s)", decimals: 1, better: .lower),
          .number("Memory (MB)", decimals: 0, better: .lower),
        ],
      rows: results.map { result in
        let measures = [result.finalLoss, result.finalError].flatMap { measure in
          [ReportTable.Cell.number(measure?.mean)] + (hasSeeds ? [.number(measure?.deviation)] : [])
        }
        return [.text(result.adjuster.name)] + measures + [
          .number(result.secondsPerStep.map { $0 * 1000 }), .number(result.trainingSeconds),
          .number(result.peakMemoryMegabytes),
        ]
      })
  }
}
