import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes what was found out about networks.
struct InspectionReport {
  let settings: InspectionSettings
  let inspections: [ModelInspection]
  /// Why some networks could not be inspected; nil if all were.
  let failure: String?

  /// How many eigenvectors are drawn, and described in the summary.
  private static let drawn = 4
  static let described = 8

  /// The numbers and the summary, then the plots, pictures and the report.
  var files: [OutputFile] {
    let tables = OutputFile.both("spectra", spectra) + inspections.flatMap(plotFiles)
    let numbers = metrics + inspections.flatMap(numberFiles) + tables.filter(\.holdsNumbers)
    let pictures = tables.filter { !$0.holdsNumbers } + inspections.flatMap(pictureFiles)
    return numbers + [OutputFile("summary.json") { try summary.file }] + pictures
      + [OutputFile("report.html") { try report.html }]
  }

  /// The losses of each training.
  private var metrics: [OutputFile] {
    inspections.flatMap { inspection in
      [("line", inspection.course), ("picture", inspection.picture.course)].map { signal, course in
        OutputFile(InspectionSettings.metricsFile(of: inspection.name, on: signal)) {
          MetricsColumns().table(of: course).text
        }
      }
    }
  }

  /// The names of the files.
  static func names(of models: [ModelKind]) -> [String] {
    var names = [
      "spectra.svg", "spectra.csv", "summary.json", "report.html", CheckpointStore.name,
    ]
    for model in models {
      names += ["line", "picture"].map { InspectionSettings.metricsFile(of: model, on: $0) }
    }
    for model in models.map(\.rawValue) {
      for plot in ["eigenvectors", "target", "decay", "filters", "activations"] {
        names += ["\(plot)-\(model).svg", "\(plot)-\(model).csv"]
      }
      names += [
        "kernel-\(model).svg", "kernel-\(model).npy", "eigenpictures-\(model).png",
        "eigenpictures-\(model).npy", "neurons-before-\(model).png",
        "neurons-after-\(model).png", "neurons-\(model).npz",
      ]
    }
    return names
  }

  /// The plots of a network, each with its numbers.
  private func plotFiles(_ inspection: ModelInspection) -> [OutputFile] {
    let name = inspection.name.rawValue
    return OutputFile.both("eigenvectors-\(name)", eigenvectors(inspection))
      + OutputFile.both("target-\(name)", shares(inspection))
      + OutputFile.both("decay-\(name)", decay(inspection))
      + OutputFile.both("filters-\(name)", filter(inspection))
      + OutputFile.both("activations-\(name)", histogram(inspection))
  }

  /// The file of a kernel's numbers.
  private func kernelFile(_ inspection: ModelInspection) -> String {
    "kernel-\(inspection.name.rawValue).npy"
  }

  /// The numbers of what is shown as pictures, in single precision.
  private func numberFiles(_ inspection: ModelInspection) -> [OutputFile] {
    let (name, picture) = (inspection.name.rawValue, inspection.picture)
    func numbers(_ tensor: Tensor<Double>) throws -> Data {
      Data(try NumPyFile(Tensor<Float>(tensor)).bytes())
    }
    func neurons() throws -> Data {
      var neurons = NumPyArchive()
      neurons.store(Tensor<Float>(picture.neurons.before.values), named: "before")
      neurons.store(Tensor<Float>(picture.neurons.after.values), named: "after")
      return Data(try neurons.bytes())
    }
    return [
      OutputFile(kernelFile(inspection)) { try numbers(inspection.kernel) },
      OutputFile("eigenpictures-\(name).npy") { try numbers(picture.eigenvectors) },
      OutputFile("neurons-\(name).npz") { try neurons() },
    ]
  }

  private func pictureFiles(_ inspection: ModelInspection) -> [OutputFile] {
    let (name, picture) = (inspection.name.rawValue, inspection.picture)
    return [
      OutputFile("kernel-\(name).svg") { heatMap(inspection).svg },
      OutputFile("eigenpictures-\(name).png") { try picture.png(first: Self.described) },
      OutputFile("neurons-before-\(name).png") { try picture.neuronPNGs().before },
      OutputFile("neurons-after-\(name).png") { try picture.neuronPNGs().after },
    ]
  }

