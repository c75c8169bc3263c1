import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Writes everything that a run leaves behind.
struct FitShapeReport {
  let settings: FitShapeSettings
  let results: [FitShapeResult]

  /// The weights, metrics, summary and meshes, then the plots and the report.
  var files: [OutputFile] {
    let weights = results.compactMap { result in
      settings.weightsFile(for: result.adjuster).map { OutputFile(at: $0, result.writeWeights) }
    }
    let best = results.compactMap { result in
      result.writeBestWeights.map {
        OutputFile(settings.fileName("best-weights.safetensors", for: result.adjuster), writing: $0)
      }
    }
    let metrics = results.map { result in
      OutputFile(settings.fileName("metrics.csv", for: result.adjuster)) {
        settings.columns.table(of: result.course).text
      }
    }
    return weights + best + metrics + [OutputFile("summary.json") { try summary.file }]
      + meshFiles + settings.diagnosticFiles(results)
      + [
        OutputFile("iou.svg") { overlapPlot.svg },
        OutputFile("report.html") { try report().html },
      ]
  }

  /// The surfaces that were learned, and each with its distances from the true one as colours.
  private var meshFiles: [OutputFile] {
    results.filter { !$0.mesh.triangles.isEmpty }.flatMap { result -> [OutputFile] in
      let name = "mesh.\(settings.values[Options.meshFormat].rawValue)"
      let fitted = OutputFile(settings.fileName(name, for: result.adjuster)) { path in
        try result.mesh.write(to: path)
      }
      guard let colors = errorColors(result) else { return [fitted] }
      let errors = OutputFile(settings.fileName("errors.ply", for: result.adjuster)) { path in
        try result.mesh.write(to: path, colors: colors)
      }
      return [fitted, errors]
    }
  }

  /// The names of the files that are known before the runs: all but those of weights and diagnostics.
  static func names(_ settings: FitShapeSettings) -> [String] {
    let mesh = "mesh.\(settings.values[Options.meshFormat].rawValue)"
    return ["metrics.csv", mesh, "errors.ply"].flatMap { name in
      settings.adjusters.map { settings.fileName(name, for: $0) }
    } + ["summary.json", "iou.svg", "report.html", CheckpointStore.name]
  }

  // MARK: - Numbers

  private var summary: JSONValue {
    let subject: JSONValue = [
      "name": .string(settings.subject.name),
      "extents": .array(settings.subject.extents.map { .integer($0) }),
    ]
    return settings.summary(of: ["shape": subject], results) { result in
      let distances = result.distances
      var measured: [String: JSONValue] = [
        "iou": .number(result.overlap),
        "chamfer_l1": .number(distances?.halfSumOfMeanDistances),
        "chamfer_l2": .number(distances?.sumOfMeanSquaredDistances),
        "hausdorff": .number(distances?.largestDistance),
        "normal_consistency": .number(distances?.normalConsistency),
        "f_score": .number(distances?.agreement(within: FitShapeSettings.nearDistance).fScore),
        "loss": .number(result.course.losses.last),
        "steps": .integer(result.course.losses.count),
        "triangles": .integer(result.mesh.triangles.count),
        "failure": .string(result.course.failure?.clause),
        "stopped_by": result.course.stop.map { .string(StopRequest.name(of: $0)) } ?? .null,
        "damped": .bool(settings.recipe.settings.damps(result.adjuster)),
      ]
      if settings.values[Options.staleOverlap] {
        measured["iou_stale"] = .number(result.staleOverlap)
      }
      return measured
    }
  }

  /// The runs, the best first: by their overlap, or else by their distance from the surface.
  private var ranked: [FitShapeResult] {
    results.enumerated().sorted { first, second in
      let values = [first, second].map { result in
        result.element.overlap ?? -(result.element.distances?.halfSumOfMeanDistances ?? .infinity)
      }
      return (-values[0], first.offset) < (-values[1], second.offset)
    }.map(\.element)
  }

  /// The colour of each run, all over the report.
  private var colors: RunColors {
    RunColors(results.map(\.adjuster.name), bestFirst: ranked.map(\.adjuster.name))
  }

