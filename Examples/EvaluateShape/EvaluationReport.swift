import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// Writes what was measured of two meshes.
struct EvaluationReport {
  let settings: EvaluationSettings
  let evaluation: ShapeEvaluation

  /// The sides from which the meshes are drawn, and the azimuths.
  private static let sides = [("front", 30.0), ("back", 210.0)]
  private static let subjects = ["reference", "mesh", "error"]

  /// The names of the files.
  static var names: [String] {
    ["summary.json", "error.ply", "report.html"]
      + subjects.flatMap { subject in sides.map { "\(subject)-\($0.0).png" } }
  }

  /// The numbers, the pictures and the report.
  var files: [OutputFile] {
    let pictures = Self.sides.flatMap { side in
      Self.subjects.map { subject in
        (name: "\(subject)-\(side.0).png", picture: picture(of: subject, azimuth: side.1))
      }
    }
    return [
      OutputFile("summary.json") { try summary.file },
      OutputFile("error.ply") {
        Data(evaluation.mesh.plyBytes(colors: evaluation.errorColors))
      },
    ]
      + pictures.map { file in OutputFile(file.name) { Data(try file.picture.pngBytes()) } }
      + [OutputFile("report.html") { try report(with: pictures.map(\.picture)).html }]
  }

  private func picture(of subject: String, azimuth: Double) -> Picture {
    let rendering = MeshRendering(
      azimuth: azimuth, elevation: 15, up: settings.up, background: .transparent)
    // All are framed alike, so that they can be compared place by place.
    let points = evaluation.reference.vertices
    let colors = evaluation.errorColors.map { SIMD3<Double>($0) / 255 }
    return switch subject {
    case "reference":
      evaluation.reference.rendered(
        rendering, framedLike: points, workers: settings.workers)
    case "mesh":
      evaluation.mesh.rendered(rendering, framedLike: points, workers: settings.workers)
    default:
      evaluation.mesh.rendered(
        rendering, colors: colors, framedLike: points, workers: settings.workers)
    }
  }

  private var summary: JSONValue {
    func description(_ file: URL, _ mesh: TriangleMesh) -> JSONValue {
      [
        "file": .string(file.path), "vertices": .integer(mesh.vertices.count),
        "triangles": .integer(mesh.triangles.count), "area": .number(mesh.area),
        "volume": .number(mesh.volume), "boundary_edges": .integer(mesh.boundaryEdgeCount),
        "euler_characteristic": .integer(mesh.eulerCharacteristic),
      ]
    }
    let comparison = evaluation.comparison
    return [
      "chamfer_l1": .number(comparison.halfSumOfMeanDistances),
      "chamfer_l2": .number(comparison.sumOfMeanSquaredDistances),
      "normal_consistency": .number(comparison.normalConsistency),
      "f_score": .number(evaluation.agreement.fScore),
      "precision": .number(evaluation.agreement.firstShare),
      "recall": .number(evaluation.agreement.secondShare),
      "iou": .number(evaluation.intersectionOverUnion),
      "largest_distance": .number(comparison.largestDistance),
      "threshold": .number(evaluation.threshold), "reference_size": .number(evaluation.size),
      "samples": .integer(settings.values[Options.samples]),
      "grid": .array(evaluation.gridExtents.map { .integer($0) }),
      "mesh": description(settings.mesh, evaluation.mesh),
      "reference": description(settings.reference, evaluation.reference),
      "settings": settings.values.settings.json,
      "made": Provenance.current(commandLine: settings.values.commandLine).json,
    ]
  }

