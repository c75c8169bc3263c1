import Foundation
import Testing

@testable import ImageFitting

@Suite("CompareAdjusters")
struct CompareAdjustersTests {
  private func run(_ options: String, in root: URL) throws -> ProgramRun {
    try ProgramRun(
      "CompareAdjusters",
      options.split(separator: " ").map(String.init) + ["--output", "output"], in: root)
  }

  @Test("All adjusters and compositions that FitImage knows are compared")
  func choices() {
    let all = CompareAdjustersProgram.choices(forPixels: 100).map(\.name)
    #expect(Set(all).count == all.count)
    #expect(Options.adjusters.allSatisfy { all.contains($0.rawValue) })
    #expect(all.contains("fr+iga") && !all.contains("none+iga") && !all.contains("fr+none"))
    #expect(
      ["fr+bn", "bn+iga", "bn+full-entk"].allSatisfy(all.contains) && !all.contains("bn+fr"))
    let ofMany = CompareAdjustersProgram.choices(forPixels: 16_385).map(\.name)
    #expect(ofMany == all.filter { !$0.contains("full-entk") })
    #expect(CompareAdjustersProgram.choices(forPixels: 16_384).map(\.name) == all)
    let ofComplex = CompareAdjustersProgram.choices(forPixels: 100, model: .wire).map(\.name)
    #expect(ofComplex == all.filter { !$0.hasPrefix("fr") && !$0.hasPrefix("bn") })
  }

  @Test("A run compares in a table, in the lines on standard output and in a report")
  func files() throws {
    try withTemporaryFolder { root in
      let options =
        "--downscale 8 --patch 4 --end 3 --width 8 --steps 4 --fr-low 4 --fr-high 4 --fr-phases 4"
      let run = try run(options, in: root)
      #expect(run.code == 0)
      let names = CompareAdjustersProgram.choices(forPixels: 24 * 16).map(\.name)
      #expect(try FitImageTests.adjusters(run) == names)
      let folder = root.appendingPathComponent("output")
      #expect(
        try ExampleTests.names(in: folder)
          == (names.map { "metrics-\($0).csv" } + [
            "checkpoints", "comparison.csv", "courses.csv", "psnr.svg", "report.html",
            "summary.json",
          ]).sorted())
      func rows(_ name: String) throws -> [[Substring]] {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
          .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      }
      let table = try rows("comparison.csv")
      #expect(table[0].prefix(3) == ["adjuster", "psnr", "psnr_best"])
      #expect(table.dropFirst().map { String($0[0]) } == names)
      let courses = try rows("courses.csv")
      #expect(courses.count == 5 && courses[0].dropFirst().map { String($0) } == names)
      var reachedInTime = 0
      for (row, column) in zip(table.dropFirst(), 1...) {
        let numbers = row[1...8].compactMap { Double($0) }
        #expect(numbers.count == 8 && row[9].isEmpty)
        let course = courses.dropFirst().compactMap { Double($0[column]) }
        #expect(numbers[1] == max(course.max() ?? 0, numbers[0]))
        // What was reached in the quickest run's time is a point of the course, or its end.
        #expect((course + [numbers[0]]).contains(numbers[4]))
        if numbers[4] == numbers[0] { reachedInTime += 1 }
      }
      #expect(reachedInTime >= 1)
    }
  }

  @Test("A few can be chosen, and give what FitImage gives")
  func chosen() throws {
    try withTemporaryFolder { root in
      let options = "--downscale 4 --patch 8 --end 3 --width 8 --steps 4"
      let comparison = try run(options + " --adjuster full-entk --adjuster iga", in: root)
      let fit = try FitImageFiles(
        (options + " --adjuster full-entk --adjuster iga").split(separator: " ").map(String.init),
        in: root, output: "fit")
      #expect(comparison.code == 0 && fit.program.code == 0)
      func psnrs(_ run: ProgramRun) -> [String] {
        run.outputLines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
      }
      #expect(psnrs(comparison) == psnrs(fit.program) && psnrs(comparison).count == 2)
      #expect(psnrs(comparison)[0] != psnrs(comparison)[1].replacing("iga", with: "full-entk"))
    }
  }

  @Test(
    "What is wrong is refused in one sentence",
    arguments: [
      ("--adjuster full-entk", ["192 x 128", "16384", "--downscale 2 or more"]),
      (
        "--downscale 64 --end 20 --adjuster full-entk",
        ["--end 20", "6 pixels", "--end 5 or less"]
      ),
      ("--downscale 64 --patch 8", ["--patch 8", "no whole patch", "--patch 2 or less"]),
      ("--adjuster iga+iga", ["names iga twice"]), ("--adjuster bn+fr", ["write fr+bn"]),
      ("--save-weights w", ["--save-weights"]),
    ])
  func refusals(options: String, parts: [String]) throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "CompareAdjusters", options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == 64 && run.standardOutput.isEmpty && run.errorLines.count == 1)
      for part in parts { #expect(run.standardError.contains(part), "\(run.standardError)") }
      #expect(try names(in: root) == [])
    }
  }
}
