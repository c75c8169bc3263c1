import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes everything that a run leaves behind.
struct FitImageReport {
  let settings: FitImageSettings
  let results: [FitImageResult]

  /// The weights, metrics and summary, then the pictures, plots and report.
  var files: [OutputFile] {
    func each(_ name: String, _ data: @escaping (FitImageResult) throws -> Data) -> [OutputFile] {
      results.map { result in
        OutputFile(settings.fileName(name, for: result.adjuster)) { try data(result) }
      }
    }
    let weights = results.compactMap { result in
      settings.weightsFile(for: result.adjuster).map { OutputFile(at: $0, result.writeWeights) }
    }
    return weights + courseFiles
      + [OutputFile("summary.json") { try summary.file }]
      + settings.diagnosticFiles(results)
      + each("reconstruction.png", reconstruction) + each("error.png", errorPicture)
      + [
        OutputFile("comparison.png") { try comparison() }, OutputFile("psnr.svg") { psnrPlot.svg },
        OutputFile("report.html") { try report().html },
      ]
  }

  /// The names of the files that are known before the runs: all but those of weights and diagnostics.
  static func names(_ settings: FitImageSettings) -> [String] {
    ["metrics.csv", "reconstruction.png", "error.png"].flatMap { name in
      settings.adjusters.map { settings.fileName(name, for: $0) }
    } + ["summary.json", "comparison.png", "psnr.svg", "report.html", CheckpointStore.name]
  }

  /// The weights of the best steps, if they were kept, and the metrics of all steps.
  var courseFiles: [OutputFile] {
    let best = results.compactMap { result in
      result.writeBestWeights.map {
        OutputFile(settings.fileName("best-weights.safetensors", for: result.adjuster), writing: $0)
      }
    }
    let metrics = results.map { result in
      OutputFile(settings.fileName("metrics.csv", for: result.adjuster)) { result.metrics.text }
    }
    return best + metrics
  }

  /// The picture and what each network had learned of it early on.
  private func comparison() throws -> Data {
    let early = [settings.picture.values()] + results.compactMap(\.early.earlyValues)
    return Data(try ComparisonPicture(parts: early).pngBytes() ?? [])
  }

  func reconstruction(_ result: FitImageResult) throws -> Data {
    Data(try Picture(result.values, bitDepth: settings.picture.bitDepth).pngBytes())
  }

  /// Absolute errors, averaged over channels, of shape [height, width].
  private func errors(_ result: FitImageResult) -> Tensor<Float> {
    (result.values - settings.picture.values()).absoluteValue().mean(alongAxis: 2)
  }

  /// The error that the brightest colour of all error pictures stands for: nearly the largest of the
  /// first run, so that the pictures can be compared and a few outliers do not darken them.
  private var brightestError: Double {
    results.first.flatMap { errors($0).elements.map(Double.init).quantile(0.995) }
      .map { max($0, 1e-6) } ?? 1
  }

  private func errorPicture(_ result: FitImageResult) throws -> Data {
    try pictureData(errors(result) * Float(1 / brightestError))
  }

  var summary: JSONValue {
    let picture = settings.picture
    let subject: JSONValue = [
      "name": .string(settings.pictureName), "width": .integer(picture.width),
      "height": .integer(picture.height), "channels": .integer(picture.channels),
    ]
    return settings.summary(of: ["picture": subject], results) { result in
      let (series, measures) = (result.series, result.measures)
      var measured: [String: JSONValue] = [
        "psnr": .number(result.finalPSNR),
        "psnr_median_last_tenth": .number(series.medianOverLast(0.1)),
        "psnr_best": .number(series.best?.value),
        "psnr_best_step": series.best.map { .integer($0.step) } ?? .null,
        "psnr_8bit": .number(measures?.psnr), "ssim": .number(measures?.structuralSimilarity),
        "ms_ssim": .number(measures?.multiscaleStructuralSimilarity),
        "steps": .integer(result.losses.count), "parameters": .integer(result.parameterCount),
        "failure": .string(result.failure?.clause),
        "stopped_by": result.course.stop.map { .string(StopRequest.name(of: $0)) } ?? .null,
        "damped": .bool(settings.recipe.settings.damps(result.adjuster)),
      ]
      if let distance = settings.perceptualDistance {
        measured["lpips"] = .number(measures?.perceptualDistance)
        measured["lpips_backbone"] = .string(distance.backbone.rawValue)
      }
      return measured
    }
  }

  /// The runs, that with the highest PSNR first; those without one come last.
  var ranked: [FitImageResult] {
    results.enumerated().sorted { first, second in
      let values = [first, second].map {
        $0.element.finalPSNR.isNaN ? -.infinity : $0.element.finalPSNR
      }
      return (-values[0], first.offset) < (-values[1], second.offset)
    }.map(\.element)
  }

  /// The colour of each run, all over the report.
  var colors: RunColors {
    RunColors(results.map(\.adjuster.name), bestFirst: ranked.map(\.adjuster.name))
  }

  /// A picture of a run.
  func picture(_ result: FitImageResult, _ png: Data, _ detail: String = "") -> ReportPicture {
    let name = result.adjuster.name
    return ReportPicture(png, caption: name, detail: detail, color: colors[name])
  }

