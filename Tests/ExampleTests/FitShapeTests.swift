import Foundation
import INRZoo
import TensorKit
import Testing

@testable import ExampleSupport
@testable import FitShape

/// The program that fits shapes: what it writes, what it measures, what it refuses, how it goes on.
@Suite("FitShape")
struct FitShapeTests {
  /// Options of a small run on voxels.
  static func tiny(_ group: String = "blocks:4", width: Int = 8, steps: Int = 8) -> [String] {
    common(width: width, steps: steps) + ["--group", group, "--groups-per-step", "16"]
  }

  /// Options of a small run on distances.
  static let distances = common() + ["--task", "sdf", "--points-per-step", "128"]

  private static func common(width: Int = 8, steps: Int = 8) -> [String] {
    [
      "--resolution", "16", "--width", "\(width)", "--hidden-layers", "1", "--end", "3",
      "--steps", "\(steps)", "--measure-points", "200",
    ]
  }

  private static func run(
    _ arguments: [String], in root: URL, output: String = "output"
  ) throws -> (program: ProgramRun, folder: URL) {
    let run = try ProgramRun("FitShape", arguments + ["--output", output], in: root)
    return (run, root.appendingPathComponent(output))
  }

  private static func summary(_ folder: URL) throws -> [[String: Any]] {
    let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    return try #require(object["results"] as? [[String: Any]])
  }

