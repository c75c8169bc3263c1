import Foundation
import TensorKit
import Testing

@testable import ExampleSupport

/// The programs with loops of their own kind: they are stopped or killed, and go on with the same bits, too.
@Suite struct ResumedLoopTests {
  private static func checkpoints(_ root: URL, _ run: String) -> [String] {
    let path = root.appendingPathComponent("stopped/checkpoints/\(run)").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter {
      $0.hasSuffix(".safetensors")
    }
  }

  private static func bytes(_ name: String, in root: URL) throws -> Data {
    try Data(contentsOf: root.appendingPathComponent(name))
  }

  // MARK: InspectKernel

  static let inspection = [
    "--model", "siren", "--model", "relu", "--samples", "32", "--end", "3", "--width", "16",
    "--grid", "10",
  ]
  /// What follows from trained weights.
  static let results = [
    "decay-siren.csv", "decay-relu.csv", "neurons-siren.npz", "neurons-relu.npz",
    "eigenpictures-relu.npy", "filters-siren.csv",
  ]

  @Test(
    "Inspections that are killed go on with the same bits",
    arguments: ["siren-line", "siren-picture", "relu-picture"])
  func killedInspection(run: String) throws {
    try withTemporaryFolder { root in
      let options = Self.inspection + ["--steps", "60"]
      let whole = try ProgramRun("InspectKernel", options + ["--output", "whole"], in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let killed = try ProgramRun(
        "InspectKernel", options + ["--output", "stopped", "--checkpoint-every", "7"], in: root,
        sending: SIGKILL
      ) { !Self.checkpoints(root, run).isEmpty }
      #expect(killed.code == 128 + SIGKILL || killed.code == 0)
      let resumed = try ProgramRun("InspectKernel", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      let words = run.replacing("-", with: ", ")
      #expect(resumed.standardError.contains("\(words) goes on from step "))
      #expect(resumed.standardOutput == whole.standardOutput)
      for file in Self.results {
        #expect(
          try Self.bytes("whole/\(file)", in: root) == Self.bytes("stopped/\(file)", in: root),
          "\(file)")
      }
    }
  }

  @Test(
    "A wish to stop an inspection leaves checkpoints and a report", arguments: [SIGINT, SIGTERM])
  func stoppedInspection(signal: Int32) throws {
    try withTemporaryFolder { root in
      let options = Self.inspection + ["--output", "stopped", "--checkpoint-every", "never"]
      let run = try ProgramRun(
        "InspectKernel", options + ["--steps", "100000000"], in: root, sending: signal
      ) {
        let metrics = root.appendingPathComponent("stopped/metrics-line-siren.csv")
        return ((try? String(contentsOf: metrics, encoding: .utf8)) ?? "").count > 100
      }
      #expect(run.code == 128 + signal, "\(run.standardError)")
      let last = try #require(run.errorLines.last)
      #expect(last.contains("InspectKernel --resume stopped"), "\(last)")
      #expect(run.outputLines.count == 1 && run.standardOutput.hasPrefix("model=siren "))
      let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
      let report = String(
        decoding: try Self.bytes("stopped/report.html", in: root), as: UTF8.self)
      #expect(report.contains("siren on the line was stopped by \(name) after "))
      let summary = try JSONSerialization.jsonObject(
        with: Self.bytes("stopped/summary.json", in: root))
      let model = ((summary as? [String: Any])?["models"] as? [[String: Any]])?.first
      let steps = try #require(model?["steps"] as? Int)
      #expect(model?["stopped_by"] as? String == name)

      // As many steps more have the bits of a run that never stopped.
      let total = "\(steps + 5)"
      let resumed = try ProgramRun(
        "InspectKernel", ["--resume", "stopped", "--steps", total], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("siren, line goes on from step \(steps)\n"))
      #expect(resumed.outputLines.count == 2)
      if steps < 20_000 {
        let whole = try ProgramRun(
          "InspectKernel", Self.inspection + ["--output", "whole", "--steps", total], in: root)
        #expect(whole.code == 0)
        for file in Self.results {
          #expect(
            try Self.bytes("whole/\(file)", in: root) == Self.bytes("stopped/\(file)", in: root),
            "\(file)")
        }
      }
    }
  }

