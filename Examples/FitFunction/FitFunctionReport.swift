import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes everything that a run leaves behind.
struct FitFunctionReport {
  let settings: FitFunctionSettings
  let results: [FunctionResult]

  /// The tables and summary, then the plots and the report.
  var files: [OutputFile] {
    func each(_ name: String, _ text: @escaping (FunctionResult) -> String) -> [OutputFile] {
      results.map { result in
        OutputFile(settings.fileName(name, for: result.adjuster)) { text(result) }
      }
    }
    func eachRun(
      _ name: String, _ file: (String, FunctionRun) -> OutputFile?
    ) -> [OutputFile] {
      results.flatMap { result in
        result.runs.compactMap { run in
          file(settings.fileName(name, for: result.adjuster, seed: run.seed), run)
        }
      }
    }
    let best = eachRun("best-weights.safetensors") { name, run in
      run.writeBestWeights.map { OutputFile(name, writing: $0) }
    }
    let metrics = eachRun("metrics.csv") { name, run in
      OutputFile(name) { MetricsColumns().table(of: run.course).text }
    }
    return best + metrics + each("losses.csv") { losses($0).text }
      + each("errors.csv") { errors($0).text }
      + each("function.csv") { function($0).text }
      + [OutputFile("summary.json") { try summary.file }]
      + settings.diagnosticFiles(results)
      + each("errors.svg") { heatMap($0).svg }
      + [OutputFile("losses.svg") { lossPlot.svg }, OutputFile("report.html") { report.html }]
  }

  /// The names of the files.
  static func names(_ settings: FitFunctionSettings) -> [String] {
    ["losses.csv", "errors.csv", "function.csv", "errors.svg"].flatMap { name in
      settings.adjusters.map { settings.fileName(name, for: $0) }
    }
      + settings.adjusters.flatMap { adjuster in
        settings.seeds.map { settings.fileName("metrics.csv", for: adjuster, seed: $0) }
      } + ["summary.json", "losses.svg", "report.html", CheckpointStore.name]
  }

  // MARK: Tables