  @Test(
    "A run prints a line for each adjuster and writes its files",
    arguments: [
      tiny() + ["--adjuster", "none", "--adjuster", "iga", "--adjuster", "bands", "--stale-iou"],
      tiny("100") + ["--adjuster", "none", "--adjuster", "fr+bn+bands"],
      distances + ["--adjuster", "none", "--adjuster", "iga", "--adjuster", "bands"],
      distances + ["--adjuster", "none", "--adjuster", "bands", "--loss", "eikonal"],
    ])
  func files(arguments: [String]) throws {
    try withTemporaryFolder { root in
      let (program, folder) = try Self.run(
        arguments + ["--save-weights", "w", "--keep-best"], in: root)
      #expect(program.code == 0, "\(program.standardError)")
      let adjusters = zip(arguments, arguments.dropFirst()).filter { $0.0 == "--adjuster" }.map(\.1)
      let line =
        /adjuster=(\S+) iou=\S+ chamfer=\S+ seconds_per_step=\d+\.\d+ peak_memory_mb=\d+\.\d/
      let lines = program.outputLines.compactMap { $0.wholeMatch(of: line)?.1 }.map(String.init)
      #expect(lines == adjusters && program.outputLines.count == adjusters.count)
      let written = try names(in: folder)
      for adjuster in adjusters {
        for file in ["metrics-\(adjuster).csv", "best-weights-\(adjuster).safetensors"] {
          #expect(written.contains(file))
        }
        let metrics = try String(
          contentsOf: folder.appendingPathComponent("metrics-\(adjuster).csv"), encoding: .utf8
        ).split(separator: "\n")
        #expect(metrics.first == "epoch,step,loss,iou,seconds" && metrics.count == 9)
      }
      for file in ["report.html", "summary.json", "iou.svg"] { #expect(written.contains(file)) }
      let results = try Self.summary(folder)
      for result in results {
        let overlap = try #require(result["iou"] as? Double)
        #expect((0...1).contains(overlap))
        #expect((result["iou_stale"] != nil) == arguments.contains("--stale-iou"))
        // A surface that was found is written, and its distance measured.
        let hasSurface = (result["triangles"] as? Int ?? 0) > 0
        #expect((result["chamfer_l1"] is Double) == hasSurface)
        let name = try #require(result["adjuster"] as? String)
        #expect(written.contains("mesh-\(name).ply") == hasSurface)
      }
      #expect(try names(in: root).contains("w-none.safetensors"))
    }
  }

  @Test("More training comes nearer to the shape, and the mesh is that of the network")
  func fits() throws {
    try withTemporaryFolder { root in
      let sphere = TriangleMesh.sphere(radius: 1, subdivisions: 3)
      try sphere.write(to: root.appendingPathComponent("sphere.obj").path)
      let options = [
        "--mesh", "sphere.obj", "--resolution", "20", "--width", "32", "--hidden-layers", "1",
        "--group", "blocks:4", "--groups-per-step", "40", "--adjuster", "none", "--omega", "10",
        "--measure-points", "5000",
      ]
      let (short, first) = try Self.run(options + ["--steps", "4"], in: root, output: "short")
      let (long, second) = try Self.run(options + ["--steps", "150"], in: root, output: "long")
      #expect(short.code == 0 && long.code == 0, "\(long.standardError)")
      let (before, after) = (try Self.summary(first)[0], try Self.summary(second)[0])
      let overlaps = [before, after].compactMap { $0["iou"] as? Double }
      #expect(overlaps.count == 2 && overlaps[1] > overlaps[0] && overlaps[1] > 0.85)
      #expect(try #require(after["chamfer_l1"] as? Double) < 0.06)
      let mesh = try TriangleMesh(
        contentsOf: second.appendingPathComponent("mesh.ply").path)
      #expect(mesh.boundaryEdgeCount == 0)
      #expect(abs(mesh.volume / sphere.volume - 1) < 0.1)
    }
  }

  @Test("The axes of the released code give the same surface, not a mirrored one")
  func axes() throws {
    try withTemporaryFolder { root in
      // A slab with three different sides.
      let volume = VoxelVolume(
        extents: [16, 16, 16],
        values: (0..<4096).map { voxel in
          let (i, j, k) = (voxel / 256, voxel / 16 % 16, voxel % 16)
          return (2..<13).contains(i) && (4..<8).contains(j) && (5..<12).contains(k) ? 255 : 0
        })
      try volume.write(to: root.appendingPathComponent("slab.npy").path)
      for fidelity in ["paper", "released"] {
        let (program, folder) = try Self.run(
          [
            "--volume", "slab.npy", "--preset", "occupancy-siren", "--fidelity", fidelity,
            "--width", "16", "--steps", "3", "--group", "64",
          ], in: root, output: fidelity)
        #expect(program.code == 0, "\(program.standardError)")
        let summary = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
        let object = try #require(
          try JSONSerialization.jsonObject(with: summary) as? [String: Any])
        let shape = try #require(object["shape"] as? [String: Any])
        #expect(
          shape["extents"] as? [Int] == (fidelity == "paper" ? [11, 4, 7] : [10, 3, 6]))
      }
    }
  }

  @Test("The help shows the defaults of shapes, not those of pictures")
  func help() {
    // Lines may break anywhere.
    let help = Options.command.helpText(columns: 100).split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    for (option, value) in [
      ("end", "14"), ("sampling", "center"), ("schedule", "cosine:300"), ("group", "blocks:8"),
      ("pe-frequencies", "10"),
    ] {
      #expect(Options.command.options.first { $0.name == option }?.defaultText == value)
      #expect(help.contains("default: \(value)"))
    }
    #expect(!help.contains("6 from pi on"))
  }

  @Test("Clouds of points are fitted by their normals")
  func clouds() throws {
    try withTemporaryFolder { root in
      let cloud = TriangleMesh.sphere(radius: 2, subdivisions: 2).sampledSurface(
        count: 500, seed: 1)
      try cloud.write(to: root.appendingPathComponent("sphere.xyz").path)
      let (program, folder) = try Self.run(
        Self.distances + ["--points", "sphere.xyz", "--adjuster", "none"], in: root)
      #expect(program.code == 0, "\(program.standardError)")
      // No mesh says what is inside.
      #expect(try Self.summary(folder)[0]["iou"] is NSNull)
    }
  }

  @Test("A run that is stopped goes on with the same bits")
  func resumes() throws {
    try withTemporaryFolder { root in
      let options = Self.tiny(width: 12, steps: 40) + ["--adjuster", "bands"]
      let (whole, _) = try Self.run(
        options + ["--save-weights", "whole.safetensors"], in: root, output: "whole")
      #expect(whole.code == 0, "\(whole.standardError)")
      let folder = root.appendingPathComponent("stopped/checkpoints/bands").path
      let stopped = try ProgramRun(
        "FitShape",
        options + [
          "--output", "stopped", "--checkpoint-every", "3", "--save-weights",
          "stopped.safetensors",
        ], in: root, sending: SIGKILL
      ) { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).count > 1 }
      #expect(stopped.code == 128 + SIGKILL || stopped.code == 0)
      let resumed = try ProgramRun("FitShape", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(
        try Data(contentsOf: root.appendingPathComponent("whole.safetensors"))
          == Data(contentsOf: root.appendingPathComponent("stopped.safetensors")))
    }
  }

  @Test("More steps go on along the schedule that the run began with, which is said")
  func moreSteps() throws {
    try withTemporaryFolder { root in
      let options = Self.tiny(width: 12) + ["--adjuster", "none", "--save-weights"]
      let (run, _) = try Self.run(options + ["w.safetensors"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let resumed = try ProgramRun("FitShape", ["--resume", "output", "--steps", "12"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("none goes on from step 8\n"))
      #expect(resumed.standardError.contains("to zero at step 8 of 12"))
      let whole = options.map { $0 == "8" ? "12" : $0 } + ["whole.safetensors"]
      let width = whole.firstIndex(of: "--width")
      #expect(width.map { whole[$0 + 1] } == "12")
      let (other, _) = try Self.run(
        whole + ["--schedule", "cosine:8"], in: root, output: "whole")
      #expect(other.code == 0, "\(other.standardError)")
      #expect(
        try Data(contentsOf: root.appendingPathComponent("whole.safetensors"))
          == Data(contentsOf: root.appendingPathComponent("w.safetensors")))
      // And on, without its being told again; a schedule that is given is compared.
      let again = try ProgramRun("FitShape", ["--resume", "output", "--steps", "14"], in: root)
      #expect(again.code == 0, "\(again.standardError)")
      let changed = try ProgramRun(
        "FitShape", ["--resume", "output", "--schedule", "constant"], in: root)
      #expect(changed.code == 64 && changed.standardError.contains("--schedule cosine:8, not"))
    }
  }

  @Test("A wish to stop between two runs is heard, and the second one follows later")
  func stoppedBetweenRuns() throws {
    try withTemporaryFolder { root in
      // Measuring the first run's surface takes much longer than its training.
      let options = [
        "--resolution", "16", "--width", "32", "--hidden-layers", "1", "--omega", "10", "--steps",
        "60", "--group", "blocks:4", "--groups-per-step", "40", "--measure-points", "600000",
        "--adjuster", "none", "--adjuster", "bands", "--output", "stopped",
      ]
      let saved = root.appendingPathComponent("stopped/checkpoints/none").path
      let run = try ProgramRun("FitShape", options, in: root, sending: SIGTERM) {
        FileManager.default.fileExists(atPath: "\(saved)/step-000000060.safetensors")
      }
      // On a busy machine it may have gone on before it is asked.
      if run.errorLines.contains(where: { $0.hasPrefix("bands") }) { return }
      #expect(run.code == 128 + SIGTERM, "\(run.standardError)")
      #expect(run.outputLines.count == 1 && run.standardOutput.hasPrefix("adjuster=none "))
      #expect(run.errorLines.last?.contains("go on with FitShape --resume stopped") == true)
      let resumed = try ProgramRun("FitShape", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0 && resumed.outputLines.count == 2, "\(resumed.standardError)")
    }
  }

  @Test("The best weights are those of the evaluation with the largest overlap")
  func bestWeights() throws {
    try withTemporaryFolder { root in
      // From step 30 on, at 3000 times the rate, all that was learned is lost.
      let options = Self.tiny(width: 12, steps: 40) + ["--adjuster", "none"]
      let (run, folder) = try Self.run(
        options + ["--schedule", "once:30:3000", "--keep-best"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      func overlaps(_ folder: URL) throws -> [Double] {
        try String(contentsOf: folder.appendingPathComponent("metrics.csv"), encoding: .utf8)
          .split(separator: "\n").dropFirst().compactMap {
            Double($0.split(separator: ",", omittingEmptySubsequences: false)[3])
          }
      }
      let best = try #require(try overlaps(folder).max())
      let last = try #require(try Self.summary(folder)[0]["iou"] as? Double)
      try #require(best > last)
      let (start, second) = try Self.run(
        options.map { $0 == "40" ? "1" : $0 } + [
          "--initial-weights", "output/best-weights.safetensors", "--learning-rate", "1e-12",
        ], in: root, output: "from-best")
      #expect(start.code == 0, "\(start.standardError)")
      #expect(try overlaps(second).first == best)
    }
  }

  @Test("A time is kept to, and its steps are made")
  func seconds() throws {
    try withTemporaryFolder { root in
      let options = [
        "--resolution", "16", "--width", "8", "--groups-per-step", "4", "--adjuster", "none",
        "--end", "3", "--seconds", "0.5", "--measure-points", "200",
      ]
      let (program, folder) = try Self.run(options, in: root)
      #expect(program.code == 0, "\(program.standardError)")
      let result = try Self.summary(folder)[0]
      let seconds = try #require(result["training_seconds"] as? Double)
      #expect(seconds < 2)
      #expect(try #require(result["steps"] as? Int) >= 1)
    }
  }

  static let refusals: [(arguments: [String], code: Int32, words: String)] = [
    (["--task", "occupancy", "--points", "p.xyz"], 64, "choose --task sdf"),
    (["--task", "sdf", "--volume", "v.npy"], 64, "choose --task occupancy"),
    (["--mesh", "m.obj", "--volume", "v.npy"], 64, "give one of them"),
    (["--steps", "3", "--epochs", "2"], 64, "give one of them"),
    (["--fidelity", "released"], 64, "give a --preset"),
    (["--groups-per-step", "3", "--end", "3", "--group", "64"], 64, "--end 2 or less"),
    (["--group", "blocks:7"], 64, "blocks:8"),
    (["--task", "sdf", "--stale-iou"], 64, "leave it out"),
    (["--task", "sdf", "--loss", "eikonal", "--adjuster", "bn"], 64, "--loss squared"),
    (["--volume", "empty.npy"], 65, "empty.npy"), (["--mesh", "bad.obj"], 65, "bad.obj"),
    (["--volume", "v.txt"], 65, ".mat"),
  ]

  @Test("What makes no sense is refused with a remedy", arguments: refusals)
  func refuses(arguments: [String], code: Int32, words: String) throws {
    try withTemporaryFolder { root in
      func path(_ name: String) -> String { root.appendingPathComponent(name).path }
      let cube = TriangleMesh.sphere(radius: 1, subdivisions: 0)
      try cube.write(to: path("m.obj"))
      try cube.sampledSurface(count: 10, seed: 1).write(to: path("p.xyz"))
      try VoxelVolume(extents: [2, 2, 2], values: [0, 0, 255, 255, 255, 255, 0, 0])
        .write(to: path("v.npy"))
      try VoxelVolume(extents: [2, 2, 2], values: [UInt8](repeating: 0, count: 8))
        .write(to: path("empty.npy"))
      try Data("v 1 2\nf 1 1 1\n".utf8).write(to: URL(fileURLWithPath: path("bad.obj")))
      try Data("no shape".utf8).write(to: URL(fileURLWithPath: path("v.txt")))
      let run = try ProgramRun("FitShape", arguments, in: root)
      #expect(run.code == code, "\(run.standardError)")
      #expect(
        run.errorLines.count == 1 && run.standardError.contains(words), "\(run.standardError)")
      #expect(run.standardOutput.isEmpty)
    }
  }
}