  // MARK: Plots

  /// The colour of each network.
  private var colors: RunColors {
    let easiest = inspections.sorted { $0.eigenvectorsForMost < $1.eigenvectorsForMost }
    return RunColors(inspections.map(\.name.rawValue), bestFirst: easiest.map(\.name.rawValue))
  }

  private var spectra: LinePlot {
    LinePlot(
      "Eigenvalues", x: PlotAxis("eigenvalue", scale: .logarithmic),
      y: PlotAxis("relative to the first", scale: .logarithmic, range: 1e-12...1),
      series: inspections.map { inspection in
        PlotSeries(
          inspection.name.rawValue, x: inspection.eigenvalues.indices.map { Double($0 + 1) },
          y: inspection.eigenvalues.map { $0 / inspection.eigenvalues[0] },
          color: colors[inspection.name.rawValue])
      }, note: colors.note)
  }

  private func heatMap(_ inspection: ModelInspection) -> HeatMap {
    let largest = inspection.kernel.absoluteValue().largest()
    // The same colours for all kernels.
    let lowest =
      inspections.map {
        $0.kernel.smallest() / $0.kernel.absoluteValue().largest()
      }.min() ?? 0
    return HeatMap(
      "Kernel of \(inspection.name.rawValue)",
      values: inspection.kernel.elements.map { $0 / largest },
      columns: inspection.kernel.shape[1], x: PlotAxis("x'", range: -1...1),
      y: PlotAxis("x", range: -1...1),
      value: PlotAxis("relative to the largest", range: min(lowest, 0)...1))
  }

  private var abscissas: [Double] { settings.signal.abscissas.elements }

  private func eigenvectors(_ inspection: ModelInspection) -> LinePlot {
    LinePlot(
      "First eigenvectors of \(inspection.name.rawValue)", x: PlotAxis("x"),
      y: PlotAxis("eigenvector"),
      series: (0..<Self.drawn).map { index in
        PlotSeries(
          "\(index + 1)", x: abscissas,
          y: inspection.eigenvectors.slice(index..<(index + 1)).elements,
          color: .scale(Double(index) / Double(Self.drawn - 1)))
      })
  }

  private func shares(_ inspection: ModelInspection) -> LinePlot {
    LinePlot(
      "The function in eigenvectors of \(inspection.name.rawValue)",
      x: PlotAxis("eigenvector", scale: .logarithmic),
      y: PlotAxis("share of energy", scale: .logarithmic, range: 1e-12...1),
      series: [
        PlotSeries(
          "share", label: "", x: inspection.targetShares.indices.map { Double($0 + 1) },
          y: inspection.targetShares, style: .markers,
          color: colors[inspection.name.rawValue])
      ])
  }

  private func decay(_ inspection: ModelInspection) -> LinePlot {
    LinePlot(
      "Decay in \(inspection.name.rawValue)", x: PlotAxis("step of gradient descent"),
      y: PlotAxis("residual, relative", scale: .logarithmic, range: 1e-4...2),
      series: inspection.decays.enumerated().flatMap { index, decay in
        let steps = decay.steps.map { Double($0) }
        let color = PlotColor.scale(Double(index) / Double(max(inspection.decays.count - 1, 1)))
        return [
          PlotSeries(
            "\(decay.index + 1) predicted", label: "\(decay.index + 1)", x: steps,
            y: decay.predicted, color: color),
          PlotSeries(
            "\(decay.index + 1) measured", label: "", x: steps, y: decay.measured,
            style: .markers, color: color),
        ]
      }, note: "lines: predicted; dots: measured")
  }

