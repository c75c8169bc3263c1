import Foundation
import INRZoo
import TensorKit
import Testing

/// Runs FitFunction as a program.
@Suite("FitFunction")
struct FitFunctionTests {
  static let tiny = ["--quick", "--width", "8", "--steps", "6"]

  /// A run with an output folder inside a folder.
  private struct Files {
    let program: ProgramRun
    let folder: URL

    init(_ arguments: [String], in root: URL, output: String = "output") throws {
      program = try ProgramRun("FitFunction", arguments + ["--output", output], in: root)
      folder = root.appendingPathComponent(output)
    }

    /// The rows of a CSV file, the header left out; empty cells are nil.
    func rows(_ name: String) throws -> [[Double?]] {
      try text(name).split(separator: "\n").dropFirst().map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      }
    }

    func text(_ name: String) throws -> String {
      try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    func summary() throws -> [String: Any] {
      let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
  }

  private static let cases: [(preset: String, adjusters: [String], frequencies: [Int])] = [
    ("circle", ["none", "ntk", "full-entk", "iga"], [1, 3, 5, 10]),
    ("multisine-relu", ["none", "iga"], [10, 20, 30, 40, 50, 60]),
    ("multisine-siren", ["none", "iga"], [20, 40, 60, 80, 100, 120]),
    ("steps", ["none", "fr", "iga"], [3, 5, 7, 9]),
  ]

  @Test("Every experiment prints a line for each adjuster and writes its files", arguments: cases)
  func files(preset: String, adjusters: [String], frequencies: [Int]) throws {
    try withTemporaryFolder { root in
      let run = try Files(Self.tiny + ["--preset", preset, "--seeds", "2"], in: root)
      #expect(run.program.code == 0)
      let lines = run.program.outputLines
      let number = /(?:\d+(?:\.\d+)?(?:e[-+]\d+)?|nan|-?inf)/
      for (line, adjuster) in zip(lines, adjusters) {
        let words = line.split(separator: " ").map { $0.split(separator: "=") }
        #expect(
          words.map(\.first) == ["adjuster", "loss", "error", "seconds_per_step", "peak_memory_mb"])
        #expect(words[0].last.map(String.init) == adjuster)
        #expect(words.dropFirst().allSatisfy { $0.last?.wholeMatch(of: number) != nil }, "\(line)")
      }
      #expect(lines.count == adjusters.count)
      let expected = adjusters.flatMap {
        [
          "errors-\($0).csv", "errors-\($0).svg", "function-\($0).csv", "losses-\($0).csv",
          "metrics-\($0)-seed0.csv", "metrics-\($0)-seed1.csv",
        ]
      }
      let files = try names(in: run.folder)
      let published = files.filter { file in
        ["eigenvalues", "kernel-eigenvalues", "ntk-eigenvalues", "damping"].contains {
          file.hasPrefix($0)
        }
      }
      #expect(
        files.filter { !published.contains($0) }
          == (expected + ["checkpoints", "losses.svg", "report.html", "summary.json"]).sorted())
      // What adjusters measure, and how far they damp: a table each, and plots.
      for name in ["eigenvalues-iga.csv", "eigenvalues-before-iga.svg"] {
        #expect(published.contains(name), "\(published)")
      }
      #expect(!published.contains { $0.contains("-none.") })
      #expect(try run.summary()["frequencies"] as? [Int] == frequencies)
      for adjuster in adjusters {
        let losses = try run.rows("losses-\(adjuster).csv")
        #expect(losses.count == 7 && losses.allSatisfy { $0.count == 3 && !$0.contains(nil) })
        let errors = try run.rows("errors-\(adjuster).csv")
        #expect(errors.count == 7 && errors.allSatisfy { $0.count == 1 + 2 * frequencies.count })
        // Both seeds start from weights of their own, and all adjusters from the same.
        #expect(losses[0][1] != losses[0][2])
        // Fourier reparameterization draws other weights.
        for (loss, plain) in zip(
          adjuster == "fr" ? [] : losses[0], try run.rows("losses-none.csv")[0])
        {
          // Equal but for the order in which single-precision numbers are added.
          #expect(abs((loss ?? .nan) - (plain ?? .nan)) <= 1e-5 * abs(plain ?? .nan))
        }
        if adjuster != "none" {
          #expect(losses[6] != (try run.rows("losses-none.csv"))[6])
        }
      }
    }
  }

  @Test("The errors and the loss are those of the function that is written")
  func errorsAreOfTheFunction() throws {
    try withTemporaryFolder { root in
      let run = try Files(
        Self.tiny + ["--precision", "double", "--adjuster", "iga", "--group", "4"], in: root)
      #expect(run.program.code == 0)
      let function = try run.rows("function.csv")
      let target = Tensor<Double>(function.compactMap { $0[1] })
      let output = Tensor<Double>(function.compactMap { $0[2] })
      #expect(target.count == 512)
      let expected = FrequencyErrors(of: target, bins: [10, 20, 30, 40, 50, 60])
        .relativeErrors(of: output)
      let last = try #require(try run.rows("errors.csv").last?.dropFirst())
      for (found, expected) in zip(last, expected) {
        #expect(abs((found ?? .nan) - expected) < 1e-12)
      }
      let loss = try #require(try run.rows("losses.csv").last?[1])
      let difference = output - target
      #expect(abs(loss - difference.dot(difference) / 512) < 1e-12)
    }
  }

  /// Options, and whether they change the results of plain training and of IGA.
  static let variations: [(options: String, changesPlain: Bool, changesAdjusted: Bool)] = [
    ("--seed 0 --seeds 1 --refresh 1 --sampling center", false, false),
    ("--seed 1", true, true),
    ("--width 9", true, true),
    ("--learning-rate 1e-3", true, true),
    ("--precision double", true, true),
    ("--errors magnitude", true, true),
    ("--end 3", false, true),
    ("--group 4", false, true),
    ("--convention first", false, true),
    ("--refresh 4", false, true),
    ("--sampling largest-residual", false, true),
    ("--threads 1", false, false),
    ("--threads 3", false, false),
  ]

  @Test("Every option does its work", arguments: variations)
  func options(options: String, changesPlain: Bool, changesAdjusted: Bool) throws {
    try withTemporaryFolder { root in
      let words = options.split(separator: " ").map(String.init)
      let base = words.contains("--width") ? ["--quick", "--steps", "6"] : Self.tiny
      let plain = try Files(Self.tiny, in: root)
      let run = try Files(base + words, in: root, output: "other")
      #expect(run.program.code == 0)
      for (adjuster, changes) in [("none", changesPlain), ("iga", changesAdjusted)] {
        func results(_ files: Files) throws -> [[[Double?]]] {
          [try files.rows("losses-\(adjuster).csv"), try files.rows("errors-\(adjuster).csv")]
        }
        #expect(try (results(run) != results(plain)) == changes, "\(adjuster)")
      }
    }
  }

  @Test("Compositions are run under their names")
  func compositions() throws {
    try withTemporaryFolder { root in
      let run = try Files(
        Self.tiny + ["--adjuster", "fr", "--adjuster", "fr+iga", "--adjuster", "fr+full-entk"],
        in: root)
      #expect(run.program.code == 0)
      let losses = try ["fr", "fr+iga", "fr+full-entk"].map {
        try run.rows("losses-\($0).csv").map { $0[1] }
      }
      #expect(Set(losses).count == 3)
      #expect(run.program.standardOutput.contains("adjuster=fr+full-entk loss="))
    }
  }

  @Test("Bands are evened out along a line and a circle", arguments: ["circle", "steps"])
  func bands(preset: String) throws {
    try withTemporaryFolder { root in
      let names = ["none", "centered", "bands", "bands-cosine", "bands-block"]
      let run = try Files(
        Self.tiny + ["--preset", preset] + names.flatMap { ["--adjuster", $0] }, in: root)
      #expect(run.program.code == 0)
      let losses = try names.map { try run.rows("losses-\($0).csv").map { $0[1] } }
      #expect(Set(losses).count == names.count)
      #expect(Set(losses.map(\.first)).count == 1)
    }
  }

  @Test(
    "Batch normalization is run by itself and in compositions; SIREN starts from its own function",
    arguments: ["circle", "multisine-relu", "multisine-siren", "steps"])
  func normalization(preset: String) throws {
    try withTemporaryFolder { root in
      let adjusters = ["none", "bn", "bn+iga", "bn+full-entk"]
      let run = try Files(
        Self.tiny + ["--preset", preset, "--precision", "double", "--end", "3"]
          + adjusters.flatMap { ["--adjuster", $0] }, in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      let losses = try adjusters.map { adjuster in
        try run.rows("losses-\(adjuster).csv").map { $0[1] ?? .nan }
      }
      #expect(losses.allSatisfy { $0.count == 7 && $0.allSatisfy(\.isFinite) })
      #expect(Set(losses.map(\.last)).count == 4)
      let startsPlainly = abs(losses[1][0] - losses[0][0]) <= 1e-9 * losses[0][0]
      #expect(startsPlainly == (preset == "multisine-siren"))
    }
  }

  @Test(
    "Long runs record their errors now and then, and at the end",
    arguments: [(250, 251, 1), (251, 127, 2), (252, 127, 2), (502, 127, 4), (1001, 252, 4)])
  func recordedSteps(last: Int, count: Int, interval: Int) throws {
    try withTemporaryFolder { root in
      let run = try Files(
        ["--quick", "--width", "2", "--steps", "\(last)", "--adjuster", "none"], in: root)
      #expect(run.program.code == 0)
      let steps = try run.rows("errors.csv").map { Int($0[0] ?? -1) }
      #expect(steps.count == count && steps[1] == interval && steps.last == last, "\(steps)")
      #expect(try run.rows("losses.csv").count == last + 1)
    }
  }

  @Test("A run that diverges says so, and still writes what there is")
  func divergence() throws {
    try withTemporaryFolder { root in
      let run = try Files(
        [
          "--preset", "circle", "--quick", "--steps", "60", "--learning-rate", "1e6", "--seeds",
          "2",
        ],
        in: root)
      #expect(run.program.code == 70)
      #expect(run.program.outputLines.count == 4)
      #expect(run.program.standardOutput.contains("adjuster=iga loss=nan error=nan "))
      let last = try #require(run.program.errorLines.last)
      for part in [
        "error: ", "full-entk, seed 0 diverged at step ", "iga, seed 1", "--learning-rate",
      ] {
        #expect(last.contains(part), "\(last)")
      }
      #expect(try names(in: run.folder).contains("report.html"))
    }
  }

  static let refusals: [(options: String, code: Int32, parts: [String])] = [
    ("--preset squares", 64, ["\"squares\"", "choose one of circle, multisine-relu"]),
    ("--adjuster ntk", 64, ["--preset multisine-relu", "--adjuster full-entk"]),
    ("--preset circle --adjuster fr", 64, ["--adjuster fr", "choose another --preset"]),
    ("--adjuster iga+fr", 64, ["write fr+iga"]), ("--adjuster iga+bn", 64, ["write bn+iga"]),
    ("--adjuster iga --adjuster iga", 64, ["name each adjuster once"]),
    ("--quick --end 64", 64, ["64 whole groups", "--end 63 or less, or --group 7 or less"]),
    ("--quick --group 513", 64, ["0 whole groups", "choose --group 64 or less"]),
    ("--adjuster full-entk --end 2048", 64, ["2048 samples", "--end 2047 or less"]),
    ("--seeds 0", 64, ["\"0\"", "1 to 1000"]), ("--refresh 0", 64, ["\"0\"", "1 or more"]),
    ("--learning-rate inf", 64, ["\"inf\"", "above 0"]), ("--quik", 64, ["did you mean --quick?"]),
    ("--output /proc/x", 73, ["/proc/x", "choose another --output"]),
  ]

  @Test("What is wrong is refused in one sentence", arguments: refusals)
  func refusal(options: String, code: Int32, parts: [String]) throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "FitFunction", options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == code && run.standardOutput.isEmpty)
      #expect(run.errorLines.count == 1 && run.standardError.hasPrefix("error: "))
      for part in parts { #expect(run.standardError.contains(part), "\(run.standardError)") }
      #expect(try names(in: root) == [])
    }
  }

  @Test("Help and version", arguments: ["FitFunction", "CompareAdjusters", "CustomAdjuster"])
  func information(program: String) throws {
    try withTemporaryFolder { root in
      let help = try ProgramRun(program, ["--help"], in: root)
      #expect(help.code == 0 && help.standardOutput.contains("\(program) [options]\n"))
      let version = try ProgramRun(program, ["--version"], in: root)
      #expect(version.code == 0 && version.standardOutput.hasPrefix("\(program) "))
      #expect(try names(in: root) == [])
    }
  }
}
