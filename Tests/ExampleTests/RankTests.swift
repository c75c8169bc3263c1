import Foundation
import Testing

@testable import ExampleSupport

/// Programs that `mpirun` starts as several processes: one model, one set of files, the bits of one process.
@Suite(
  .enabled(
    if: Launcher.isThere,
    "mpirun is not on the PATH, or starts nothing; install openmpi-bin to run these tests"))
struct RankTests {
  private static let picture = [
    "--downscale", "4", "--width", "12", "--patch", "8", "--end", "3", "--steps", "20",
  ]

  /// The bytes of all weights that a run saved, by name.
  private static func weights(_ folder: URL) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".safetensors") }
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: folder.appendingPathComponent($0)))
      })
  }

  /// Runs a program by itself and as several processes, and compares the weights.
  private func expectSameBits(
    _ program: String, _ arguments: [String], ranks: [Int], files: Int
  ) throws {
    try withTemporaryFolder { root in
      let alone = root.appendingPathComponent("alone")
      let several = root.appendingPathComponent("several")
      for folder in [alone, several] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      let saving = arguments + ["--save-weights", "w.safetensors"]
      let reference = try ProgramRun(program, saving, in: alone)
      #expect(reference.code == 0, "\(reference.standardError)")
      let expected = try Self.weights(alone)
      #expect(expected.count == files)
      for count in ranks {
        let run = try Launcher.run(count, program, saving, in: several)
        #expect(run.code == 0, "\(count) ranks: \(run.standardError)")
        // Each line once: the first process speaks for all.
        #expect(run.outputLines.count == reference.outputLines.count, "\(run.standardOutput)")
        #expect(try Self.weights(several) == expected, "\(count) ranks")
        let summary = several.appendingPathComponent("output/summary.json")
        #expect(try String(contentsOf: summary, encoding: .utf8).contains("\"\(count) by "))
      }
    }
  }

  @Test("A picture is fitted to the same bits by 2, 3 and 4 processes")
  func picture() throws {
    let adjusters = [
      "none", "iga", "bands", "bands-cosine", "fr+bn", "full-entk", "bn+iga", "centered",
    ]
    try expectSameBits(
      "FitImage", Self.picture + adjusters.flatMap { ["--adjuster", $0] }, ranks: [2, 3, 4],
      files: adjusters.count)
  }

  @Test("By pixels that are drawn, with Muon, and with averaged parameters")
  func drawn() throws {
    try expectSameBits(
      "FitImage",
      Self.picture + [
        "--batch", "blocks:4", "--optimizer", "muon", "--adjuster", "iga", "--average", "0.5",
        "--threads", "2",
      ], ranks: [3], files: 1)
  }

  @Test("Shapes and functions as well")
  func others() throws {
    try expectSameBits(
      "FitShape",
      [
        "--resolution", "12", "--width", "12", "--steps", "6", "--group", "blocks:4",
        "--groups-per-step", "8", "--measure-points", "100",
      ], ranks: [3], files: 3)
    try withTemporaryFolder { root in
      let arguments = ["--quick", "--width", "16", "--steps", "5", "--adjuster", "iga"]
      let alone = try ProgramRun("FitFunction", arguments + ["--output", "alone"], in: root)
      let several = try Launcher.run(
        2, "FitFunction", arguments + ["--output", "several"], in: root)
      #expect(alone.code == 0 && several.code == 0, "\(several.standardError)")
      func errors(_ run: ProgramRun) -> [String] {
        run.outputLines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
      }
      #expect(!errors(alone).isEmpty && errors(alone) == errors(several))
    }
  }

  @Test("Rays as well")
  func rays() throws {
    try expectSameBits(
      "FitScene",
      [
        "--downscale", "8", "--train-views", "6", "--test-views", "1", "--rays", "64", "--steps",
        "3", "--width", "8", "--depth", "2", "--samples", "4+4", "--end", "3", "--frames", "2",
      ], ranks: [2], files: 3)
  }

  @Test("A wrong option is said once")
  func usage() throws {
    try withTemporaryFolder { root in
      let run = try Launcher.run(3, "FitImage", ["--stepz", "3"], in: root)
      #expect(run.code == 64)
      #expect(run.errorLines.count { $0.hasPrefix("error: ") } == 1, "\(run.standardError)")
      #expect(run.outputLines.isEmpty)
    }
  }

  @Test("A run that diverges writes its report and says so once")
  func divergence() throws {
    try withTemporaryFolder { root in
      let run = try Launcher.run(
        2, "FitImage",
        Self.picture + ["--adjuster", "none", "--learning-rate", "1e30", "--output", "out"],
        in: root)
      #expect(run.code == 70, "\(run.standardError)")
      #expect(run.errorLines.count { $0.hasPrefix("error: ") } == 1, "\(run.standardError)")
      #expect(
        FileManager.default.fileExists(atPath: root.appendingPathComponent("out/report.html").path))
    }
  }

  @Test("A program whose work cannot be shared does it once")
  func notShared() throws {
    try withTemporaryFolder { root in
      let run = try Launcher.run(2, "RenderScene", ["--version"], in: root)
      #expect(run.code == 0 && run.outputLines.count == 1, "\(run.standardOutput)")
    }
  }

  @Test("If a process is killed all end, and others of another number go on to the same bits")
  func killed() throws {
    try withTemporaryFolder { root in
      let arguments =
        Self.picture.dropLast() + ["60", "--adjuster", "iga", "--checkpoint-every", "2"]
      let whole = try ProgramRun(
        "FitImage", arguments + ["--output", "whole", "--save-weights", "whole.safetensors"],
        in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let checkpoints = root.appendingPathComponent("stopped/checkpoints/iga").path
      let stopped = try Launcher.run(
        3, "FitImage",
        arguments + ["--output", "stopped", "--save-weights", "stopped.safetensors"], in: root,
        sending: SIGKILL, toRanks: [1]
      ) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: checkpoints)
        return names?.contains { $0.hasSuffix(".safetensors") } ?? false
      }
      // It may have come to its end before that.
      #expect(stopped.code != 0 || stopped.standardError.contains("The report"))
      let resumed = try Launcher.run(2, "FitImage", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      let files = try ["whole", "stopped"].map {
        try Data(contentsOf: root.appendingPathComponent("\($0).safetensors"))
      }
      #expect(files[0] == files[1])
    }
  }
}