  @Test("Inspections with other settings are refused by name")
  func otherInspection() throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "InspectKernel", Self.inspection + ["--steps", "3", "--output", "stopped"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      for (arguments, part) in [
        (["--width", "17"], "--width 16, not 17"), (["--seed", "1"], "--seed 0, not 1"),
        (["--grid", "12"], "--grid 10, not 12"), (["--model", "relu"], "--model"),
        (["--end", "2"], "--end 3, not 2"),
      ] {
        let resumed = try ProgramRun(
          "InspectKernel", ["--resume", "stopped"] + arguments, in: root)
        #expect(resumed.code == 64, "\(arguments): \(resumed.standardError)")
        #expect(resumed.errorLines.last?.contains(part) == true, "\(resumed.standardError)")
      }
    }
  }

  // MARK: CustomAdjuster

  static let loop = ["--width", "8", "--share", "0.2", "--steps", "60"]

  @Test("The loop of one's own goes on with the same bits", arguments: ["none", "damped-mean"])
  func killedLoop(run: String) throws {
    try withTemporaryFolder { root in
      let whole = try ProgramRun(
        "CustomAdjuster", Self.loop + ["--output", "whole", "--checkpoint-every", "60"], in: root)
      #expect(whole.code == 0, "\(whole.standardError)")
      let killed = try ProgramRun(
        "CustomAdjuster", Self.loop + ["--output", "stopped", "--checkpoint-every", "3"], in: root,
        sending: SIGKILL
      ) { !Self.checkpoints(root, run).isEmpty }
      #expect(killed.code == 128 + SIGKILL || killed.code == 0)
      let resumed = try ProgramRun("CustomAdjuster", ["--resume", "stopped"], in: root)
      #expect(resumed.code == 0, "\(resumed.standardError)")
      #expect(resumed.standardError.contains("\(run) goes on from step "))
      #expect(resumed.standardOutput == whole.standardOutput)
      for name in ["none", "damped-mean"] {
        let file = "checkpoints/\(name)/step-000000060.safetensors"
        let states = try ["whole", "stopped"].map {
          try SafeTensorsFile(contentsOf: root.appendingPathComponent("\($0)/\(file)").path)
        }.map { try Checkpoint($0).state }
        #expect(states[0] == states[1], "\(name)")
      }
    }
  }

  @Test("A wish to stop the loop of one's own leaves a checkpoint", arguments: [SIGINT, SIGTERM])
  func stoppedLoop(signal: Int32) throws {
    try withTemporaryFolder { root in
      let metrics = Self.loop.map { $0 == "60" ? "100000000" : $0 }
      let run = try ProgramRun(
        "CustomAdjuster", metrics + ["--output", "stopped", "--checkpoint-every", "50"], in: root,
        sending: signal
      ) { !Self.checkpoints(root, "none").isEmpty }
      #expect(run.code == 128 + signal, "\(run.standardError)")
      #expect(run.outputLines.isEmpty)
      let last = try #require(run.errorLines.last)
      #expect(last.contains("go on with CustomAdjuster --resume stopped"), "\(last)")
      #expect(!Self.checkpoints(root, "none").isEmpty)
    }
  }

  @Test("The loop of one's own refuses other settings by name")
  func otherLoop() throws {
    try withTemporaryFolder { root in
      let options = ["--width", "8", "--steps", "4", "--checkpoint-every", "4"]
      let run = try ProgramRun("CustomAdjuster", options + ["--output", "stopped"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      for (arguments, part) in [
        (["--width", "9"], "--width: none was run with 8, not 9"),
        (["--steps", "5"], "--steps: none was run with 4, not 5"),
        (["--share", "0.5"], "--share: none was run with 0.05, not 0.5"),
        (["--seed", "1"], "--seed: none was run with 0, not 1"),
      ] {
        let resumed = try ProgramRun(
          "CustomAdjuster", ["--resume", "stopped"] + arguments, in: root)
        #expect(resumed.code == 64, "\(arguments)")
        #expect(resumed.errorLines.last?.contains(part) == true, "\(resumed.standardError)")
      }
      let other = try ProgramRun("InspectKernel", ["--resume", "stopped"], in: root)
      #expect(other.code == 64 && other.standardError.contains("are of CustomAdjuster"))
    }
  }
}