  private func filter(_ inspection: ModelInspection) -> LinePlot {
    LinePlot(
      "Adjusters on \(inspection.name.rawValue)",
      x: PlotAxis("frequency", unit: "cycles for each unit", scale: .logarithmic),
      y: PlotAxis("gain", scale: .logarithmic),
      series: inspection.filters.map { PlotSeries($0.name, x: $0.frequencies, y: $0.gains) })
  }

  private func histogram(_ inspection: ModelInspection) -> LinePlot {
    LinePlot(
      "Activations of \(inspection.name.rawValue)", x: PlotAxis("value"),
      y: PlotAxis("density", scale: .logarithmic),
      series: inspection.histograms.enumerated().map { index, histogram in
        PlotSeries(
          histogram.name, x: histogram.centers, y: histogram.densities,
          color: .scale(Double(index) / Double(max(inspection.histograms.count - 1, 1))))
      })
  }

  // MARK: Tables

  private var provenance: Provenance { .current(commandLine: settings.values.commandLine) }

  private var summary: JSONValue {
    [
      "failure": .string(failure),
      "models": .array(
        inspections.map { inspection in
          [
            "model": .string(inspection.name.rawValue),
            "effective_rank": .number(inspection.effectiveRank),
            "eigenvectors_for_most": .integer(inspection.eigenvectorsForMost),
            "eigenvalues": .array(inspection.eigenvalues.map { .number($0) }),
            "target_shares": .array(inspection.targetShares.map { .number($0) }),
            "dominant_frequencies": .array(
              (0..<Self.described).map { .number(inspection.dominantFrequency($0)) }),
            "steps": .integer(inspection.course.losses.count),
            "stopped_by": stop(of: inspection.course),
            "picture": summary(of: inspection.picture),
          ]
        }), "made": provenance.json,
    ]
  }

  private func summary(of picture: PictureInspection) -> JSONValue {
    [
      "side": .integer(picture.side),
      "eigenvalues": .array(picture.eigenvalues.map { .number($0) }),
      "dominant_frequencies": .array(
        picture.eigenvalues.indices.map { index in
          let frequency = picture.dominantFrequency(index)
          return .array([.number(frequency.down), .number(frequency.across)])
        }),
      "psnr_before": .number(picture.psnrs.before), "psnr_after": .number(picture.psnrs.after),
      "steps": .integer(picture.course.losses.count), "stopped_by": stop(of: picture.course),
    ]
  }

  /// The signal that stopped a training.
  private func stop(of course: TrainingCourse) -> JSONValue {
    course.stop.map { .string(StopRequest.name(of: $0)) } ?? .null
  }

  private var table: ReportTable {
    ReportTable(
      columns: [
        .text("Model"), .number("Effective rank", decimals: 2),
        .number("For 90 %", decimals: 0, better: .lower),
      ] + (1...Self.drawn).map { .number("Frequency \($0)", decimals: 2) },
      rows: inspections.map { inspection in
        [
          .run(inspection.name.rawValue, colors[inspection.name.rawValue]),
          .number(inspection.effectiveRank),
          .number(Double(inspection.eigenvectorsForMost)),
        ] + (0..<Self.drawn).map { .number(inspection.dominantFrequency($0)) }
      })
  }

