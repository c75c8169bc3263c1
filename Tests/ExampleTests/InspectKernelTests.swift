import Foundation
import Testing

@Suite("InspectKernel")
struct InspectKernelTests {
  private func run(_ options: String, in root: URL) throws -> ProgramRun {
    try ProgramRun(
      "InspectKernel",
      options.split(separator: " ").map(String.init) + ["--output", "output"], in: root)
  }

  /// The rows of a plot's data.
  private func rows(_ name: String, in root: URL) throws -> [[String]] {
    try String(
      contentsOf: root.appendingPathComponent("output/\(name).csv"), encoding: .utf8
    ).split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map {
        String($0).replacing("\"", with: "")
      }
    }
  }

  @Test("Networks are inspected, and every plot is there as data")
  func files() throws {
    try withTemporaryFolder { root in
      let models = ["siren", "wire", "mfn"]
      let run = try run(
        models.map { "--model \($0)" }.joined(separator: " ")
          + " --samples 48 --width 12 --end 3 --group 4 --steps 6", in: root)
      #expect(run.code == 0, "\(run.standardError)")
      #expect(run.outputLines.map { $0.split(separator: " ")[0] } == models.map { "model=\($0)" })
      let plots = ["kernel", "eigenvectors", "target", "decay", "filters", "activations"]
      let expected =
        models.flatMap { model in
          plots.flatMap { ["\($0)-\(model).csv", "\($0)-\(model).svg"] }
            + ["neurons-\(model).csv", "neurons-\(model).png"]
        } + ["spectra.csv", "spectra.svg", "report.html", "summary.json"]
      let folder = root.appendingPathComponent("output")
      #expect(try ExampleTests.names(in: folder) == expected.sorted())

      let summary = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: folder.appendingPathComponent("summary.json")))
          as? [String: Any])
      for model in try #require(summary["models"] as? [[String: Any]]) {
        let eigenvalues = try #require(model["eigenvalues"] as? [Double])
        #expect(eigenvalues.count == 48)
        #expect(zip(eigenvalues, eigenvalues.dropFirst()).allSatisfy(>=))
        let shares = try #require(model["target_shares"] as? [Double])
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
      }
      for model in models {
        #expect(try rows("kernel-\(model)", in: root).count == 48)
        // Plain training leaves every frequency as it is; adjusters damp some and raise none.
        for row in try rows("filters-\(model)", in: root) {
          let gain = try #require(Double(row[2]))
          if row[0] == "plain training" {
            #expect(abs(gain - 1) < 1e-9)
          } else {
            #expect(gain < 1 + 1e-9)
          }
        }
      }
    }
  }

  @Test("The kernel predicts what gradient descent does first")
  func prediction() throws {
    try withTemporaryFolder { root in
      let run = try run("--model siren --samples 64 --width 1024 --steps 3", in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let rows = try rows("decay-siren", in: root)
      func course(_ name: String) -> [Double] {
        rows.filter { $0[0] == name }.compactMap { Double($0[2]) }
      }
      // The rate is such that the first component loses a tenth in each step.
      #expect(
        zip(course("1 predicted"), [1, 0.9, 0.81, 0.729]).allSatisfy { abs($0 - $1) < 1e-12 })
      for index in [1, 2, 4, 8] {
        let (predicted, measured) = (course("\(index) predicted"), course("\(index) measured"))
        #expect(predicted.count == 4 && measured.count == 4)
        #expect(
          zip(predicted, measured).allSatisfy { abs($0 - $1) < 0.05 }, "\(index): \(measured)")
      }
    }
  }

  @Test(
    "What makes no sense is refused",
    arguments: [
      ("--model siren --model siren", "twice"), ("--samples 32 --group 8 --end 4", "--end 3"),
      ("--samples 16 --group 20", "--group 2"),
    ])
  func refusals(options: String, remedy: String) throws {
    try withTemporaryFolder { root in
      let run = try run(options, in: root)
      #expect(run.code == 64)
      #expect(run.standardError.contains(remedy), "\(run.standardError)")
    }
  }
}
