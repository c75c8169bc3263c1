import ExampleSupport
import Foundation
import INRZoo
import ShapeFiles
import TensorKit

/// The options of the command line.
enum Options {
  static let mesh = Option<URL?>(
    "mesh", .existingFile(),
    help: "The mesh that is measured: .obj, .ply, .stl, .off, .dae, .gltf, .glb.")
  static let reference = Option<URL?>(
    "reference", .existingFile(), help: "The mesh that it should be, in the same coordinates.")
  static let samples = Option(
    "samples", .integer(in: 1...10_000_000, "N"), default: 100_000,
    help: "Points drawn from each surface, evenly by area.")
  static let threshold = Option(
    "threshold", .number(.positive, "T"), default: 0.01,
    help: """
      Points nearer than this to the other surface agree with it, for the F-score; as a share of the longest \
      side of the reference's box.
      """)
  static let resolution = Option(
    "resolution", .integer(in: 2...512, "R"), default: 128,
    help: "Points along the longest side of the grid on which the solids are compared.")
  static let seed = Option(
    "seed", .integer(in: 0..., "S"), default: 1, help: "Seeds the drawing of points.")
  static let threads = Option<Int?>(
    "threads", .integer(in: 1...1024, "T"), help: "Processor cores to use; all by default.")
  static let up = Option(
    "up", .choice(["x", "y", "z"], placeholder: "AXIS"), default: "y",
    help: "The axis that points up in the pictures.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, the pictures and error.ply, the mesh with a colour for each \
      vertex's distance from the reference. Files of an earlier run there go to its folder previous.
      """)

  static let command = Command(
    "EvaluateShape", summary: "Measures how well a mesh fits another one.",
    discussion: [
      """
      Chamfer-L1 is half the sum of the two mean distances from points of one surface to the nearest point of \
      the other, Chamfer-L2 the sum of the two mean squared distances; both in the units of the files. Normal \
      consistency is the mean |cosine| between the normals at nearest points, the F-score the harmonic mean of \
      the shares of points within the threshold, and IoU the overlap of the solids on a grid around both, where \
      inside is what the surface goes around more than half. The last line on standard output has all five.
      """
    ],
    groups: [
      OptionGroup("Meshes", mesh, reference),
      OptionGroup("Measures", samples, threshold, resolution, seed, threads),
      OptionGroup("Files", up, output),
    ],
    examples: [
      UsageExample(
        "EvaluateShape --mesh fitted.ply --reference stanford-bunny.obj", "Judge a fitted bunny:"),
      UsageExample(
        "EvaluateShape --mesh fitted.ply --reference dragon.stl --samples 300000 --up z",
        "Draw as many points as published tables do, of a mesh whose third axis points up:"),
    ])
}

/// What the command line asks for, checked before any work.
struct EvaluationSettings {
  let values: OptionValues
  let mesh: URL
  let reference: URL
  let folder: OutputFolder

  init(_ values: OptionValues) throws {
    self.values = values
    func file(_ option: Option<URL?>) throws(ExampleFailure) -> URL {
      guard let file = values[option] else {
        throw .usage("--\(option.name) is missing; give the path of a mesh")
      }
      guard ShapeFile.kind(ofFileAt: file.path) == .mesh else {
        throw .usage(
          "--\(option.name) was given \"\(file.relativePath)\", whose name does not end in that of a "
            + "format of meshes; give a file of .obj, .ply, .stl, .off, .dae, .gltf or .glb")
      }
      return file
    }
    mesh = try file(Options.mesh)
    reference = try file(Options.reference)
    folder = OutputFolder(values[Options.output])
    try folder.checkWritable()
  }

  var workers: Workers { values[Options.threads].map { Workers(threads: $0) } ?? Workers() }

  /// The axis that points up in the pictures.
  var up: MeshRendering.Axis {
    switch values[Options.up] {
    case "x": .x
    case "z": .z
    default: .y
    }
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(
      inputs: [.init(Options.mesh.name, mesh), .init(Options.reference.name, reference)],
      names: EvaluationReport.names)
  }
}
