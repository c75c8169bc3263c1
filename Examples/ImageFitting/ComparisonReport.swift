import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes what a comparison of adjusters leaves behind.
struct ComparisonReport {
  let settings: FitImageSettings
  let results: [FitImageResult]

  private var fit: FitImageReport { FitImageReport(settings: settings, results: results) }

  /// The tables and summary, then the plot and the report.
  var files: [OutputFile] {
    fit.courseFiles + [
      OutputFile("comparison.csv") { table.text }, OutputFile("courses.csv") { courses.text },
      OutputFile("summary.json") { try fit.summary.file },
      OutputFile("psnr.svg") { fit.psnrPlot.svg },
      OutputFile("report.html") { try report().html },
    ]
  }

  /// The names of the files.
  static func names(_ settings: FitImageSettings) -> [String] {
    settings.adjusters.map { settings.fileName("metrics.csv", for: $0) } + [
      "comparison.csv", "courses.csv", "summary.json", "psnr.svg", "report.html",
      CheckpointStore.name,
    ]
  }

  /// The time that the quickest of the complete runs took.
  private var shortestTime: Double? {
    results.filter { $0.failure == nil }.map(\.trainingSeconds).min()
  }

  /// The PSNR that a run had reached in the time that the quickest run took.
  private func psnrAtEqualTime(_ result: FitImageResult) -> Double? {
    guard let shortestTime, result.failure == nil else { return nil }
    if result.trainingSeconds <= shortestTime { return result.finalPSNR }
    let steps = result.seconds.prefix { $0 <= shortestTime }.count
    return result.psnrs.element(at: steps - 1)
  }

  private var table: CSVTable {
    let hasDistance = settings.perceptualDistance != nil
    var table = CSVTable(
      columns: [
        "adjuster", "psnr", "psnr_best", "psnr_best_step", "psnr_median_last_tenth",
        "psnr_at_equal_time", "seconds_per_step", "training_seconds", "peak_memory_mb", "failure",
        "ssim", "ms_ssim",
      ] + (hasDistance ? ["lpips"] : []))
    for result in results {
      let series = result.series
      table.append([
        .text(result.adjuster.name), .number(result.finalPSNR), .number(series.best?.value),
        series.best.map { .integer($0.step) } ?? .empty, .number(series.medianOverLast(0.1)),
        .number(psnrAtEqualTime(result)), .number(result.secondsPerStep),
        .number(result.trainingSeconds), .number(result.peakMemoryMegabytes),
        result.failure.map { .text($0.clause) } ?? .empty,
        .number(result.measures?.structuralSimilarity),
        .number(result.measures?.multiscaleStructuralSimilarity),
        .number(result.measures?.perceptualDistance),
      ])
    }
    return table
  }

  /// The PSNR before each step, a column for each adjuster.
  private var courses: CSVTable {
    var table = CSVTable(columns: ["step"] + results.map(\.adjuster.name))
    let courses = results.map(\.psnrs)
    // Those that were made: a run may be stopped or fail long before the last.
    for step in 0..<(courses.map(\.count).max() ?? 0) {
      table.append([.integer(step)] + courses.map { .number($0.element(at: step)) })
    }
    return table
  }

  private func report() throws -> Report {
    let (picture, network) = (settings.picture, settings.recipe.model.kind.rawValue)
    let best = results.filter { $0.series.best != nil }.max {
      ($0.series.best?.value ?? .nan) < ($1.series.best?.value ?? .nan)
    }
    let winner =
      best.map {
        "\($0.adjuster.name) came nearest, with \(NumberText.fixed($0.series.best?.value ?? .nan, 2)) dB"
      } ?? "none made a step"
    var report = Report(
      "Adjusters on \(settings.pictureName)",
      summary: """
        A \(network) network was fitted to \(settings.pictureName), \(picture.width) x \(picture.height) \
        pixels, in \(settings.duration) with each of \
        \(NumberText.count(results.count, "adjuster")) from the same initial \
        weights; \(winner).
        """,
      settings: settings.applied, provenance: settings.provenance)
    report.addTable(
      "Results", reportTable.bestFirst,
      caption: """
        \(settings.adjusterSentence) PSNR in dB: after the last update, the best of all steps, the median over the last tenth of the steps, and \
        what was reached in \(NumberText.fixed(shortestTime ?? 0, 1)) s, the time that the quickest \
        run took. The median time of a step, and the ratio of the time of all steps to that of \(results.first?.adjuster.name ?? "the first"). \
        The most memory that the run's tensors took at once. \(settings.dampingSentence)
        """)
    report.addPlot(
      fit.psnrPlot,
      heading: "Training", caption: fit.settings.courseCaption)
    report.addPlot(
      fit.timePlot, caption: "The same against the time that was spent in training steps.")
    let fits = try fit.ranked.map { result in
      fit.picture(
        result, try fit.reconstruction(result), "\(NumberText.fixed(result.finalPSNR, 2)) dB")
    }
    report.addPictures(
      "Pictures",
      [ReportPicture(Data(try picture.pngBytes()), caption: "The picture")] + fits,
      size: .large, caption: "What each network has learned of the picture at the end.")
    try fit.addCrops(to: &report)
    return report
  }

  private var reportTable: ReportTable {
    let (first, colors) = (results.first?.meanSecondsPerStep, fit.colors)
    let measures: [ReportTable.Field<FitImageResult>] = [
      (.text("Adjuster"), { .run($0.adjuster.name, colors[$0.adjuster.name]) }),
      (.number("PSNR (dB)", decimals: 2, better: .higher), { .number($0.finalPSNR) }),
      (.number("Best", decimals: 2, better: .higher), { .number($0.series.best?.value) }),
      (.number("Late", decimals: 2, better: .higher), { .number($0.series.medianOverLast(0.1)) }),
      (.number("Equal time", decimals: 2, better: .higher), { .number(psnrAtEqualTime($0)) }),
    ]
    let costs: [ReportTable.Field<FitImageResult>] = [
      (
        .number("Step (ms)", decimals: 2, better: .lower),
        { .number($0.secondsPerStep.map { $0 * 1000 }) }
      ),
      (
        .number("Ratio", decimals: 2),
        { .number($0.meanSecondsPerStep.flatMap { step in first.map { step / $0 } }) }
      ),
      (.number("MB", decimals: 0, better: .lower), { .number($0.peakMemoryMegabytes) }),
    ]
    return ReportTable(of: results, measures + fit.perceptualFields + costs)
  }
}
