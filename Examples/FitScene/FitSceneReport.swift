import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes everything that a run leaves behind.
struct FitSceneReport {
  let settings: FitSceneSettings
  let results: [FitSceneResult]

  /// The weights, metrics, summary and pictures, then the plots and the report.
  var files: [OutputFile] {
    let weights = results.compactMap { result in
      settings.weightsFile(ofRun: result.runName).map { OutputFile(at: $0, result.writeWeights) }
    }
    let best = results.compactMap { result in
      result.writeBestWeights.map {
        OutputFile(
          settings.fileName("best-weights.safetensors", ofRun: result.runName), writing: $0)
      }
    }
    let metrics = results.map { result in
      OutputFile(settings.fileName("metrics.csv", ofRun: result.runName)) {
        FitSceneSettings.columns.table(of: result.course).text
      }
    }
    return weights + best + metrics + [OutputFile("summary.json") { try summary.file }]
      + pictureFiles + settings.diagnosticFiles(results)
      + [
        OutputFile("psnr.svg") { plot.svg },
        OutputFile("report.html") { try report().html },
      ]
  }

  /// The test views, their errors and depths, and the camera paths.
  private var pictureFiles: [OutputFile] {
    results.flatMap { result -> [OutputFile] in
      let views = result.pictures.enumerated().flatMap { index, pictures in
        [("view", pictures.rendered), ("error", pictures.errors), ("depth", pictures.depth)].map {
          name, data in
          OutputFile(settings.fileName("\(name)-\(index).png", ofRun: result.runName)) {
            () -> Data in data
          }
        }
      }
      let path = result.path.map { path in
        OutputFile(settings.fileName("path.png", ofRun: result.runName)) { () -> Data in
          Data(try path.pngBytes())
        }
      }
      return views + (path.map { [$0] } ?? [])
    }
  }

  /// The names of the files that are known before the runs: all but those of weights and diagnostics.
  static func names(_ settings: FitSceneSettings) -> [String] {
    let count = min(settings.values[Options.pictures], max(settings.subject.viewCounts.test, 1))
    let pictures = (0..<count).flatMap { index in
      ["view", "error", "depth"].map { "\($0)-\(index).png" }
    }
    let paths = settings.values[Options.frames] > 0 ? ["path.png"] : []
    return (["metrics.csv"] + pictures + paths).flatMap { name in
      settings.runNames.map { settings.fileName(name, ofRun: $0) }
    } + ["summary.json", "psnr.svg", "report.html", CheckpointStore.name]
  }

  // MARK: - Numbers

  private var summary: JSONValue {
    let subject: JSONValue = [
      "name": .string(settings.subject.name),
      "size": .array([
        .integer(settings.subject.size.width), .integer(settings.subject.size.height),
      ]),
      "training_views": .integer(settings.subject.viewCounts.training),
      "test_views": .integer(settings.subject.viewCounts.test),
    ]
    return settings.summary(of: ["scene": subject], results) { result in
      let views = result.views.map { view -> JSONValue in
        [
          "name": .string(view.name), "psnr": .number(view.psnr),
          "ssim": .number(view.structuralSimilarity),
          "lpips": .number(view.perceptualDistance),
        ]
      }
      return [
        "field": .string(result.run.field.rawValue),
        "psnr": .number(result.psnr),
        "ssim": .number(result.structuralSimilarity),
        "lpips": .number(result.perceptualDistance),
        "views": .array(views),
        "loss": .number(result.course.losses.last),
        "steps": .integer(result.course.losses.count),
        "parameters": .integer(result.parameterCount),
        "failure": .string(result.course.failure?.clause),
        "stopped_by": result.course.stop.map { .string(StopRequest.name(of: $0)) } ?? .null,
        "damped": .bool(result.run.recipe.settings.damps(result.adjuster)),
      ]
    }
  }

  /// The colour of each run, all over the report.
  private var colors: RunColors {
    let ranked = results.enumerated().sorted { first, second in
      let values = [first, second].map { $0.element.psnr ?? -.infinity }
      return (-values[0], first.offset) < (-values[1], second.offset)
    }
    return RunColors(results.map(\.runName), bestFirst: ranked.map(\.element.runName))
  }

  private var table: ReportTable {
    let perceptual: [ReportTable.Field<FitSceneResult>] =
      settings.perceptualDistance == nil
      ? []
      : [(.number("LPIPS", decimals: 4, better: .lower), { .number($0.perceptualDistance) })]
    let quality: [ReportTable.Field<FitSceneResult>] = [
      (.text("Run"), { [colors] in .run($0.runName, colors[$0.runName]) }),
      (.text("Field"), { .text($0.run.field.rawValue) }),
      (.text("Adjuster"), { .text($0.adjuster.name) }),
      (.number("PSNR (dB)", decimals: 2, better: .higher), { .number($0.psnr) }),
      (.number("SSIM", decimals: 4, better: .higher), { .number($0.structuralSimilarity) }),
    ]
    let costs: [ReportTable.Field<FitSceneResult>] = [
      (.number("Numbers", decimals: 0), { .number(Double($0.parameterCount)) }),
      (.number("Steps", decimals: 0), { .number(Double($0.course.losses.count)) }),
      (.number("Step (s)", decimals: 4, better: .lower), { .number($0.secondsPerStep) }),
      (.number("Total (s)", decimals: 1, better: .lower), { .number($0.trainingSeconds) }),
      (.number("MB", decimals: 0, better: .lower), { .number($0.peakMemoryMegabytes) }),
    ]
    return ReportTable(of: results, quality + perceptual + costs)
  }

