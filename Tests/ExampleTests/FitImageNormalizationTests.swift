import AutoDiff
import Foundation
import INRZoo
import TensorKit
import Testing

@Suite("FitImage with batch normalization")
struct FitImageNormalizationTests {
  private static let defaults = [
    ("--width", "8"), ("--patch", "8"), ("--steps", "5"), ("--fr-high", "4"), ("--fr-low", "4"),
    ("--fr-phases", "4"),
  ]

  /// A command line with some options, and small defaults for those that it does not give.
  private func arguments(_ options: String) -> [String] {
    let given = options.split(separator: " ").map(String.init)
    return Self.defaults.filter { !given.contains($0.0) }.flatMap { [$0.0, $0.1] } + given
  }

  private func run(
    _ options: String, in root: URL, output: String = "output"
  ) throws -> FitImageFiles {
    let run = try FitImageFiles(arguments(options), in: root, output: output)
    #expect(run.program.code == 0, "\(run.program.standardError)")
    return run
  }

  @Test(
    "The placement is the published one of the network",
    arguments: [
      ("relu", "after", "before"), ("pe", "before", "after"), ("siren", "before", "after"),
    ])
  func placement(model: String, standard: String, other: String) throws {
    try withTemporaryFolder { root in
      let first = try run("--adjuster bn --model \(model)", in: root)
      let same = try run(
        "--adjuster bn --model \(model) --bn-placement \(standard)", in: root, output: "same")
      let another = try run(
        "--adjuster bn --model \(model) --bn-placement \(other)", in: root, output: "other")
      #expect(try first.psnr("bn") == same.psnr("bn"))
      #expect(try first.psnr("bn") != another.psnr("bn"))
      #expect(
        try first.text("report.html").contains("batch normalization (Ioffe and Szegedy 2015)"))
    }
  }

  @Test("For siren training starts from the network's own function", arguments: ["siren", "relu"])
  func start(model: String) throws {
    try withTemporaryFolder { root in
      let run = try run(
        "--model \(model) --adjuster none --adjuster bn --precision double", in: root)
      let plain = try #require(try run.losses("metrics-none.csv").first)
      let normalized = try #require(try run.losses("metrics-bn.csv").first)
      #expect((abs(plain - normalized) < 1e-9 * plain) == (model == "siren"))
      #expect(try run.losses("metrics-none.csv")[1] != run.losses("metrics-bn.csv")[1])
    }
  }

  @Test("Compositions differ from their parts, and results do not depend on threads")
  func composition() throws {
    try withTemporaryFolder { root in
      let names = ["none", "iga", "bn", "bn+iga", "fr+bn", "fr+bn+iga"]
      let options = names.map { "--adjuster \($0)" }.joined(separator: " ")
      let first = try run("\(options) --threads 1", in: root)
      #expect(try FitImageTests.adjusters(first.program) == names)
      #expect(try Set(names.map { try first.psnr($0) }).count == names.count)
      let second = try run("\(options) --threads 2", in: root, output: "second")
      for name in names { #expect(try first.psnr(name) == second.psnr(name), "\(name)") }
    }
  }

  @Test("Training goes on from saved normalizations", arguments: ["relu", "siren"])
  func savedNormalizations(model: String) throws {
    try withTemporaryFolder { root in
      let first = try run(
        "--model \(model) --adjuster bn --precision double --save-weights w.safetensors", in: root)
      let file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("w.safetensors").path)
      #expect(
        Set(file.names)
          == Set(
            (0..<4).flatMap { ["layers.\($0).weight", "layers.\($0).bias"] }
              + (0..<3).flatMap { ["norms.\($0).weight", "norms.\($0).bias"] }))
      // BN goes on; others start from the plain network that computes the same.
      let next = try run(
        """
        --model \(model) --adjuster bn --adjuster bn+iga --adjuster none --adjuster iga \
        --precision double --initial-weights w.safetensors
        """, in: root, output: "next")
      for adjuster in ["bn", "bn+iga", "none", "iga"] {
        let start = try #require(try next.losses("metrics-\(adjuster).csv").first)
        #expect(abs(-10 * log10(start) - (try first.psnr("bn"))) < 1e-5, "\(adjuster)")
      }
      #expect(try next.psnr("bn") != next.psnr("none"))
    }
  }

  @Test("Weights of the reference are read, and plain ones are normalized anew")
  func initialWeights() throws {
    try withTemporaryFolder { root in
      let reference = try SafeTensorsFile(
        contentsOf: Repository.fixture("reference/batch-normalization-relu.safetensors").path)
      for part in ["", "layers."] {
        var file = SafeTensorsFile()
        for name in reference.names where name.hasPrefix("final.\(part)") {
          file.store(
            try reference.tensor(named: name, as: Double.self), named: String(name.dropFirst(6)))
        }
        let name = "\(part)safetensors"
        try file.write(to: root.appendingPathComponent(name).path)
        let run = try run(
          """
          --model relu --width 32 --bn-placement before --adjuster bn --initial-weights \(name) \
          --precision double --steps 1 --learning-rate 1e-300 --save-weights after.\(name)
          """, in: root, output: "output-\(name)")
        #expect(run.program.code == 0)
        let after = try SafeTensorsFile(
          contentsOf: root.appendingPathComponent("after.\(name)").path)
        #expect(
          try after.tensor(named: "layers.1.weight", as: Double.self)
            == reference.tensor(named: "final.layers.1.weight", as: Double.self))
        #expect(
          try after.tensor(named: "norms.1.weight", as: Double.self)
            == (part.isEmpty
              ? reference.tensor(named: "final.norms.1.weight", as: Double.self)
              : Tensor(repeating: 1, shape: [32])))
      }
    }
  }

  @Test("Normalizations of another placement, or of another network, are refused")
  func otherPlacement() throws {
    try withTemporaryFolder { root in
      _ = try run("--adjuster bn --save-weights w.safetensors", in: root)
      let cases = [
        ("--bn-placement after", ["give --bn-placement before"]),
        ("--width 9", ["--width 9", "give --width 8"]),
        ("--hidden-layers 3", ["--hidden-layers 3", "give --hidden-layers 2"]),
      ]
      for (options, parts) in cases {
        let program = try ProgramRun(
          "FitImage", arguments("--adjuster bn --initial-weights w.safetensors \(options)"),
          in: root)
        #expect(program.code == 65, "\(program.standardError)")
        for part in parts {
          #expect(program.standardError.contains(part), "\(program.standardError)")
        }
      }
    }
  }
}
