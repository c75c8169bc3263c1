import Foundation
import INRZoo
import Testing

@testable import ExampleSupport
@testable import Fitting

/// Many runs with one command: each as the program makes it by itself, and none twice.
@Suite struct RunListTests {
  private static let options = [
    "--model", "siren", "--width", "8", "--steps", "4", "--adjuster", "none", "--adjuster", "iga",
    "--patch", "4", "--end", "2", "--save-weights", "w.safetensors",
  ]

  /// Writes pictures of a few sizes, and the list that names them.
  private static func writePictures(_ count: Int, in root: URL) throws {
    var lines = ["# pictures", ""]
    for index in 0..<count {
      let picture = Picture.procedural(height: 16 + 4 * index, width: 20)
      try picture.write(to: root.appendingPathComponent("p\(index).png").path)
      lines.append("p\(index).png")
    }
    try lines.joined(separator: "\n").write(
      to: root.appendingPathComponent("list.txt"), atomically: true, encoding: .utf8)
  }

  private static func run(_ arguments: [String], in root: URL) throws -> ProgramRun {
    try ProgramRun("FitImage", ["--list", "list.txt"] + options + arguments, in: root)
  }

  private static func records(_ folder: URL) -> [RunRecord.Entry] { RunRecord.entries(in: folder) }

  @Test("Every picture and seed is fitted as by itself, and passed over the second time")
  func complete() throws {
    try withTemporaryFolder { root in
      try Self.writePictures(3, in: root)
      let first = try Self.run(["--seeds", "2", "--output", "all"], in: root)
      #expect(first.code == 0, "\(first.standardError)")
      #expect(first.outputLines == ["finished=6 passed_over=0 failed=0 record=all/runs.jsonl"])
      let entries = Self.records(root.appendingPathComponent("all"))
      #expect(
        Set(entries.map(\.run))
          == ["p0-seed0", "p0-seed1", "p1-seed0", "p1-seed1", "p2-seed0", "p2-seed1"])
      #expect(
        entries.allSatisfy {
          $0.code == 0 && $0.results?.elements.compactMap { $0["psnr"]?.double }.count == 2
        })
      let alone = try ProgramRun(
        "FitImage", ["--image", "p2.png", "--seed", "1", "--output", "alone"] + Self.options,
        in: root)
      #expect(alone.code == 0, "\(alone.standardError)")
      for name in ["w-none.safetensors", "w-iga.safetensors"] {
        let files = try [root, root.appendingPathComponent("all/p2-seed1")].map {
          try Data(contentsOf: $0.appendingPathComponent(name))
        }
        #expect(files[0] == files[1])
      }
      let second = try Self.run(["--seeds", "2", "--output", "all"], in: root)
      #expect(second.outputLines == ["finished=0 passed_over=6 failed=0 record=all/runs.jsonl"])
      // Other settings are other runs.
      let other = try Self.run(["--seeds", "1", "--output", "all", "--end", "1"], in: root)
      #expect(other.code == 64 && other.standardError.contains("--end is given twice"))
    }
  }

  @Test("Jobs share a list")
  func shares() throws {
    try withTemporaryFolder { root in
      try Self.writePictures(3, in: root)
      for share in ["1/2", "2/2"] {
        let job = try Self.run(["--share", share, "--output", "all"], in: root)
        #expect(job.code == 0, "\(job.standardError)")
      }
      let folder = root.appendingPathComponent("all")
      // Runs that are made at once may end in any order.
      let records = Self.records(folder).map(\.run)
      #expect(Set(records.prefix(2)) == ["p0", "p2"] && records.dropFirst(2) == ["p1"])
      let whole = try Self.run(["--output", "all"], in: root)
      #expect(whole.outputLines == ["finished=0 passed_over=3 failed=0 record=all/runs.jsonl"])
    }
  }

  @Test("A run that fails is noted, and the others are made")
  func failure() throws {
    try withTemporaryFolder { root in
      try Self.writePictures(3, in: root)
      try Data("no picture".utf8).write(to: root.appendingPathComponent("p1.png"))
      let run = try Self.run(["--output", "all"], in: root)
      #expect(run.code == 70)
      #expect(
        run.errorLines.last?.contains("1 run of 3 failed: p1") ?? false, "\(run.standardError)")
      let entries = Self.records(root.appendingPathComponent("all"))
      #expect(entries.count == 3 && entries.count { $0.code == 0 } == 2)
      #expect(entries.first { $0.run == "p1" }?.error?.contains("p1.png") ?? false)
      // Once it is mended, it alone is made.
      try Picture.procedural(height: 16, width: 20).write(
        to: root.appendingPathComponent("p1.png").path)
      let again = try Self.run(["--output", "all"], in: root)
      #expect(again.outputLines == ["finished=1 passed_over=2 failed=0 record=all/runs.jsonl"])
    }
  }

  @Test("A list that is stopped goes on with the same bits")
  func stopped() throws {
    try withTemporaryFolder { root in
      try Self.writePictures(2, in: root)
      var options = Self.options
      if let steps = options.firstIndex(of: "--steps") { options[steps + 1] = "400" }
      let words =
        ["--list", "list.txt"] + options + ["--output", "all", "--checkpoint-every", "5"]
      let checkpoints = root.appendingPathComponent("all/p0/checkpoints/none")
      let stopped = try ProgramRun("FitImage", words, in: root, sending: SIGTERM) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)
        return names?.contains { $0.hasSuffix(".safetensors") } ?? false
      }
      #expect(stopped.code == 143, "\(stopped.standardError)")
      let rest = try ProgramRun("FitImage", words, in: root)
      #expect(rest.code == 0, "\(rest.standardError)")
      let alone = try ProgramRun(
        "FitImage", ["--image", "p0.png", "--output", "alone"] + options, in: root)
      #expect(alone.code == 0)
      let files = try [root, root.appendingPathComponent("all/p0")].map {
        try Data(contentsOf: $0.appendingPathComponent("w-iga.safetensors"))
      }
      #expect(files[0] == files[1])
    }
  }

  @Test("What a list cannot be is said with the line")
  func refusals() throws {
    try withTemporaryFolder { root in
      try Self.writePictures(1, in: root)
      func refusal(_ arguments: [String], _ code: Int32) throws -> String {
        let run = try ProgramRun("FitImage", arguments, in: root)
        #expect(run.code == code, "\(run.standardError)")
        return run.standardError
      }
      let list = root.appendingPathComponent("list.txt")
      try "p0.png\nnone.png\n".write(to: list, atomically: true, encoding: .utf8)
      #expect(
        try refusal(["--list", "list.txt"], 66).contains("line 2 of list.txt names none.png"))
      try "\n# nothing\n".write(to: list, atomically: true, encoding: .utf8)
      #expect(try refusal(["--list", "list.txt"], 65).contains("names no file"))
      for share in ["0/2", "3/2", "2", "a/b", "1/2/3"] {
        #expect(try refusal(["--share", share], 64).contains("give I/N"))
      }
      for option in [["--share", "1/2"], ["--at-once", "2"]] {
        #expect(try refusal(option, 64).contains("give --list or --seeds"))
      }
      try "p0.png\n".write(to: list, atomically: true, encoding: .utf8)
      #expect(
        try refusal(["--list", "list.txt", "--resume", root.path], 64).contains(
          "go on by themselves"))
    }
  }
}