  /// A picture of a run.
  private func picture(
    _ result: FitShapeResult, _ png: Data, _ detail: String = ""
  ) -> ReportPicture {
    let name = result.adjuster.name
    return ReportPicture(png, caption: name, detail: detail, color: colors[name])
  }

  private var table: ReportTable {
    var measures: [ReportTable.Field<FitShapeResult>] = [
      (.text("Adjuster"), { [colors] in .run($0.adjuster.name, colors[$0.adjuster.name]) }),
      (.number("IoU", decimals: 4, better: .higher), { .number($0.overlap) }),
    ]
    if settings.values[Options.staleOverlap] {
      measures.append(
        (.number("IoU, stale", decimals: 4, better: .higher), { .number($0.staleOverlap) }))
    }
    let distances: [ReportTable.Field<FitShapeResult>] = [
      (.number("Chamfer L1", better: .lower), { .number($0.distances?.halfSumOfMeanDistances) }),
      (.number("Chamfer L2", better: .lower), { .number($0.distances?.sumOfMeanSquaredDistances) }),
      (
        .number("Normals", decimals: 4, better: .higher),
        { .number($0.distances?.normalConsistency) }
      ),
      (
        .number("F-score", decimals: 4, better: .higher),
        { .number($0.distances?.agreement(within: FitShapeSettings.nearDistance).fScore) }
      ),
    ]
    let costs: [ReportTable.Field<FitShapeResult>] = [
      (.number("Steps"), { .number(Double($0.course.losses.count)) }),
      (.number("Step (s)", decimals: 4, better: .lower), { .number($0.secondsPerStep) }),
      (.number("Total (s)", decimals: 1, better: .lower), { .number($0.trainingSeconds) }),
      (.number("MB", decimals: 0, better: .lower), { .number($0.peakMemoryMegabytes) }),
    ]
    return ReportTable(of: results, measures + distances + costs)
  }

  private let tableCaption = """
    IoU: the volume that is inside both shapes over that inside either, by the network as it is at the end. \
    Chamfer L1: half the sum of the mean distances from each surface to the other; Chamfer L2: the sum of the mean \
    squared distances; both where the shape's longest side is 2. Normals: the mean size of the cosine between \
    normals at nearest points. F-score: of points that lie within 0.01 of the other surface. The median time of a \
    step; the most memory that the run's tensors took at once.
    """

  // MARK: - Report

  private func report() throws -> Report {
    let subject = settings.subject
    var report = Report(
      "Fitting \(subject.name)", summary: sentence, settings: settings.applied,
      provenance: settings.provenance)
    report.addTable(
      "Results", table.bestFirst, caption: "\(settings.adjusterSentence) \(tableCaption)")
    for view in ShapeView.all {
      report.addPictures(
        view.name, try views(view), size: .large,
        caption: "The shape, and the surface that each network has learned, from the same side.")
    }
    report.addPictures(
      "Errors", try errorViews(),
      caption: """
        The learned surfaces, coloured by their distance from the true one: bright yellow stands for \
        \(NumberText.significant(largestError)) and more, dark blue for none.
        """)
    report.addPictures(
      "Slices", try slices(),
      caption: """
        What the network says in the plane through the middle, across the last axis, from dark for outside to \
        bright for inside.
        """)
    report.addPlot(
      overlapPlot, heading: "Training",
      caption: "IoU at points that are spread over the shape, and at the end at all of them.")
    report.addPlot(
      overlapTimePlot, caption: "The same against the time that was spent in training steps.")
    report.addPlot(
      lossPlot, caption: "The loss of each step's points before its update, over an epoch's steps.")
    report.addDiagnostics(of: results)
    return report
  }

  private var sentence: String {
    let (subject, recipe) = (settings.subject, settings.recipe)
    let task =
      recipe.shape.task == .occupancy
      ? "the occupancy of \(subject.extents.map(String.init).joined(separator: " x ")) voxels"
      : "the signed distance"
    let outcome = results.map { result in
      let reached =
        result.overlap.map { "reached an IoU of \(NumberText.fixed($0, 4))" }
        ?? "came within \(NumberText.significant(result.distances?.halfSumOfMeanDistances ?? .nan)) of the surface"
      let end =
        result.course.failure?.clause
        ?? result.course.stopClause.map { "\($0) and had \(reached)" } ?? reached
      return "\(result.adjuster.name) \(end)"
    }.joined(separator: "; ")
    return """
      A \(recipe.model.kind.rawValue) network was fitted to \(task) of \(subject.name): \(outcome).
      """
  }