  private func report() throws -> Report {
    let (picture, results) = (settings.picture, ranked)
    var report = Report(
      "Fitting \(settings.pictureName)", summary: sentence, settings: settings.applied,
      provenance: settings.provenance)
    report.addTable("Results", table.bestFirst, caption: tableCaption)
    let original = ReportPicture(
      Data(try picture.pngBytes()), caption: "The picture",
      detail: "\(picture.width) x \(picture.height)")
    report.addPictures(
      "Pictures",
      [original]
        + (try results.map { result in
          self.picture(
            result, try reconstruction(result), "\(NumberText.fixed(result.finalPSNR, 2)) dB")
        }), size: .large, caption: "The picture, and what each network has learned of it.")
    try addCrops(to: &report)
    report.addPictures(
      "Early in training",
      try results.compactMap { result in
        guard let values = result.early.earlyValues else { return nil }
        return self.picture(
          result, Data(try Picture(values).pngBytes()),
          "step \(result.early.earlyStep), \(NumberText.fixed(psnr(of: values), 2)) dB")
      },
      caption: """
        After a fifteenth of the steps, when the order in which frequencies are learned shows most.
        """)
    report.addPlot(
      spectrumPlot,
      caption: """
        The residual's amplitude at each spatial frequency, relative to the picture's own: 1 is nothing \
        learned. A curve that rises to the right is spectral bias; an adjuster is to even it out.
        """)
    TensorMemory.returnUnused()
    report.addPictures(
      "Errors",
      try results.map { result in
        self.picture(
          result, try errorPicture(result),
          "mean \(NumberText.significant(Double(errors(result).mean())))")
      },
      caption: """
        Absolute errors, averaged over channels; bright yellow stands for \
        \(NumberText.significant(brightestError)) and more, dark blue for none.
        """)
    report.addPictures(
      "Spectra of the residuals", try spectrumPictures(),
      caption: """
        log(1 + amplitude) of the Fourier transform of each residual, averaged over channels: no frequency in \
        the middle, the highest at the borders, the same colours for all. A bright middle is low \
        frequencies not yet learned, a dark middle in bright surroundings spectral bias.
        """)
    report.addPlot(
      psnrPlot,
      heading: "Training", caption: settings.courseCaption)
    report.addPlot(
      timePlot, caption: "The same against the time that was spent in training steps.")
    report.addDiagnostics(of: results)
    return report
  }

  /// Adds the same part of the picture and of each run's, pixel by pixel.
  func addCrops(to report: inout Report) throws {
    let runs = ranked.filter { $0.failure == nil }
    guard let first = runs.first else { return }
    let (height, width) = (settings.picture.height, settings.picture.width)
    let side = PictureCrop.side(height: height, width: width)
    guard min(height, width) > side else { return }
    let errors = runs.dropFirst().reduce(errors(first).squared()) { $0 + self.errors($1).squared() }
    let crop = PictureCrop(worstOf: errors, side: side)
    func part(_ values: Tensor<Float>) throws -> Data {
      Data(try Picture(crop.values(values)).pngBytes())
    }
    let original = ReportPicture(try part(settings.picture.values()), caption: "The picture")
    report.addPictures(
      "Detail", [original] + (try runs.map { picture($0, try part($0.values)) }), size: .exact,
      caption: """
        The same \(crop.width) x \(crop.height) pixels of each, from column \(crop.left) and row \(crop.top) on, \
        pixel by pixel: the part in which the runs together are furthest from the picture.
        """)
  }

  var psnrPlot: LinePlot {
    LinePlot(
      "PSNR against step", x: PlotAxis("step"), y: PlotAxis("PSNR", unit: "dB"),
      series: results.map {
        PlotSeries($0.adjuster.name, $0.series, color: colors[$0.adjuster.name])
      },
      note: colors.note)
  }

  var timePlot: LinePlot {
    LinePlot(
      "PSNR against time", x: PlotAxis("training time", unit: "s"),
      y: PlotAxis("PSNR", unit: "dB"),
      series: results.map {
        PlotSeries(
          $0.adjuster.name, x: $0.seconds, y: $0.psnrs, color: colors[$0.adjuster.name])
      }, note: colors.note)
  }

  /// What is left to learn at each frequency, early and at the end.
  private var spectrumPlot: LinePlot {
    let target = settings.picture.values(as: Float.self)
    let reference = RadialSpectrum(of: target)
    func series(
      _ result: FitImageResult, _ moment: String, _ values: Tensor<Float>, _ dash: PlotDash
    ) -> PlotSeries {
      let name = result.adjuster.name
      return PlotSeries(
        "\(name), \(moment)", label: dash == .solid ? name : "", x: reference.frequencies,
        y: RadialSpectrum.relativeAmplitudes(
          of: RadialSpectrum(of: values - target), to: reference),
        color: colors[name], dash: dash)
    }
    let early = results.compactMap { result in
      result.early.earlyValues.map {
        series(result, "step \(result.early.earlyStep)", $0, .dashed)
      }
    }
    let steps = Set(results.filter { $0.early.earlyValues != nil }.map(\.early.earlyStep))
    let moment = steps.count == 1 ? "at step \(steps.first ?? 0)" : "early in training"
    let notes = [early.isEmpty ? "" : "dashed: \(moment); solid: at the end", colors.note]
    return LinePlot(
      "Residual by frequency", x: PlotAxis("spatial frequency", unit: "cycles per picture"),
      y: PlotAxis("relative residual", scale: .logarithmic),
      series: early + results.map { series($0, "end", $0.values, .solid) },
      note: notes.filter { !$0.isEmpty }.joined(separator: "; "))
  }