  private var report: Report {
    get throws {
      var report = Report(
        "Inside networks", summary: sentence, settings: settings.shownSettings,
        provenance: provenance)
      report.addTable(
        "Kernels in numbers", table.bestFirst,
        caption: """
          The effective rank, (sum of eigenvalues)² / sum of squares; how many leading eigenvectors hold nine \
          tenths of the function's energy, fewer being easier to learn; and the dominant frequency of each of the \
          first eigenvectors, in cycles for each unit.
          """)
      report.addPlot(
        spectra, heading: "Spectra",
        caption: "A spectrum that falls steeply is a network that learns most directions late.")
      report.addPlots(
        inspections.map(heatMap), heading: "Kernels",
        caption: """
          The empirical neural tangent kernel at the initial weights: how much a step at x' moves the \
          output at x. A narrow diagonal is a network that can learn fine detail.
          """, dataFiles: inspections.map(kernelFile))
      report.addPlots(
        inspections.map(eigenvectors).sharingAxes, heading: "Eigenvectors",
        caption: "The first eigenvectors: what is learned first.")
      report.addPlots(
        inspections.map(shares).sharingAxes,
        caption: "How much of the function lies along each eigenvector.")
      report.addPlots(
        inspections.map(decay).sharingAxes, heading: "Prediction and training",
        caption: """
          The residual along some eigenvectors, as the kernel at the start predicts it and as gradient \
          descent makes it. Where they part, the kernel has changed.
          """)
      report.addPlots(
        inspections.map(filter).sharingAxes, heading: "Adjusters as filters",
        caption: """
          How long a residual that is a cosine of each frequency, of length 1, is after adjustment; the data has \
          the constant as well. IGA treats all places within \
          groups of \(NumberText.count(settings.group, "point")) alike, so that its notches recur at \
          multiples of the groups' frequency. Equalized bands rise to where the network learns least: cosine \
          bands in steps, nested ones smoothly, as their blocks pass some of the neighbouring frequencies.
          """)
      try addPictures(to: &report)
      report.addPlots(
        inspections.map(histogram).sharingAxes, heading: "Activations",
        caption: "How the values of each hidden layer are distributed over all points and units.")
      return report
    }
  }

  /// What is shown of networks of two coordinates.
  private func addPictures(to report: inout Report) throws {
    let side = settings.side
    for (index, inspection) in inspections.enumerated() {
      let (name, picture) = (inspection.name.rawValue, inspection.picture)
      report.addPictures(
        index == 0 ? "Eigenvectors as pictures" : "",
        try (0..<Self.drawn).map { vector in
          ReportPicture(
            try picture.png(vector), caption: "\(name), \(vector + 1)",
            detail: picture.dominantFrequency(vector).description,
            color: colors[name])
        }, size: .exact,
        caption: """
          The first eigenvectors of \(name)'s kernel over \(side) x \(side) pixels, negative in blue and \
          positive in red, and the cycles for each unit of the cosine that has most of their energy.
          """)
    }
    report.addPictures(
      "First layers",
      try inspections.flatMap { inspection in
        let (name, psnrs) = (inspection.name.rawValue, inspection.picture.psnrs)
        let mosaics = try inspection.picture.neuronPNGs()
        let steps = NumberText.count(inspection.picture.course.losses.count, "step")
        return [
          ReportPicture(
            mosaics.before, caption: "\(name), before",
            detail: "\(NumberText.fixed(psnrs.before, 2)) dB", color: colors[name]),
          ReportPicture(
            mosaics.after, caption: "\(name), after \(steps)",
            detail: "\(NumberText.fixed(psnrs.after, 2)) dB", color: colors[name]),
        ]
      }, size: .large,
      caption: """
        Up to 64 of the first layer's units over the square from -1 to 1, before and after training by Adam \
        with the rate \(NumberText.plain(InspectionSettings.pictureRate)) on the embedded picture in \
        grey, of \(side) x \(side) pixels; the same colours for both, bright for the largest value.
        """)
  }

  private var sentence: String {
    let easiest = inspections.min { $0.eigenvectorsForMost < $1.eigenvectorsForMost }
    let names = inspections.map(\.name.rawValue).joined(separator: ", ")
    let outcome =
      easiest.map {
        "\($0.name.rawValue) needs the fewest leading eigenvectors for nine tenths of it, "
          + "\($0.eigenvectorsForMost)"
      } ?? "there was none"
    let stops = inspections.flatMap { inspection in
      zip(["line", "picture"], inspection.courses).compactMap { signal, course in
        course.stopClause.map { " \(inspection.name.rawValue) on the \(signal) \($0)." }
      }
    }
    return """
      The kernels of \(NumberText.count(inspections.count, "network")) (\(names)) on \(settings.signal.sampleCount) points of a \
      line, and a sum of sines to be learned: \(outcome).\(failure.map { " But \($0)." } ?? "")\
      \(stops.joined())
      """
  }
}