  // MARK: - Plots

  private func series(
    _ x: (TrainingCourse, Int) -> Double
  ) -> [PlotSeries] {
    results.map { result in
      let course = result.course
      return PlotSeries(
        result.adjuster.name, x: course.evaluations.map { x(course, $0.step) },
        y: course.evaluations.map(\.value), color: colors[result.adjuster.name])
    }
  }

  private var overlapPlot: LinePlot {
    LinePlot(
      "IoU against step", x: PlotAxis("step"), y: PlotAxis("IoU"), series: series { Double($1) },
      note: colors.note)
  }

  private var overlapTimePlot: LinePlot {
    LinePlot(
      "IoU against time", x: PlotAxis("training time", unit: "s"), y: PlotAxis("IoU"),
      series: series { $0.seconds(before: $1) }, note: colors.note)
  }

  private var lossPlot: LinePlot {
    let window = max(1, min(settings.subject.stepsPerEpoch(settings.recipe.shape), 50))
    return LinePlot(
      "Loss against step", x: PlotAxis("step"), y: PlotAxis("loss", scale: .logarithmic),
      series: results.map { result in
        let losses = result.course.losses
        let ends = Array(stride(from: window, through: losses.count, by: window))
        return PlotSeries(
          result.adjuster.name, x: ends.map { Double($0) },
          y: ends.map { Array(losses[($0 - window)..<$0]).mean ?? .nan },
          color: colors[result.adjuster.name])
      }, note: colors.note)
  }

  // MARK: - Pictures

  /// The distance that the brightest colour stands for: nearly the largest of the first run.
  private var largestError: Double {
    results.first?.vertexErrors?.quantile(0.98).map { max($0, 1e-9) } ?? 1
  }

  private func errorColors(_ result: FitShapeResult) -> [SIMD3<UInt8>]? {
    let largest = largestError
    return result.vertexErrors.map { errors in
      errors.map {
        let color = ColorMap.viridis.color(at: $0 / largest)
        return SIMD3(color.red, color.green, color.blue)
      }
    }
  }

  /// A shaded picture of a mesh from a side, framed as the true shape is.
  private func png(
    _ mesh: TriangleMesh, from view: ShapeView, colors: [SIMD3<UInt8>]? = nil
  ) throws -> Data {
    let picture = view.picture(
      of: mesh, up: settings.values[Options.up].axis, framedLike: settings.subject.mesh,
      colors: colors,
      workers: settings.workers)
    return Data(try picture.pngBytes())
  }

  private func views(_ view: ShapeView) throws -> [ReportPicture] {
    var pictures: [ReportPicture] = []
    if let truth = settings.subject.mesh {
      pictures.append(ReportPicture(try png(truth, from: view), caption: "The shape"))
    }
    for result in ranked where !result.mesh.triangles.isEmpty {
      pictures.append(
        picture(
          result, try png(result.mesh, from: view),
          result.overlap.map { "IoU \(NumberText.fixed($0, 4))" } ?? ""))
    }
    return pictures
  }

  private func errorViews() throws -> [ReportPicture] {
    var pictures: [ReportPicture] = []
    for result in ranked where !result.mesh.triangles.isEmpty {
      guard let colors = errorColors(result) else { continue }
      pictures.append(
        picture(
          result, try png(result.mesh, from: .front, colors: colors),
          result.distances.map { "mean \(NumberText.significant($0.halfSumOfMeanDistances))" } ?? ""
        ))
    }
    return pictures
  }

  private func slices() throws -> [ReportPicture] {
    let truth = try settings.subject.slice(workers: settings.workers).map { slice in
      ReportPicture(try picture(of: slice), caption: "The shape")
    }
    return (truth.map { [$0] } ?? [])
      + (try ranked.compactMap { result in
        try result.slice.map { picture(result, try picture(of: $0)) }
      })
  }

  /// A plane of values from 0 to 1 as colours.
  private func picture(of plane: Tensor<Float>) throws -> Data {
    try ColorMap.viridis.png(plane.elements.map(Double.init), width: plane.shape[1])
  }
}
