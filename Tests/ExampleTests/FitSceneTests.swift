import Foundation
import INRZoo
import TensorKit
import Testing

@testable import ExampleSupport
@testable import FitScene

/// The program that fits scenes: what it writes, what it measures, what it refuses, how it goes on.
@Suite("FitScene")
struct FitSceneTests {
  /// Options of a small run on the embedded scene.
  static let tiny =
    ["--downscale", "8", "--train-views", "6", "--test-views", "2", "--rays", "64"] + small
  private static let small = [
    "--steps", "8", "--pictures", "1", "--frames", "2", "--width", "8", "--depth", "2",
    "--samples", "4+4",
  ]
  /// The same for another number of steps, or for a time.
  private static func tiny(_ length: String, _ value: String) -> [String] {
    var options = tiny
    if let place = options.firstIndex(of: "--steps") {
      options.replaceSubrange(place...(place + 1), with: [length, value])
    }
    return options
  }
  /// The same with adjusters' groups.
  static let grouped = ["--block", "2", "--end", "3"]

  private static func run(
    _ arguments: [String], in root: URL, output: String = "output"
  ) throws -> (program: ProgramRun, folder: URL) {
    let run = try ProgramRun("FitScene", arguments + ["--output", output], in: root)
    return (run, root.appendingPathComponent(output))
  }

  private static func summary(_ folder: URL) throws -> [[String: Any]] {
    let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    return try #require(object["results"] as? [[String: Any]])
  }

