import Foundation
import Testing

@testable import ExampleSupport

/// Runs that are stopped or killed, and go on from their checkpoints with the same bits.
@Suite struct ResumeTests {
  static let picture = [
    "--downscale", "4", "--width", "12", "--patch", "8", "--end", "3", "--steps", "40",
  ]

  /// The checkpoints of a run, by name.
  private static func checkpoints(_ folder: URL, of run: String = "none") -> [String] {
    let path = folder.appendingPathComponent("checkpoints/\(run)").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .filter { !$0.hasSuffix(".partial") }
  }

  private static func resumed(
    _ arguments: [String] = [], in root: URL, program: String = "FitImage"
  ) throws -> ProgramRun {
    try ProgramRun(program, ["--resume", "stopped"] + arguments, in: root)
  }

  static let setups: [[String]] = [
    ["--adjuster", "none"], ["--adjuster", "iga"],
    ["--adjuster", "bands", "--schedule", "cosine:40"],
    ["--adjuster", "fr+bn"], ["--adjuster", "iga", "--optimizer", "muon", "--keep-best"],
  ]

  @Test("A run that is killed goes on with the same bits", arguments: setups)
  func killed(setup: [String]) throws {
    try withTemporaryFolder { root in
      let options = Self.picture + setup
      let whole = try FitImageFiles(
        options + ["--save-weights", "whole.safetensors"], in: root, output: "whole")
      #expect(whole.program.code == 0, "\(whole.program.standardError)")
      let name = setup[1]
      let stopped = root.appendingPathComponent("stopped")
      let killed = try ProgramRun(
        "FitImage",
        options + [
          "--checkpoint-every", "3", "--output", "stopped", "--save-weights",
          "stopped.safetensors",
        ], in: root, sending: SIGKILL
      ) { Self.checkpoints(stopped, of: name).count > 1 }
      // On a machine that is quick and busy it may have come to its end; it then has nothing left to do.
      #expect(killed.code == 128 + SIGKILL || killed.code == 0)
      let resumed = try Self.resumed(in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("\(name) goes on from step "))
      for file in ["whole.safetensors", "stopped.safetensors"] {
        #expect(try names(in: root).contains(file))
      }
      #expect(
        try Data(contentsOf: root.appendingPathComponent("whole.safetensors"))
          == Data(contentsOf: root.appendingPathComponent("stopped.safetensors")))
      for file in ["reconstruction.png", "best-weights.safetensors"]
      where try names(in: whole.folder).contains(file) {
        #expect(
          try whole.data(file) == Data(contentsOf: stopped.appendingPathComponent(file)), "\(file)")
      }
      let metrics = try String(
        contentsOf: stopped.appendingPathComponent("metrics.csv"), encoding: .utf8)
      #expect(
        metrics.split(separator: "\n").map {
          $0.split(separator: ",").prefix(3).joined(separator: ",")
        } == (try whole.course()))
    }
  }

  @Test(
    "A wish to stop ends the step, and leaves a checkpoint, the weights and a report",
    arguments: [SIGINT, SIGTERM])
  func stopped(signal: Int32) throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("stopped")
      let run = try ProgramRun(
        "FitImage",
        [
          "--downscale", "4", "--width", "12", "--steps", "1000000", "--adjuster", "none",
          "--adjuster", "iga", "--output", "stopped", "--save-weights", "w.safetensors",
          "--checkpoint-every", "never",
        ], in: root, sending: signal
      ) {
        try names(in: root).contains("stopped") && names(in: folder).contains("metrics-none.csv")
      }
      #expect(run.code == 128 + signal)
      #expect(run.outputLines.count == 1 && run.standardOutput.hasPrefix("adjuster=none psnr="))
      let last = try #require(run.errorLines.last)
      #expect(last.contains("FitImage --resume stopped"), "\(last)")
      #expect(Self.checkpoints(folder).count == 1)
      #expect(try names(in: root).contains("w-none.safetensors"))
      let summary = try JSONSerialization.jsonObject(
        with: Data(contentsOf: folder.appendingPathComponent("summary.json")))
      let results = (summary as? [String: Any])?["results"] as? [[String: Any]]
      let steps = try #require(results?.first?["steps"] as? Int)
      #expect(results?.first?["stopped_by"] as? String == (signal == SIGINT ? "SIGINT" : "SIGTERM"))

      let resumed = try Self.resumed(["--steps", "\(steps + 5)"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("none goes on from step \(steps)\n"))
      #expect(resumed.outputLines.count == 2)
    }
  }

  @Test("A wish to stop does not disturb wide products", arguments: 0..<4)
  func stoppedWithinProducts(round: Int) throws {
    try withTemporaryFolder { root in
      let stopped = root.appendingPathComponent("stopped")
      let run = try ProgramRun(
        "FitImage",
        [
          "--adjuster", "none", "--steps", "3000", "--checkpoint-every", "1", "--output", "stopped",
        ], in: root, sending: SIGINT
      ) { Self.checkpoints(stopped).count > 1 }
      #expect(run.code == 130, "\(run.standardError)")
      #expect(try names(in: stopped).contains("report.html"))
    }
  }

  @Test("More steps go on from the end, with the bits of a run of as many")
  func moreSteps() throws {
    try withTemporaryFolder { root in
      let options = Self.picture + ["--adjuster", "iga", "--save-weights"]
      let whole = try ProgramRun(
        "FitImage", options + ["whole.safetensors", "--output", "whole"], in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let short = options.map { $0 == "40" ? "20" : $0 }
      let run = try ProgramRun(
        "FitImage", short + ["stopped.safetensors", "--output", "stopped"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let resumed = try Self.resumed(["--steps", "40"], in: root)
      #expect(resumed.standardError.contains("iga goes on from step 20"))
      #expect(
        try Data(contentsOf: root.appendingPathComponent("whole.safetensors"))
          == Data(contentsOf: root.appendingPathComponent("stopped.safetensors")))
      // All done: nothing is trained again.
      let again = try Self.resumed(["--steps", "40"], in: root)
      #expect(again.code == 0 && again.standardError.contains("iga goes on from step 40"))
      #expect(
        again.standardOutput.split(separator: " ").prefix(2)
          == resumed.standardOutput.split(separator: " ").prefix(2))
    }
  }

  @Test("Other settings are refused by name")
  func otherSettings() throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "FitImage", Self.picture + ["--adjuster", "none", "--output", "stopped"], in: root)
      #expect(run.code == 0)
      func files() throws -> [String: Data] {
        try contents(of: root).filter { !$0.key.hasSuffix(FolderManifest.fileName) }
      }
      let former = try files()
      for (arguments, parts) in [
        (["--width", "13"], ["--width 12, not 13"]),
        (["--seed", "1", "--learning-rate", "0.5"], ["--learning-rate", "--seed 0, not 1"]),
        (["--downscale", "2"], ["--downscale 4, not 2", "another file for --image"]),
        (["--precision", "double"], ["--precision float, not double"]),
      ] {
        let resumed = try Self.resumed(arguments, in: root)
        #expect(resumed.code == 64, "\(arguments)")
        let last = try #require(resumed.errorLines.last)
        for part in parts { #expect(last.contains(part), "\(last)") }
      }
      #expect(try files() == former)
      let other = try Self.resumed(in: root, program: "CompareAdjusters")
      #expect(other.code == 64 && other.standardError.contains("are of FitImage"))
      for (folder, code): (String, Int32) in [(".", 66), ("nowhere", 66)] {
        let resumed = try ProgramRun("FitImage", ["--resume", folder], in: root)
        #expect(resumed.code == code)
        #expect(resumed.errorLines.count == 1 && resumed.standardError.contains("--resume"))
      }
    }
  }

  @Test("A damaged checkpoint gives way to the one before, and that is said")
  func damaged() throws {
    try withTemporaryFolder { root in
      let options = Self.picture + ["--adjuster", "none", "--save-weights", "w.safetensors"]
      let run = try ProgramRun(
        "FitImage", options + ["--checkpoint-every", "16", "--output", "stopped"], in: root)
      #expect(run.code == 0)
      let weights = root.appendingPathComponent("w.safetensors")
      let whole = try Data(contentsOf: weights)
      let folder = root.appendingPathComponent("stopped")
      #expect(
        Self.checkpoints(folder) == ["step-000000032.safetensors", "step-000000040.safetensors"])
      let newest = folder.appendingPathComponent("checkpoints/none/step-000000040.safetensors")
      var bytes = try Data(contentsOf: newest)
      bytes[bytes.count - 9] ^= 1
      try bytes.write(to: newest)
      let resumed = try Self.resumed(in: root)
      #expect(resumed.code == 0)
      #expect(resumed.standardError.contains("it is damaged"))
      #expect(resumed.standardError.contains("none goes on from step 32"))
      #expect(try Data(contentsOf: weights) == whole)
    }
  }

  @Test("Runs of functions go on, too, and what others have finished is kept")
  func functions() throws {
    try withTemporaryFolder { root in
      let options = [
        "--quick", "--width", "16", "--steps", "30", "--adjuster", "none", "--adjuster", "iga",
        "--seeds", "2", "--keep-best",
      ]
      let whole = try ProgramRun("FitFunction", options + ["--output", "whole"], in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let folder = root.appendingPathComponent("stopped")
      let killed = try ProgramRun(
        "FitFunction", options + ["--output", "stopped", "--checkpoint-every", "4"], in: root,
        sending: SIGKILL
      ) { Self.checkpoints(folder, of: "none-seed1").count > 1 }
      #expect(killed.code == 128 + SIGKILL || killed.code == 0)
      let resumed = try Self.resumed(in: root, program: "FitFunction")
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("none, seed 0 goes on from step 30"))
      for file in [
        "losses-none.csv", "errors-none.csv", "function-iga.csv", "losses-iga.csv",
        "best-weights-none-seed1.safetensors",
      ] {
        #expect(
          try Data(contentsOf: root.appendingPathComponent("whole/\(file)"))
            == Data(contentsOf: folder.appendingPathComponent(file)), "\(file)")
      }
    }
  }

  @Test("The best weights are those of the step that the report names")
  func bestWeights() throws {
    try withTemporaryFolder { root in
      // From step 30 on, at 3000 times the rate, all that was learned is lost.
      let small = ["--downscale", "4", "--width", "12", "--adjuster", "none"]
      let options = small + ["--steps", "40", "--schedule", "once:30:3000", "--keep-best"]
      let run = try FitImageFiles(options, in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      let result = try run.result("none")
      let step = try #require(result["psnr_best_step"] as? Int)
      let best = try #require(result["psnr_best"] as? Double)
      try #require(step > 0 && step < 40)
      let start = try FitImageFiles(
        small + [
          "--steps", "1", "--learning-rate", "1e-9", "--initial-weights",
          "output/best-weights.safetensors",
        ], in: root, output: "from-best")
      #expect(start.program.code == 0, "\(start.program.standardError)")
      let first = try #require(try start.losses().first)
      #expect(abs(-10 * log10(first) - best) < 1e-4)
    }
  }

  @Test("Metrics grow while a run goes on")
  func growingMetrics() throws {
    try withTemporaryFolder { root in
      let file = root.appendingPathComponent("output/metrics.csv")
      var seen: [String] = []
      let run = try ProgramRun(
        "FitImage",
        ["--downscale", "4", "--width", "12", "--steps", "1000000", "--adjuster", "none"],
        in: root, sending: SIGINT
      ) {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        seen = text.split(separator: "\n").map(String.init)
        return seen.count > 3
      }
      #expect(run.code == 130)
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(
        String.init)
      #expect(lines.count >= seen.count && Array(lines.prefix(seen.count)) == seen)
    }
  }
}