  /// The logarithms of residuals' amplitudes at each frequency as pictures; of runs with a valid end.
  private func spectrumPictures() throws -> [ReportPicture] {
    let target = settings.picture.values(as: Float.self)
    let spectra = ranked.filter { $0.failure == nil }.map { result in
      let residual = Tensor<Double>((result.values - target).mean(alongAxis: 2))
      return (result, Tensor<Float>((fourierMagnitudes(of: residual) + 1).logarithm()))
    }
    TensorMemory.returnUnused()
    let brightest = max(spectra.map { $1.largest() }.max() ?? 0, 1e-12)
    return try spectra.map { result, spectrum in
      picture(result, try pictureData(spectrum * (1 / brightest)))
    }
  }

  /// A plane of values from 0 to 1 as colours.
  private func pictureData(_ plane: Tensor<Float>) throws -> Data {
    try ColorMap.viridis.png(plane.elements.map(Double.init), width: plane.shape[1])
  }

  private func psnr(of values: Tensor<Float>) -> Double {
    peakSignalToNoiseRatio(of: values, against: settings.picture.values())
  }

  private var sentence: String {
    let network = settings.recipe.model.kind.rawValue
    let outcome = results.map { result in
      let reached = "reached \(NumberText.fixed(result.finalPSNR, 2)) dB"
      let end =
        result.failure?.clause
        ?? result.course.stopClause.map { "\($0) and had \(reached)" } ?? reached
      return "\(result.adjuster.name) \(end)"
    }.joined(separator: "; ")
    return """
      A \(network) network was fitted to \(settings.pictureName), \(settings.picture.width) x \
      \(settings.picture.height) pixels, in \(settings.duration): \(outcome). PSNR is of the unclamped \
      prediction, with pixel values in [0, 1].\(settings.batchSentence)\(settings.choiceSentence)
      """
  }

  private var tableCaption: String {
    let distance = settings.perceptualDistance.map {
      " LPIPS by the features of \($0.backbone.name), 0 for equal pictures."
    }
    return [
      settings.adjusterSentence, measuresCaption + (distance ?? ""), settings.dampingSentence,
    ].joined(separator: " ")
  }

  private let measuresCaption = """
    PSNR in dB: after the last update, the median over the last tenth of the steps, which spikes of single \
    steps leave alone, and the best of all steps; PSNR, SSIM (windows of 7 x 7) and MS-SSIM (five scales, \
    for sides of more than 160 pixels) of the pictures rounded to 8 bits; how many numbers the network learns, of \
    which a picture has its pixels times its channels; the steps, and the median time of one; the most memory that the \
    run's tensors took at once.
    """

  private var table: ReportTable {
    let measures: [ReportTable.Field<FitImageResult>] = [
      (.text("Adjuster"), { [colors] in .run($0.adjuster.name, colors[$0.adjuster.name]) }),
      (.number("PSNR (dB)", decimals: 2, better: .higher), { .number($0.finalPSNR) }),
      (.number("Late", decimals: 2, better: .higher), { .number($0.series.medianOverLast(0.1)) }),
      (.number("Best", decimals: 2, better: .higher), { .number($0.series.best?.value) }),
      (.number("8-bit", decimals: 2, better: .higher), { .number($0.measures?.psnr) }),
      (
        .number("SSIM", decimals: 4, better: .higher),
        { .number($0.measures?.structuralSimilarity) }
      ),
      (
        .number("MS-SSIM", decimals: 4, better: .higher),
        { .number($0.measures?.multiscaleStructuralSimilarity) }
      ),
    ]
    let costs: [ReportTable.Field<FitImageResult>] = [
      (.number("Numbers", decimals: 0), { .number(Double($0.parameterCount)) }),
      (.number("Steps", decimals: 0), { .number(Double($0.losses.count)) }),
      (.number("Step (s)", decimals: 4, better: .lower), { .number($0.secondsPerStep) }),
      (.number("Total (s)", decimals: 1, better: .lower), { .number($0.trainingSeconds) }),
      (.number("MB", decimals: 0, better: .lower), { .number($0.peakMemoryMegabytes) }),
    ]
    return ReportTable(of: results, measures + perceptualFields + costs)
  }

  /// The column of LPIPS, if it was asked for.
  var perceptualFields: [ReportTable.Field<FitImageResult>] {
    guard settings.perceptualDistance != nil else { return [] }
    return [
      (
        .number("LPIPS", decimals: 4, better: .lower),
        { .number($0.measures?.perceptualDistance) }
      )
    ]
  }
}
