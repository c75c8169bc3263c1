import Foundation
import INRZoo
import TensorKit
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
          + " --samples 48 --width 12 --end 3 --group 4 --steps 6 --grid 9", in: root)
      #expect(run.code == 0, "\(run.standardError)")
      #expect(run.outputLines.map { $0.split(separator: " ")[0] } == models.map { "model=\($0)" })
      let plots = ["eigenvectors", "target", "decay", "filters", "activations"]
      let expected =
        models.flatMap { model in
          plots.flatMap { ["\($0)-\(model).csv", "\($0)-\(model).svg"] } + [
            "kernel-\(model).npy", "kernel-\(model).svg", "eigenpictures-\(model).npy",
            "eigenpictures-\(model).png", "neurons-\(model).npz", "neurons-before-\(model).png",
            "neurons-after-\(model).png", "metrics-line-\(model).csv",
            "metrics-picture-\(model).csv",
          ]
        } + ["checkpoints", "spectra.csv", "spectra.svg", "report.html", "summary.json"]
      let folder = root.appendingPathComponent("output")
      #expect(try ExampleTests.names(in: folder) == expected.sorted())

      let summary = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: folder.appendingPathComponent("summary.json")))
          as? [String: Any])
      for model in try #require(summary["models"] as? [[String: Any]]) {
        #expect(model["steps"] as? Int == 6 && model["stopped_by"] is NSNull)
        let eigenvalues = try #require(model["eigenvalues"] as? [Double])
        #expect(eigenvalues.count == 48)
        #expect(zip(eigenvalues, eigenvalues.dropFirst()).allSatisfy(>=))
        let shares = try #require(model["target_shares"] as? [Double])
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
      }
      for model in models {
        let kernel = try NumPyFile(
          contentsOf: folder.appendingPathComponent("kernel-\(model).npy").path
        ).tensor(as: Float.self)
        #expect(kernel.shape == [48, 48] && kernel == kernel.transposed())
        // Plain training leaves every frequency as it is; adjusters damp some and raise none.
        for row in try rows("filters-\(model)", in: root) {
          let gain = try #require(Double(row[2]))
          if row[0] == "plain training" {
            #expect(abs(gain - 1) < 1e-9)
          } else {
            #expect(gain < 1 + 1e-9)
          }
        }
        let names = Set(try rows("filters-\(model)", in: root).map { $0[0] })
        #expect(names.isSuperset(of: ["IGA", "nested bands", "cosine bands"]))
        // A cosine band has one factor: with 48 points there are fewer gains than frequencies.
        let cosine = try rows("filters-\(model)", in: root).filter { $0[0] == "cosine bands" }
        let gains = cosine.compactMap { Double($0[2]) }
        #expect(gains.count == 48 && (gains.min() ?? 1) < 0.9)
        #expect(Set(gains.map { ($0 * 1e6).rounded() }).count <= 14)
      }
    }
  }

  @Test("Over a picture: eigenvectors with their frequencies, and units before and after training")
  func pictures() throws {
    try withTemporaryFolder { root in
      let run = try run(
        "--model relu --samples 32 --end 3 --width 16 --grid 10 --steps 40", in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let folder = root.appendingPathComponent("output")
      func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
      let summary = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: URL(fileURLWithPath: path("summary.json"))))
          as? [String: Any])
      let model = try #require((summary["models"] as? [[String: Any]])?.first)
      let picture = try #require(model["picture"] as? [String: Any])
      #expect(picture["side"] as? Int == 10)
      let eigenvalues = try #require(picture["eigenvalues"] as? [Double])
      #expect(eigenvalues.count == 8 && zip(eigenvalues, eigenvalues.dropFirst()).allSatisfy(>=))

      let vectors = try NumPyFile(contentsOf: path("eigenpictures-relu.npy")).tensor(
        as: Double.self)
      #expect(vectors.shape == [8, 10, 10])
      let rows = vectors.reshaped(to: [8, 100])
      let products = Tensor.matrixProduct(rows, rows, transposingRight: true)
      #expect((products - .identity(8)).absoluteValue().largest() < 1e-5)
      // The named frequency is that of the cosine with the largest component.
      let frequencies = try #require(picture["dominant_frequencies"] as? [[Double]])
      let transform = Tensor<Double>.cosineTransform(size: 10)
      for (index, frequency) in frequencies.enumerated() {
        let components = (0..<10).flatMap { down in
          (0..<10).map { across in
            let wave = Tensor.matrixProduct(
              transform.slice(down..<(down + 1)), transform.slice(across..<(across + 1)),
              transposingLeft: true)
            return abs(wave.dot(vectors.slice(index..<(index + 1)).reshaped(to: [10, 10])))
          }
        }
        let named = Int(frequency[0] * 4) * 10 + Int(frequency[1] * 4)
        #expect(components[named] > (components.max() ?? 0) - 1e-6)
      }

      // Training moved the units, and brought the network nearer to the picture.
      let neurons = try NumPyArchive(contentsOf: path("neurons-relu.npz"))
      let before = try neurons.tensor(named: "before", as: Double.self)
      let after = try neurons.tensor(named: "after", as: Double.self)
      #expect(before.shape == [16, 32, 32] && after.shape == before.shape && after != before)
      let psnrs = ["psnr_before", "psnr_after"].compactMap { picture[$0] as? Double }
      #expect(psnrs.count == 2 && psnrs[1] > psnrs[0] + 1)
      for name in ["neurons-before", "neurons-after"] {
        let mosaic = try Picture(contentsOf: path("\(name)-relu.png"))
        #expect(mosaic.samples.shape == [2 * 34, 8 * 34, 3])
      }
      #expect(try Picture(contentsOf: path("eigenpictures-relu.png")).channels == 3)
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

  @Test("One network that cannot be inspected does not take the others along")
  func oneOfTwo() throws {
    try withTemporaryFolder { root in
      let small = "--omega 1e300 --samples 32 --end 3 --width 16 --grid 8"
      let run = try run("--model siren --model relu \(small)", in: root)
      #expect(run.code == 70)
      #expect(run.standardError.contains("siren was not inspected: "))
      #expect(run.standardOutput.hasPrefix("model=relu "))
      for file in ["summary.json", "report.html"] {
        let text = try String(
          contentsOf: root.appendingPathComponent("output/\(file)"), encoding: .utf8)
        #expect(text.contains("siren was not inspected: "))
      }
      let both = try self.run("--model siren --model finer \(small)", in: root)
      #expect(both.code == 70 && both.standardError.contains("; finer was not inspected: "))
      #expect(!both.standardError.contains("..") && !both.standardError.contains(".;"))
      let alone = try self.run("--model siren \(small)", in: root)
      #expect(alone.code == 70 && alone.standardOutput.isEmpty)
    }
  }

  @Test(
    "What makes no sense is refused",
    arguments: [
      ("--model siren --model siren", "twice"), ("--samples 32 --group 8 --end 4", "--end 3"),
      ("--samples 16 --group 20", "--group 2"), ("--samples 64 --frequency 16", "--samples 65"),
      ("--model pe --model relu --omega 3", "choose one of siren"),
    ])
  func refusals(options: String, remedy: String) throws {
    try withTemporaryFolder { root in
      let run = try run(options, in: root)
      #expect(run.code == 64)
      #expect(run.standardError.contains(remedy), "\(run.standardError)")
    }
  }
}
