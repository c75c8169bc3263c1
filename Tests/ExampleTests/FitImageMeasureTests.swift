import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit
import Testing

@testable import ImageFitting

@Suite("FitImage's LPIPS and range of pixels")
struct FitImageMeasureTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// A file of AlexNet's shape with arbitrary weights.
  private func writeWeights(to folder: URL, name: String = "lpips.safetensors") throws {
    var file = SafeTensorsFile()
    var generator = SeededGenerator(seed: 5)
    let shapes = [
      (0, 64, 3, 11), (3, 192, 64, 5), (6, 384, 192, 3), (8, 256, 384, 3), (10, 256, 256, 3),
    ]
    for (layer, (index, outputs, inputs, side)) in shapes.enumerated() {
      let bound = (6 / Double(inputs * side * side)).squareRoot()
      file.store(
        Tensor<Float>.uniform(
          over: -bound...bound, shape: [outputs, inputs, side, side], using: &generator),
        named: "features.\(index).weight")
      file.store(Tensor<Float>(zeros: [outputs]), named: "features.\(index).bias")
      file.store(
        Tensor<Float>(repeating: 1, shape: [1, outputs, 1, 1]), named: "lin\(layer).model.1.weight")
    }
    try file.write(to: folder.appendingPathComponent(name).path)
  }

  @Test("LPIPS of the saved picture is in the summary and the report, where it was asked for")
  func perceptualDistance() throws {
    try withTemporaryFolder { root in
      try writeWeights(to: root)
      let options = FitImageTests.tinyAtFullSize + words("--adjuster none --adjuster iga")
      let run = try FitImageFiles(options + words("--lpips lpips.safetensors"), in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      #expect(try FitImageTests.adjusters(run.program) == ["none", "iga"])
      #expect(try run.text("report.html").contains("LPIPS"))
      let distance = try PerceptualDistance<Float>(
        contentsOf: root.appendingPathComponent("lpips.safetensors").path)
      let picture = Picture.procedural(height: 128, width: 192)
      for adjuster in ["none", "iga"] {
        let found = try #require(try run.result(adjuster)["lpips"] as? Double)
        #expect(try run.result(adjuster)["lpips_backbone"] as? String == "alex")
        let saved = try Picture(pngBytes: [UInt8](run.data("reconstruction-\(adjuster).png")))
        let expected = try distance(of: saved, against: picture)
        #expect(found > 0 && found == expected)
      }
      let without = try FitImageFiles(options, in: root, output: "without")
      #expect(try without.result("none")["lpips"] == nil)
      #expect(try !without.text("report.html").contains("LPIPS"))
      #expect(try without.psnr("none") == run.psnr("none"))
      // A run that has come to its end can be measured later.
      let resumed = try FitImageFiles(
        words("--resume without --lpips lpips.safetensors"), in: root, output: "without")
      #expect(resumed.program.code == 0, "\(resumed.program.standardError)")
      for adjuster in ["none", "iga"] {
        #expect(
          try resumed.result(adjuster)["lpips"] as? Double
            == run.result(adjuster)["lpips"] as? Double)
      }
    }
  }

  @Test("CompareAdjusters has it in its table, whose columns are what they are named")
  func comparison() throws {
    try withTemporaryFolder { root in
      try writeWeights(to: root)
      let options =
        FitImageTests.tinyAtFullSize + words("--adjuster none --adjuster iga --output output")
      let run = try ProgramRun(
        "CompareAdjusters", options + words("--lpips lpips.safetensors"), in: root)
      #expect(run.code == 0, "\(run.standardError)")
      func text(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("output/\(name)"), encoding: .utf8)
      }
      let summary = try #require(
        try JSONSerialization.jsonObject(with: Data(text("summary.json").utf8)) as? [String: Any])
      let results = try #require(summary["results"] as? [[String: Any]])
      let rows = try text("comparison.csv").split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      for (row, result) in zip(rows.dropFirst(), results) {
        let cells = Dictionary(uniqueKeysWithValues: zip(rows[0], row))
        for name in ["psnr", "ssim", "lpips", "seconds_per_step", "training_seconds"] {
          let expected = try #require(result[name] as? Double)
          let found = try #require(Double(cells[name] ?? ""))
          // The parser of the summary may be off by a unit in the last place.
          #expect(abs(found - expected) <= 1e-14 * abs(expected), "\(name)")
        }
        #expect(cells["failure"] == "" && row.count == rows[0].count)
      }
      #expect(try text("report.html").contains("LPIPS"))
    }
  }

  @Test("Weights that do not fit, and pictures too small for them, are refused before any work")
  func refusals() throws {
    try withTemporaryFolder { root in
      try writeWeights(to: root)
      let path = root.appendingPathComponent("lpips.safetensors").path
      var file = try SafeTensorsFile(contentsOf: path)
      file["lin3.model.1.weight"] = nil
      try file.write(to: root.appendingPathComponent("part.safetensors").path)
      try Data("words".utf8).write(to: root.appendingPathComponent("text.safetensors"))
      let cases: [(String, Int32, [String])] = [
        ("--lpips none", 66, ["\"none\"", "existing file"]),
        ("--lpips text.safetensors", 65, ["\"text.safetensors\"", "convert-lpips"]),
        (
          "--lpips part.safetensors", 65,
          ["\"part.safetensors\"", "lin3.model.1.weight", "convert"]
        ),
        (
          "--lpips lpips.safetensors --downscale 5 --patch 2", 64,
          ["AlexNet", "at least 31 pixels", "38 x 25", "leave --lpips away"]
        ),
      ]
      for (options, code, parts) in cases {
        let run = try ProgramRun("FitImage", words(options), in: root)
        #expect(run.code == code && run.errorLines.count == 1, "\(run.standardError)")
        for part in parts { #expect(run.standardError.contains(part), "\(run.standardError)") }
      }
    }
  }

  @Test("A network of pixels from -1 to 1 is fitted to them and measured in pixels from 0 to 1")
  func pixelRange() throws {
    try withTemporaryFolder { root in
      let options = words("--width 32 --patch 8 --steps 60 --adjuster none --save-weights w")
      let unit = try FitImageFiles(options, in: root)
      let symmetric = try FitImageFiles(
        options + words("--pixel-range symmetric"), in: root, output: "symmetric")
      #expect(symmetric.program.code == 0, "\(symmetric.program.standardError)")
      #expect(try symmetric.psnr("none") != unit.psnr("none"))
      #expect(try symmetric.psnr("none") > 12)
      // The reconstruction is in pixels: it is as near to the picture as the summary says.
      let saved = try Picture(pngBytes: [UInt8](symmetric.data("reconstruction.png")))
      let measured = peakSignalToNoiseRatio(
        of: saved.values(as: Double.self),
        against: Picture.procedural(height: 128, width: 192).values())
      let final = try symmetric.psnr("none")
      #expect(abs(measured - final) < 0.5)
      // The course ends where the end is, within a step's change.
      let last = try #require(try symmetric.losses().last)
      #expect(abs(-10 * log10(last) - final) < 0.5)
      // Its weights stand for nothing else.
      let start =
        words("--width 32 --patch 8 --steps 1 --adjuster none")
        + words("--initial-weights w.safetensors")
      let same = try FitImageFiles(
        start + words("--pixel-range symmetric"), in: root, output: "same")
      let first = try #require(try same.losses().first)
      #expect(abs(-10 * log10(first) - final) < 1e-3)
      let other = try FitImageFiles(start, in: root, output: "other")
      #expect(other.program.code == 65)
      #expect(other.program.standardError.contains("--pixel-range unit; give symmetric"))
    }
  }

  @Test("Targets and errors of a range are each other's inverses")
  func ranges() {
    let pixels = Tensor<Double>([[0], [0.25], [1]])
    let inputs = Tensor<Double>(zeros: [3, 1])
    for range in PixelRange.allCases {
      let batch = range.batch(.init(inputs: inputs, targets: pixels))
      #expect(range.values(of: batch.targets) == pixels)
      let error = (batch.targets - batch.targets.mean()).squared().mean()
      let expected = (pixels - pixels.mean()).squared().mean()
      #expect(abs(range.pixelError(of: error) - expected) < 1e-15)
    }
    #expect(PixelRange.symmetric.batch(.init(inputs: inputs, targets: pixels)).targets[0, 0] == -1)
  }

  @Test("FINER's presets map pixels as published, and the released IGA's rates are its own")
  func presets() throws {
    func value(_ preset: String, _ fidelity: Fidelity, _ option: String) -> String? {
      PublishedExperiment.pictures.first { $0.name == preset }?.options(fidelity).first {
        $0.name == option
      }?
      .value
    }
    for name in ["finer", "siren", "wire", "gauss"] {
      #expect(value("\(name)-div2k", .paper, "pixel-range") == "symmetric")
    }
    #expect(value("pe-div2k", .paper, "pixel-range") == "unit")
    #expect(value("iga-pe", .paper, "learning-rate") == "0.005")
    #expect(value("iga-pe", .released, "learning-rate") == "0.001")
    #expect(value("iga-relu", .released, "learning-rate") == "0.005")
  }
}