  private var viewTable: ReportTable {
    let names = results.first { !$0.views.isEmpty }?.views.map(\.name) ?? []
    let columns =
      [ReportTable.Column.text("View")]
      + results.map { .number("\($0.runName) (dB)", decimals: 2, better: nil) }
    let rows = names.enumerated().map { index, name -> [ReportTable.Cell] in
      [.text(name)] + results.map { .number($0.views.element(at: index)?.psnr) }
    }
    return ReportTable(columns: columns, rows: rows)
  }

  // MARK: - Report

  private func report() throws -> Report {
    var report = Report(
      "Fitting \(settings.subject.name)", summary: sentence, settings: settings.applied,
      provenance: settings.provenance)
    report.addTable(
      "Results", table.bestFirst,
      caption: """
        Runs: \(results.map { "\($0.runName) is \($0.run.about)" }.joined(separator: "; ")). PSNR and SSIM: means over all test views, by the field as it is at the end. Numbers: those that are \
        trained. The median time of a step; the most memory that the run's tensors took at once.
        """)
    for pictures in results.first(where: { !$0.pictures.isEmpty })?.pictures ?? [] {
      addView(pictures, to: &report)
    }
    let paths = try results.compactMap { result in
      try result.path.map {
        ReportPicture(
          Data(try $0.pngBytes()), caption: result.runName, color: colors[result.runName])
      }
    }
    if !paths.isEmpty {
      report.addPictures("Around the scene", paths, caption: "Once around the scene.")
    }
    report.addPlot(
      timePlot, heading: "Training",
      caption: """
        PSNR at some pixels of the first test view against the time that was spent in training steps.
        """)
    report.addPlot(plot, caption: "The same against the number of steps.")
    report.addPlot(lossPlot, caption: "The mean loss of steps that follow each other.")
    report.addTable("Views", viewTable, caption: "PSNR of each test view.")
    report.addDiagnostics(of: results)
    return report
  }

  private func addView(_ truth: ViewPictures, to report: inout Report) {
    let index = results.first { !$0.pictures.isEmpty }?.pictures
      .firstIndex { $0.name == truth.name }
    guard let index else { return }
    var pictures = [ReportPicture(truth.truth, caption: "The picture")]
    for result in results {
      guard let own = result.pictures.element(at: index) else { continue }
      let psnr = result.views.element(at: index)?.psnr ?? .nan
      pictures += [
        ReportPicture(
          own.rendered, caption: result.runName, detail: "PSNR \(NumberText.fixed(psnr, 2)) dB",
          color: colors[result.runName]),
        ReportPicture(own.errors, caption: "\(result.runName), errors"),
        ReportPicture(own.depth, caption: "\(result.runName), depth"),
      ]
    }
    report.addPictures(
      "View \(truth.name)", pictures,
      caption: """
        The picture, what each field shows, the largest error of the colours, where yellow is a fifth of the scale \
        and more, and the depth, where yellow is near.
        """)
  }

  private var sentence: String {
    let subject = settings.subject
    let outcome = results.map { result in
      let reached = "reached \(NumberText.fixed(result.psnr ?? .nan, 2)) dB"
      let end =
        result.course.failure?.clause
        ?? result.course.stopClause.map { "\($0) and had \(reached)" } ?? reached
      return "\(result.runName) \(end)"
    }.joined(separator: "; ")
    return """
      Radiance fields were fitted to \(NumberText.count(subject.viewCounts.training, "view")) of \(subject.name) and \
      measured on \(NumberText.count(subject.viewCounts.test, "other view")): \(outcome).
      """
  }

  // MARK: - Plots

  private func series(_ x: (TrainingCourse, Int) -> Double) -> [PlotSeries] {
    results.map { result in
      let course = result.course
      return PlotSeries(
        result.runName, x: course.evaluations.map { x(course, $0.step) },
        y: course.evaluations.map(\.value), color: colors[result.runName])
    }
  }

  private var plot: LinePlot {
    LinePlot(
      "PSNR against step", x: PlotAxis("step"), y: PlotAxis("PSNR", unit: "dB"),
      series: series { Double($1) }, note: colors.note)
  }

  private var timePlot: LinePlot {
    LinePlot(
      "PSNR against time", x: PlotAxis("training time", unit: "s"),
      y: PlotAxis("PSNR", unit: "dB"), series: series { $0.seconds(before: $1) },
      note: colors.note)
  }

  private var lossPlot: LinePlot {
    LinePlot(
      "Loss against step", x: PlotAxis("step"), y: PlotAxis("loss", scale: .logarithmic),
      series: results.map { result in
        let losses = result.course.losses
        let window = max(1, losses.count / 200)
        let ends = Array(stride(from: window, through: losses.count, by: window))
        return PlotSeries(
          result.runName, x: ends.map { Double($0) },
          y: ends.map { Array(losses[($0 - window)..<$0]).mean ?? .nan },
          color: colors[result.runName])
      }, note: colors.note)
  }
}