  private func report(with pictures: [Picture]) throws -> Report {
    let threshold = NumberText.significant(evaluation.threshold)
    var report = Report(
      "\(settings.mesh.lastPathComponent) against \(settings.reference.lastPathComponent)",
      summary: """
        \(NumberText.fixed(100 * evaluation.agreement.fScore, 1)) % of the surfaces (F-score) lie within \
        \(threshold) of each other, and the solids overlap by \
        \(NumberText.fixed(100 * evaluation.intersectionOverUnion, 1)) % (IoU).
        """,
      settings: settings.values.settings,
      provenance: .current(commandLine: settings.values.commandLine))
    report.addTable(
      "Measures", measures,
      caption: """
        From \(settings.values[Options.samples]) points of each surface. Distances in the units of the files, and \
        in hundredths of the longest side of the reference's box, \
        \(NumberText.significant(evaluation.size, 4)), of its square for Chamfer-L2.
        """)
    var shown: [ReportPicture] = []
    for (index, picture) in pictures.enumerated() {
      let caption = ["Reference", "Mesh", "Distance from the reference"][index % 3]
      shown.append(
        ReportPicture(
          Data(try picture.pngBytes()), caption: caption,
          detail: Self.sides[index / 3].0))
    }
    report.addPictures(
      "Shapes", shown,
      caption: """
        Both meshes from two sides. Distances go from dark blue on the reference to yellow at \(threshold) and \
        beyond. What is tinted brown is seen from within.
        """)
    report.addPlot(
      shares, heading: "Distances",
      caption: """
        The share of points of each surface that are nearer to the other one than a distance. A curve that \
        stays low is that of a surface with parts the other one lacks.
        """)
    report.addTable(
      "Meshes", meshes,
      caption: """
        A mesh without open edges bounds a solid. Vertices less edges and triangles more make Euler's \
        characteristic, 2 for each sphere and 0 for each torus.
        """)
    return report
  }

  private var measures: ReportTable {
    let (comparison, size) = (evaluation.comparison, evaluation.size)
    let agreement = evaluation.agreement
    return ReportTable(
      columns: [.text("Measure"), .number("Value"), .number("In hundredths of the size")],
      rows: [
        [
          "Chamfer-L1", .number(comparison.halfSumOfMeanDistances),
          .number(comparison.halfSumOfMeanDistances / size * 100),
        ],
        [
          "Chamfer-L2", .number(comparison.sumOfMeanSquaredDistances),
          .number(comparison.sumOfMeanSquaredDistances / (size * size) * 100),
        ],
        [
          "Largest distance", .number(comparison.largestDistance),
          .number(comparison.largestDistance / size * 100),
        ],
        ["Normal consistency", .number(comparison.normalConsistency)],
        ["F-score", .number(agreement.fScore)],
        ["Precision: the mesh's points near the reference", .number(agreement.firstShare)],
        ["Recall: the reference's points near the mesh", .number(agreement.secondShare)],
        ["IoU", .number(evaluation.intersectionOverUnion)],
      ])
  }

  private var meshes: ReportTable {
    func row(_ name: String, _ file: URL, _ mesh: TriangleMesh) -> [ReportTable.Cell] {
      [
        .text(name), .text(file.lastPathComponent), .number(Double(mesh.vertices.count)),
        .number(Double(mesh.triangles.count)), .number(mesh.area), .number(mesh.volume),
        .number(Double(mesh.boundaryEdgeCount)), .number(Double(mesh.eulerCharacteristic)),
      ]
    }
    return ReportTable(
      columns: [
        .text(""), .text("File"), .number("Vertices"), .number("Triangles"), .number("Area"),
        .number("Volume"), .number("Open edges"), .number("Euler"),
      ],
      rows: [
        row("Mesh", settings.mesh, evaluation.mesh),
        row("Reference", settings.reference, evaluation.reference),
      ])
  }

  /// The shares of points within distances up to three times the threshold.
  private var shares: LinePlot {
    let distances = (0...150).map { Double($0) / 50 * evaluation.threshold }
    func series(_ name: String, _ all: [Double]) -> PlotSeries {
      let sorted = all.sorted()
      var count = 0
      return PlotSeries(
        name, x: distances,
        y: distances.map { distance in
          while count < sorted.count, sorted[count] < distance { count += 1 }
          return Double(count) / Double(sorted.count)
        })
    }
    return LinePlot(
      "Points within a distance", x: PlotAxis("distance"),
      y: PlotAxis("share of points", range: 0...1),
      series: [
        series("mesh to reference", evaluation.comparison.distancesFromFirst),
        series("reference to mesh", evaluation.comparison.distancesFromSecond),
      ])
  }
}
