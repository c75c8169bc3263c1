import Foundation
import INRZoo
import Testing

@testable import CompareRuns
@testable import ExampleSupport

/// Tables over many runs.
@Suite struct RunComparisonTests {
  private static func values(_ rows: [(String, String, Int, Double)]) -> [RunComparison.Value] {
    rows.map { .init(way: $0.0, subject: $0.1, seed: "\($0.2)", value: $0.3) }
  }

  @Test("Means, spreads and paired differences are those of the definitions")
  func definitions() throws {
    let comparison = RunComparison(
      of: Self.values([
        ("none", "a", 0, 20), ("none", "a", 1, 22), ("none", "b", 0, 30), ("none", "b", 1, 34),
        ("iga", "a", 0, 22), ("iga", "a", 1, 23), ("iga", "b", 0, 33), ("iga", "b", 1, 33),
        ("iga", "c", 0, .nan),
      ]), baseline: "none", better: .higher)
    #expect(comparison.rows.map(\.way) == ["iga", "none"])
    #expect(comparison.subjects == ["a", "b"])
    let (iga, none) = (comparison.rows[0], comparison.rows[1])
    #expect(iga.count == 4 && iga.mean == 27.75 && none.mean == 26.5)
    // Means over seeds: 22.5 and 33.
    #expect(abs((iga.spreadOverSubjects ?? 0) - 10.5 / 2.0.squareRoot()) < 1e-12)
    // Variances between seeds: 2 and 8.
    #expect(abs((none.spreadOverSeeds ?? 0) - 5.0.squareRoot()) < 1e-12)
    // Differences: 2, 1, 3, -1.
    #expect(iga.difference == 1.25 && iga.wins == 3 && iga.pairs == 4)
    let deviation = ((0.75 * 0.75 + 0.25 * 0.25 + 1.75 * 1.75 + 2.25 * 2.25) / 3).squareRoot()
    #expect(abs((iga.standardError ?? 0) - deviation / 2) < 1e-12)
    #expect(none.difference == nil && none.pairs == 0)
    #expect(comparison.mean(of: "none", on: "b") == 32)
    #expect(comparison.mean(of: "none", on: "c") == nil)
  }

  @Test("Where less is better, the smallest comes first")
  func losses() {
    let comparison = RunComparison(
      of: Self.values([("x", "a", 0, 2), ("y", "a", 0, 1), ("y", "b", 0, 5)]), baseline: "x",
      better: .lower)
    #expect(comparison.rows.map(\.way) == ["x", "y"])
    #expect(comparison.rows[1].wins == 1 && comparison.rows[1].pairs == 1)
    #expect(comparison.rows[1].standardError == nil)
  }

  @Test("The program makes tables of the runs of a list")
  func program() throws {
    try withTemporaryFolder { root in
      for name in ["p0", "p1"] {
        try Picture.procedural(height: 16, width: name == "p0" ? 20 : 24).write(
          to: root.appendingPathComponent("\(name).png").path)
      }
      try "p0.png\np1.png\n".write(
        to: root.appendingPathComponent("list.txt"), atomically: true, encoding: .utf8)
      for model in ["siren", "finer"] {
        let run = try ProgramRun(
          "FitImage",
          [
            "--list", "list.txt", "--seeds", "2", "--model", model, "--width", "8", "--steps", "4",
            "--adjuster", "none", "--adjuster", "iga", "--patch", "4", "--end", "2", "--output",
            "table/\(model)",
          ], in: root)
        #expect(run.code == 0, "\(run.standardError)")
      }
      let tables = try ProgramRun("CompareRuns", ["--runs", "table"], in: root)
      #expect(tables.code == 0, "\(tables.standardError)")
      // A line for each adjuster of each model.
      #expect(tables.outputLines.count == 4, "\(tables.standardOutput)")
      #expect(tables.outputLines.allSatisfy { $0.contains("runs=4") })
      #expect(tables.outputLines.count { $0.contains("model siren") } == 2)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: root.appendingPathComponent("table").path)
      #expect(Set(names).isSuperset(of: ["comparison.csv", "runs.csv", "index.html"]))
      let other = try ProgramRun(
        "CompareRuns", ["--runs", "table/siren", "--baseline", "iga", "--measure", "ssim"], in: root
      )
      #expect(other.code == 0 && other.outputLines.count == 2, "\(other.standardError)")
      for (option, part) in [("--baseline", "none, model"), ("--measure", "psnr")] {
        let refused = try ProgramRun(
          "CompareRuns", ["--runs", "table", option, "nobody"], in: root)
        #expect(refused.code == 64 && refused.standardError.contains(part))
      }
    }
  }
}