  /// The loss before each step and after the last, a column for each seed.
  private func losses(_ result: FunctionResult) -> CSVTable {
    var table = CSVTable(columns: ["step"] + result.runs.map { "loss_seed\($0.seed)" })
    let losses = result.runs.map(\.losses)
    // Those that were made: a run may be stopped or fail long before the last.
    for step in 0..<(losses.map(\.count).max() ?? 0) {
      table.append([.integer(step)] + losses.map { .number($0.element(at: step)) })
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
    settings.function.signal(Double.self)
  }

  private var summary: JSONValue {
    let subject: [String: JSONValue] = [
      "preset": settings.values.gives(ConfigOptions.config)
        ? .null : .string(settings.values[Options.preset].name),
      "samples": .integer(settings.function.samples),
      "frequencies": .array(settings.bins.map { .integer($0) }),
    ]
    return settings.summary(of: subject, results) { result in
      [
        "loss": .number(result.finalLoss?.mean),
        "loss_standard_deviation": .number(result.finalLoss?.deviation),
        "relative_error": .number(result.finalError?.mean),
        "relative_error_standard_deviation": .number(result.finalError?.deviation),
        "runs": .array(
          result.runs.map { run in
            [
              "seed": .integer(run.seed), "loss": .number(run.finalLoss),
              "relative_errors": .array((run.errors.last ?? []).map { .number($0) }),
              "steps": .integer(run.course.losses.count), "failure": .string(run.failure?.clause),
              "stopped_by": run.course.stop.map { .string(StopRequest.name(of: $0)) } ?? .null,
            ]
          }),
      ]
    }
  }

  // MARK: Report

  /// The runs, that with the smallest relative error first; those without one come last.
  private var ranked: [FunctionResult] {
    results.enumerated().sorted { first, second in
      let values = [first, second].map { result in
        result.element.finalError.flatMap { $0.mean.isNaN ? nil : $0.mean } ?? .infinity
      }
      return (values[0], first.offset) < (values[1], second.offset)
    }.map(\.element)
  }

  /// The colour of each run, all over the report.
  private var colors: RunColors {
    RunColors(results.map(\.adjuster.name), bestFirst: ranked.map(\.adjuster.name))
  }

  private var report: Report {
    var report = Report(
      "Fitting \(settings.function.name)", summary: sentence, settings: settings.applied,
      provenance: settings.provenance)
    report.addTable(
      "Results", table.bestFirst,
      caption: """
        \(settings.adjusterSentence) After the last update, the mean over the frequencies of the relative error, and the mean squared \
        error\(settings.seeds.count > 1 ? "; mean ± standard deviation over the seeds" : ""); the \
        median time of a step; the most memory that the tensors of these runs took at once.
        """)
    report.addPlots(
      ranked.map(heatMap), heading: "Which frequencies are learned when",
      caption: """
        The relative error (\(settings.function.errors.rawValue)) at each of the function's strongest \
        frequencies over training: yellow is nothing learned, dark blue all of it. Spectral bias \
        shows as rows that darken one after the other.
        """)
    report.addPlot(
      finalErrorPlot, caption: "What is left of each frequency at the end.\(bandCaption)")
    report.addPlot(
      lossPlot, heading: "Training",
      caption: "Before each step's update; the last point is after the last.\(bandCaption)")
    report.addPlot(
      functionPlot, heading: "The fitted function",
      caption: "The function, grey, and over it what each network makes of it at the end"
        + (settings.seeds.count > 1 ? " (the first seed)." : "."))
    report.addDiagnostics(of: results)
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
          band: spread.band, style: .lineWithMarkers, color: colors[result.adjuster.name])
      }, note: colors.note)
  }

  private var lossPlot: LinePlot {
    LinePlot(
      "Loss against step", x: PlotAxis("step"),
      y: PlotAxis("mean squared error", scale: .logarithmic),
      series: results.map { result in
        let spread = SeriesSpread(of: result.runs.map(\.losses))
        return PlotSeries(
          result.adjuster.name, x: spread.mean.indices.map { Double($0) }, y: spread.mean,
          band: spread.band, color: colors[result.adjuster.name])
      }, note: colors.note)
  }

  private var functionPlot: LinePlot {
    let x = signal.abscissas.elements
    return LinePlot(
      "The function and its fits", x: PlotAxis(settings.function.shape == .circle ? "angle" : "x"),
      y: PlotAxis("value"),
      // What is fitted lies under the fits, so that it hides none of them.
      series: [PlotSeries("the function", x: x, y: signal.values.elements, color: .grey)]
        + results.filter { colors[$0.adjuster.name] != .grey }.compactMap { result in
          result.runs.first.map {
            PlotSeries(
              result.adjuster.name, x: x, y: $0.outputs.elements,
              color: colors[result.adjuster.name])
          }
        }, note: "grey: the function")
  }

  private var sentence: String {
    let outcome = results.map { result in
      let failure = result.runs.lazy.compactMap(\.failure).first
      let left =
        "left a relative error of \(NumberText.significant(result.finalError?.mean ?? .nan))"
      let stop = result.courses.compactMap(\.stopClause).first
      let end = failure?.clause ?? stop.map { "\($0) and had \(left)" } ?? left
      return "\(result.adjuster.name) \(end)"
    }.joined(separator: "; ")
    let seeds = settings.seeds.count
    return """
      A \(settings.networkName) of width \(settings.recipe.model.width) was fitted to \
      \(settings.function.name) at \(NumberText.count(settings.function.samples, "point")) in \
      \(NumberText.count(settings.steps, "step"))\(seeds > 1 ? ", from \(seeds) seeds" : ""). As a mean over the \
      \(settings.bins.count) strongest frequencies, \(outcome).
      """
  }

  private var table: ReportTable {
    typealias Fields = [ReportTable.Field<FunctionResult>]
    func spread(_ name: String, _ of: @escaping (FunctionResult) -> MeanWithDeviation?) -> Fields {
      let mean: Fields = [(.number(name, better: .lower), { .number(of($0)?.mean) })]
      let deviation: Fields = [(.number("±"), { .number(of($0)?.deviation) })]
      return settings.seeds.count > 1 ? mean + deviation : mean
    }
    let colors = colors
    let name: Fields = [
      (.text("Adjuster"), { .run($0.adjuster.name, colors[$0.adjuster.name]) })
    ]
    let costs: Fields = [
      (
        .number("Step (ms)", decimals: 2, better: .lower),
        { .number($0.secondsPerStep.map { $0 * 1000 }) }
      ),
      (.number("Total (s)", decimals: 1, better: .lower), { .number($0.trainingSeconds) }),
      (.number("Memory (MB)", decimals: 0, better: .lower), { .number($0.peakMemoryMegabytes) }),
    ]
    return ReportTable(
      of: results,
      name + spread("Relative error", \.finalError) + spread("Loss", \.finalLoss) + costs)
  }
}

extension FunctionRecipe {
  /// What the report calls the function.
  fileprivate var name: String {
    switch shape {
    case .circle: "four sines on a circle"
    case .sines(let frequencies): "a sum of \(frequencies.count) sines"
    case .steps: "a stepped function"
    }
  }
}

extension FitFunctionSettings {
  /// What the report calls the network.
  fileprivate var networkName: String {
    recipe.model.kind == .siren
      ? "SIREN"
      : (function.shape == .circle ? "two-layer " : "") + "network of rectified linear units"
  }
}