  /// Writes a scene as Blender's are.
  ///
  /// - Parameters:
  ///   - folder: Where it goes.
  ///   - size: The pixels of a side.
  ///   - hasAlpha: Whether pictures have it.
  ///   - isEmpty: Whether pictures show nothing.
  ///   - leavesOut: Whether a picture is missing.
  static func writeScene(
    to folder: URL, size: Int = 10, hasAlpha: Bool = true, isEmpty: Bool = false,
    leavesOut: Bool = false
  ) throws {
    let scene = try ProceduralScene.scene(
      resolution: size, trainingViews: 5, testViews: 2, samplesPerSide: 1)
    for (name, views) in [("train", scene.training), ("test", scene.test)] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
      let frames = try views.enumerated().map { index, view -> [String: Any] in
        let path = "\(name)/r_\(index)"
        let file = folder.appendingPathComponent(path + ".png").path
        let opaque = Picture(view.values(over: [1, 1, 1], as: Double.self))
        let transparent = Picture(Tensor<Double>(zeros: [size, size, 4]))
        let covered = Picture(
          Tensor<Double>(shape: [size, size, 4]) { elements in
            for pixel in 0..<(size * size) {
              let color = view.color(ofPixel: pixel)
              for channel in 0..<3 { elements[4 * pixel + channel] = color[channel] }
              elements[4 * pixel + 3] = view.alpha(ofPixel: pixel)
            }
          })
        if !(leavesOut && index == 1) {
          try (isEmpty ? transparent : hasAlpha ? covered : opaque).write(to: file)
        }
        return [
          "file_path": path,
          "transform_matrix": view.camera.pose.rows() + [[0, 0, 0, 1]],
        ]
      }
      let transforms: [String: Any] = ["camera_angle_x": 0.6911112, "frames": frames]
      try JSONSerialization.data(withJSONObject: transforms).write(
        to: folder.appendingPathComponent("transforms_\(name).json"))
    }
  }

  @Test(
    "A run prints a line for each field and adjuster and writes its files",
    arguments: [
      ["--field", "grid", "--field", "nerf"],
      [
        "--field", "nerf", "--adjuster", "none", "--adjuster", "fr+bands", "--adjuster", "centered",
      ],
      ["--field", "ngp", "--field", "voxels", "--adjuster", "none", "--adjuster", "fr"],
      ["--field", "grid", "--adjuster", "iga"],
    ])
  func files(arguments: [String]) throws {
    try withTemporaryFolder { root in
      let (program, folder) = try Self.run(
        Self.tiny + Self.grouped + arguments + ["--save-weights", "w", "--keep-best"], in: root)
      #expect(program.code == 0, "\(program.standardError)")
      let line =
        /adjuster=(\S+) field=(\S+) psnr=\S+ ssim=\S+ seconds_per_step=\d+\.\d+ peak_memory_mb=\d+\.\d/
      let lines = program.outputLines.compactMap { $0.wholeMatch(of: line) }
      #expect(lines.count == program.outputLines.count && !lines.isEmpty)
      let results = try Self.summary(folder)
      #expect(results.compactMap { $0["adjuster"] as? String } == lines.map { String($0.1) })
      #expect(results.compactMap { $0["field"] as? String } == lines.map { String($0.2) })
      let written = try names(in: folder)
      let fields = Set(lines.map { String($0.2) })
      for match in lines {
        let run = fields.count > 1 ? "\(match.2)-\(match.1)" : String(match.1)
        let suffix = lines.count > 1 ? "-\(run)" : ""
        for file in ["metrics.csv", "view-0.png", "error-0.png", "depth-0.png", "path.png"] {
          let name = file.replacing(".", with: "\(suffix).")
          #expect(written.contains(name), "\(name)")
        }
        #expect(written.contains("best-weights\(suffix).safetensors"))
        #expect(try names(in: root).contains("w\(suffix).safetensors"))
        let metrics = try text(folder, "metrics\(suffix).csv").split(separator: "\n")
        #expect(metrics.first == "step,loss,batch_psnr,psnr,seconds" && metrics.count == 9)
      }
      for file in ["report.html", "summary.json", "psnr.svg"] { #expect(written.contains(file)) }
      for result in results {
        let psnr = try #require(result["psnr"] as? Double)
        #expect(psnr > 0 && psnr < 100)
        #expect((result["views"] as? [Any])?.count == 2)
      }
    }
  }

  @Test("More training comes nearer to the pictures")
  func fits() throws {
    try withTemporaryFolder { root in
      let options = ["--field", "grid", "--downscale", "4", "--frames", "0", "--rays", "512"]
      let runs = try ["2", "100"].map {
        try Self.run(options + ["--steps", $0], in: root, output: "steps-\($0)")
      }
      #expect(runs.allSatisfy { $0.program.code == 0 }, "\(runs.map(\.program.standardError))")
      let psnr = try runs.map { try #require(try Self.summary($0.folder)[0]["psnr"] as? Double) }
      #expect(psnr[1] > psnr[0] + 3, "\(psnr)")
    }
  }

  @Test(
    "A run that is killed goes on with the same bits, across refinements",
    arguments: ["grid", "nerf", "ngp", "voxels"])
  func killed(field: String) throws {
    try withTemporaryFolder { root in
      let options = Self.tiny("--steps", "40") + ["--field", field, "--adjuster", "none"]
      let (whole, _) = try Self.run(
        options + ["--save-weights", "whole"], in: root, output: "unbroken")
      #expect(whole.code == 0, "\(whole.standardError)")
      let checkpoints = root.appendingPathComponent("stopped/checkpoints/none")
      let killed = try ProgramRun(
        "FitScene",
        options + [
          "--checkpoint-every", "3", "--output", "stopped", "--save-weights", "resumed",
        ], in: root, sending: SIGKILL
      ) { ((try? names(in: checkpoints)) ?? []).contains { !$0.hasSuffix(".partial") } }
      #expect(killed.code == 128 + SIGKILL || killed.code == 0)
      let resumed = try ProgramRun("FitScene", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("goes on from step "))
      let files = try ["whole", "resumed"].map {
        try Data(contentsOf: root.appendingPathComponent("\($0).safetensors"))
      }
      #expect(files[0] == files[1])
    }
  }

  @Test(
    "Saved fields are rendered as they were measured", arguments: ["grid", "nerf", "ngp", "voxels"])
  func rendersSavedFields(field: String) throws {
    try withTemporaryFolder { root in
      try Self.writeScene(to: root.appendingPathComponent("scene"))
      let adjuster = field == "grid" ? "none" : "fr"
      let (fitted, folder) = try Self.run(
        [
          "--scene", "scene", "--field", field, "--adjuster", adjuster, "--save-weights", "field",
          "--rays", "64",
        ] + Self.small, in: root)
      #expect(fitted.code == 0, "\(fitted.standardError)")
      let views = try ProgramRun(
        "RenderScene", ["--weights", "field", "--scene", "scene", "--output", "views"], in: root)
      #expect(views.code == 0, "\(views.standardError)")
      let other = root.appendingPathComponent("views")
      for name in ["view-0.png", "depth-0.png"] {
        #expect(
          try Data(contentsOf: folder.appendingPathComponent(name))
            == Data(contentsOf: other.appendingPathComponent(name)), "\(name)")
      }
      let path = try ProgramRun(
        "RenderScene", ["--weights", "field", "--frames", "3", "--width", "6", "--output", "path"],
        in: root)
      #expect(path.code == 0, "\(path.standardError)")
      let picture = try Picture(contentsOf: root.appendingPathComponent("path/path.png").path)
      #expect(picture.width == 6 && picture.height == 6)
    }
  }

  @Test("Files that hold no field are refused")
  func refusesOtherWeights() throws {
    try withTemporaryFolder { root in
      let missing = try ProgramRun("RenderScene", [], in: root)
      #expect(missing.code == 64 && missing.standardError.contains("--weights is missing"))
      var file = SafeTensorsFile()
      file.store(Tensor<Float>([1, 2]), named: "density")
      try file.write(to: root.appendingPathComponent("other.safetensors").path)
      let other = try ProgramRun("RenderScene", ["--weights", "other"], in: root)
      #expect(other.code == 65 && other.standardError.contains("--weights"))
      #expect(other.errorLines.count == 1)
    }
  }

  @Test("Time takes the place of steps")
  func seconds() throws {
    try withTemporaryFolder { root in
      let (program, folder) = try Self.run(
        Self.tiny("--seconds", "0.5") + ["--field", "grid"], in: root)
      #expect(program.code == 0, "\(program.standardError)")
      let result = try Self.summary(folder)[0]
      #expect(try #require(result["steps"] as? Int) > 1)
      #expect(try #require(result["training_seconds"] as? Double) >= 0.5)
    }
  }

  @Test("Scenes that are hardly any give a result")
  func smallScenes() throws {
    try withTemporaryFolder { root in
      try Self.writeScene(to: root.appendingPathComponent("dot"), size: 1)
      try Self.writeScene(to: root.appendingPathComponent("empty"), isEmpty: true)
      try Self.writeScene(to: root.appendingPathComponent("opaque"), hasAlpha: false)
      for name in ["dot", "empty", "opaque"] {
        for field in ["grid", "nerf", "ngp", "voxels"] {
          let (program, folder) = try Self.run(
            [
              "--scene", name, "--field", field, "--adjuster", "none", "--rays", "16", "--steps",
              "3", "--width", "8", "--samples", "4+0",
            ], in: root, output: "\(name)-\(field)")
          #expect(program.code == 0, "\(name) \(field): \(program.standardError)")
          #expect(try names(in: folder).contains("report.html"))
        }
      }
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let arguments: String
    let code: Int32
    let parts: [String]

    init(_ arguments: String, _ code: Int32, _ parts: String...) {
      self.arguments = arguments
      self.code = code
      self.parts = parts
    }

    var testDescription: String { arguments }
  }

  static let refusals = [
    Refusal("--scene nowhere", 66, "--scene", "nowhere"),
    Refusal("--scene hollow", 66, "transforms_train.json"),
    Refusal("--scene missing", 66, "r_1.png"),
    Refusal("--scene broken", 65, "transforms_train.json", "it is not JSON"),
    Refusal("--scene good --downscale 100", 64, "--downscale 100", "give less"),
    Refusal("--scene opaque --background random", 64, "--background random", "alpha"),
    Refusal("--field grid --field grid", 64, "--field grid is given twice"),
    Refusal("--field grid --adjuster fr", 64, "--adjuster fr", "--field"),
    Refusal("--field nerf --near 9", 64, "--near 9", "--far 6"),
    Refusal("--steps 3 --seconds 3", 64, "--steps and --seconds"),
    Refusal("--fidelity released", 64, "--preset"),
    Refusal("--preset nerf --field grid", 64, "--preset"),
    Refusal("--train-views every:0", 64, "--train-views", "every:4"),
    Refusal("--samples 0+0", 64, "--samples", "3 to 65536"),
    Refusal("--samples 2", 64, "--samples", "3 to 65536"),
    Refusal("--field nerf --rays 64 --end 30", 64, "--end 30", "4 groups"),
  ]

  @Test("What cannot be done is refused in a sentence", arguments: refusals)
  func refuses(refusal: Refusal) throws {
    try withTemporaryFolder { root in
      func folder(_ name: String) -> URL { root.appendingPathComponent(name) }
      for name in ["good", "missing", "opaque"] where refusal.arguments.contains(name) {
        try Self.writeScene(
          to: folder(name), hasAlpha: name != "opaque", leavesOut: name == "missing")
      }
      for name in ["hollow", "broken"] {
        try FileManager.default.createDirectory(
          at: folder(name), withIntermediateDirectories: true)
      }
      try Data("{".utf8).write(
        to: folder("broken").appendingPathComponent("transforms_train.json"))
      let (program, output) = try Self.run(
        refusal.arguments.split(separator: " ").map(String.init), in: root)
      #expect(program.code == refusal.code, "\(program.standardError)")
      #expect(program.errorLines.count == 1 && program.standardOutput.isEmpty)
      for part in refusal.parts { #expect(program.standardError.contains(part)) }
      #expect(!FileManager.default.fileExists(atPath: output.path))
    }
  }

  @Test("Presets run, smaller", arguments: PublishedExperiment.scenes.map(\.name))
  func presets(name: String) throws {
    try withTemporaryFolder { root in
      let options = [
        "--preset", name, "--fidelity", "released", "--downscale", "10", "--rays", "16", "--steps",
        "1", "--pictures", "0", "--frames", "0", "--test-views", "1", "--train-views", "4",
      ]
      let end = name.hasSuffix("iga") ? ["--end", "3"] : []
      let (program, _) = try Self.run(options + end, in: root)
      #expect(program.code == 0, "\(program.standardError)")
      #expect(program.outputLines.count == 1)
    }
  }
}