extension RankTests {
  @Test(
    "A wish to stop that all processes hear leaves a checkpoint and a report, from which a run goes on"
  )
  func stopped() throws {
    try withTemporaryFolder { root in
      let arguments = Self.picture.dropLast() + ["4000", "--adjuster", "none"]
      let metrics = root.appendingPathComponent("stopped/metrics-none.csv")
      let alone = root.appendingPathComponent("stopped/metrics.csv")
      let run = try Launcher.run(
        2, "FitImage",
        arguments + [
          "--output", "stopped", "--checkpoint-every", "never", "--save-weights",
          "stopped.safetensors",
        ], in: root, sending: SIGTERM, toRanks: [0, 1]
      ) {
        [metrics, alone].contains {
          let text = (try? String(contentsOf: $0, encoding: .utf8)) ?? ""
          return text.split(separator: "\n").count > 3
        }
      }
      #expect(run.code == 128 + SIGTERM, "\(run.standardError)")
      #expect(run.errorLines.count { $0.contains("error: stopped by SIGTERM") } == 1)
      for name in ["report.html", "checkpoints/none"] {
        let path = root.appendingPathComponent("stopped/\(name)").path
        #expect(FileManager.default.fileExists(atPath: path), "\(name)")
      }
      let rest = try ProgramRun("FitImage", ["--resume", "stopped"], in: root)
      #expect(rest.code == 0, "\(rest.standardError)")
      let whole = try ProgramRun(
        "FitImage", arguments + ["--output", "whole", "--save-weights", "whole.safetensors"],
        in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let files = try ["whole", "stopped"].map {
        try Data(contentsOf: root.appendingPathComponent("\($0).safetensors"))
      }
      #expect(files[0] == files[1])
    }
  }
}

/// What starts a program as several processes.
enum Launcher {
  /// Whether there is one that starts something here.
  static let isThere =
    (try? ProgramRun(
      executable: ProgramRun.onPath("mpirun"), options(2) + ["/bin/true"],
      in: FileManager.default.temporaryDirectory
    ).code) == 0

  private static func options(_ ranks: Int) -> [String] {
    ["--allow-run-as-root", "--oversubscribe", "--quiet", "-n", "\(ranks)"]
  }

  /// Runs a program of this package as several processes.
  ///
  /// - Parameters:
  ///   - ranks: How many.
  ///   - signal: What some processes are sent as soon as `ready`; nothing by default.
  ///   - targets: These processes.
  static func run(
    _ ranks: Int, _ program: String, _ arguments: [String], in folder: URL,
    sending signal: Int32? = nil, toRanks targets: [Int] = [],
    when ready: () throws -> Bool = { true }
  ) throws -> ProgramRun {
    let file = try ProgramRun.built(program).path
    guard let signal else {
      return try ProgramRun(
        executable: ProgramRun.onPath("mpirun"), options(ranks) + [file] + arguments, in: folder)
    }
    // The shell takes the program's place, and leaves its number behind.
    let script = "echo $$ >\"$0.$OMPI_COMM_WORLD_RANK\"; exec \"$@\""
    let numbers = folder.appendingPathComponent("process")
    var isDone = false
    return try ProgramRun(
      executable: ProgramRun.onPath("mpirun"),
      options(ranks) + ["/bin/sh", "-c", script, numbers.path, file] + arguments, in: folder,
      sending: SIGCONT
    ) {
      guard !isDone, try ready() else { return false }
      let processes = targets.compactMap { rank in
        (try? String(contentsOfFile: "\(numbers.path).\(rank)", encoding: .utf8))
          .flatMap { Int32($0.filter(\.isNumber)) }
      }
      guard processes.count == targets.count else { return false }
      for process in processes { kill(process, signal) }
      isDone = true
      return true
    }
  }
}
