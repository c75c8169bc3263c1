import Foundation
import TensorKit
import Testing

@testable import ExampleSupport
@testable import ImageFitting

/// Memory that is not enough, and the memory that reports tell.
@Suite("Memory")
struct MemoryTests {
  /// Runs a program whose address space is limited to so many KiB.
  private func run(
    _ program: String, _ arguments: [String], kibibytes: Int, in root: URL
  ) throws -> ProgramRun {
    let command = "ulimit -v \(kibibytes) && exec \"$@\""
    return try ProgramRun(
      executable: ProgramRun.onPath("sh"),
      ["-c", command, "sh", ProgramRun.built(program).path] + arguments, in: root)
  }

  @Test("A run that would not fit is refused before any work, with the options that help")
  func refusedBefore() throws {
    try withTemporaryFolder { root in
      let cases: [(program: String, options: [String], part: String, remedy: String)] = [
        ("FitImage", ["--width", "65536"], "gradients", "--width"),
        ("CompareAdjusters", ["--width", "65536"], "gradients", "--width"),
        ("FitFunction", ["--width", "65536"], "gradients", "--width"),
      ]
      for (program, options, part, remedy) in cases {
        let run = try run(
          program, options + ["--adjuster", "none", "--steps", "1", "--threads", "1"],
          kibibytes: 4_000_000, in: root)
        #expect(run.code == 71, "\(program): \(run.standardError)")
        #expect(run.errorLines.count == 1 && run.standardOutput.isEmpty, "\(run.standardError)")
        #expect(run.errorLines.first?.hasPrefix("error: ") == true)
        for text in [part, remedy, "GiB"] {
          #expect(run.standardError.contains(text), "\(program): \(run.standardError)")
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).isEmpty)
    }
  }

  @Test("With little memory a program runs or says why not, and never crashes")
  func littleMemory() throws {
    try withTemporaryFolder { root in
      var codes: Set<Int32> = []
      for kibibytes in stride(from: 110_000, through: 410_000, by: 30_000) {
        let run = try run(
          "FitFunction", ["--quick", "--width", "8", "--steps", "1", "--adjuster", "none"],
          kibibytes: kibibytes, in: root)
        codes.insert(run.code)
        if run.code == 71 { #expect(run.errorLines.count == 1, "\(run.standardError)") }
        // The loader's code where not even the libraries find room, before any code of the program runs.
        #expect([0, 71, 127].contains(run.code), "\(kibibytes) KiB: \(run.standardError)")
      }
      #expect(codes.contains(0))
    }
  }

  @Test("Where a tensor finds no memory all the same, a program ends with a sentence")
  func exhausted() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(71), observing: [\.standardErrorContent]
    ) {
      MemoryShortage.endProcessCleanly(options: ["width", "memory", "steps"])
      var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
      setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      var kept: [Tensor<Float>] = []
      for _ in 0..<64 { kept.append(Tensor(repeating: 0, shape: [0])) }
      for _ in 0..<64 { kept.append(Tensor(shape: [1 << 28]) { _ in }) }
      exit(Int32(kept.count))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      text.contains(
        "error: there is no memory for another 1.0 GiB; give a smaller --width or a smaller --memory"
      ),
      "\(text)")
  }

  @Test("The memory of a run is its own, whatever ran before it in the process")
  func ownMemory() throws {
    func memory(_ adjusters: String...) throws -> [String: Double] {
      var found: [String: Double] = [:]
      try withTemporaryFolder { root in
        let run = try ProgramRun(
          "FitImage",
          adjusters.flatMap { ["--adjuster", $0] } + [
            "--downscale", "6", "--width", "16", "--steps", "2", "--end", "4", "--patch", "2",
            "--threads", "1",
          ], in: root)
        #expect(run.code == 0, "\(run.standardError)")
        for line in run.outputLines {
          let values = line.split(separator: " ").map { $0.split(separator: "=") }
          found[String(values[0][1])] = Double(values[3][1])
        }
      }
      return found
    }
    let orders = [
      ["none", "full-entk", "bn"], ["full-entk", "bn", "none"], ["bn", "none", "full-entk"],
    ]
    let alone = try ["none", "full-entk", "bn"].reduce(into: [String: Double]()) {
      $0[$1] = try memory($1)[$1]
    }
    // The kernel of all pixels takes several times the rest.
    #expect(try #require(alone["full-entk"]) > 3 * (try #require(alone["none"])))
    for order in orders {
      let found = try memory(order[0], order[1], order[2])
      for (name, megabytes) in alone {
        #expect(
          abs(try #require(found[name]) - megabytes) <= 0.02 * megabytes + 0.1,
          "\(name) in \(order): \(found), alone \(megabytes)")
      }
    }
  }

  @Test(
    "What a run takes was estimated before",
    arguments: [
      "--adjuster none --width 64", "--adjuster none --width 512 --downscale 4",
      "--adjuster iga --width 64 --patch 4", "--adjuster full-entk --width 32 --downscale 4",
      "--adjuster fr --width 64 --downscale 4", "--adjuster bn --width 64 --downscale 2",
      "--adjuster centered --width 64", "--adjuster bands --model wire --width 96",
      "--adjuster none --model bacon --width 128 --optimizer sgd",
      "--adjuster none --width 200 --precision double --hidden-layers 5 --threads 1 --downscale 6",
    ])
  func estimates(line: String) throws {
    let arguments =
      line.split(separator: " ").map(String.init) + ["--steps", "2", "--end", "4"]
      + (line.contains("threads") ? [] : ["--threads", "2"])
    try withTemporaryFolder { root in
      guard case .run(let values) = try Options.command.parse(arguments + ["--output", root.path])
      else { return }
      let settings = try FitImageSettings(values)
      let choice = settings.adjusters[0]
      let estimate =
        line.contains("double")
        ? try settings.memoryEstimate(of: choice, Double.self)
        : try settings.memoryEstimate(of: choice, Float.self)
      let run = try ProgramRun("FitImage", arguments, in: root)
      try #require(run.code == 0, "\(run.standardError)")
      let last = try #require(run.outputLines.first?.split(separator: "=").last)
      let ratio = Double(estimate.total) / (try #require(Double(last)) * 0x1p20)
      #expect((0.7...1.4).contains(ratio), "\(ratio) of \(last) MB: \(estimate.bytes)")
    }
  }
}
