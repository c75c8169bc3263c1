import AutoDiff
import Foundation
import INRZoo
import TensorKit
import Testing

@Suite("FitImage with Fourier reparameterization")
struct FitImageFourierTests {
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
    "Every option does its work",
    arguments: [
      ("--seed 0", false), ("--seed 1", true), ("--omega 29", true), ("--hidden-layers 3", true),
      ("--fr-alpha 0.004", false), ("--fr-alpha 0.005", true), ("--end 3", false),
      ("--precision double", true),
    ])
  func options(options: String, changes: Bool) throws {
    try withTemporaryFolder { root in
      let first = try run("--adjuster fr", in: root)
      let other = try run("--adjuster fr \(options)", in: root, output: "other")
      #expect(try (first.psnr("fr") != other.psnr("fr")) == changes)
    }
  }

  @Test("The basis is as large as is asked", arguments: ["high", "low", "phases"])
  func basis(option: String) throws {
    try withTemporaryFolder { root in
      let options = ["high", "low", "phases"].map { "--fr-\($0) \($0 == option ? 3 : 2)" }
        .joined(separator: " ")
      _ = try run("--adjuster fr --save-weights w.safetensors \(options)", in: root)
      let file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("w.safetensors").path)
      let vectors = option == "phases" ? 12 : 10
      #expect(try file.array(named: "layers.1.coefficients").shape == [8, vectors])
    }
  }

  @Test(
    "The amplitude is the published one of the network",
    arguments: [("relu", "0.001"), ("pe", "0.05"), ("siren", "0.004")])
  func amplitude(model: String, alpha: String) throws {
    try withTemporaryFolder { root in
      let first = try run("--adjuster fr --model \(model)", in: root)
      let same = try run(
        "--adjuster fr --model \(model) --fr-alpha \(alpha)", in: root, output: "same")
      #expect(try first.psnr("fr") == same.psnr("fr"))
      #expect(try first.text("report.html").contains(alpha))
    }
  }

  @Test("Compositions differ from their parts and are named in full")
  func composition() throws {
    try withTemporaryFolder { root in
      let names = ["none", "iga", "fr", "fr+iga"]
      let run = try run(
        names.map { "--adjuster \($0)" }.joined(separator: " "), in: root)
      #expect(try FitImageTests.adjusters(run.program) == names)
      #expect(try Set(names.map { try run.psnr($0) }).count == 4)
      #expect(try run.losses("metrics-fr+iga.csv")[0] == run.losses("metrics-fr.csv")[0])
      #expect(try run.text("report.html").contains("Fourier reparameterization (Shi et al. 2024)"))
    }
  }

  @Test("Training goes on from saved coefficients", arguments: ["float", "double"])
  func savedCoefficients(precision: String) throws {
    try withTemporaryFolder { root in
      let first = try run(
        "--adjuster fr --precision \(precision) --save-weights w.safetensors", in: root)
      let file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("w.safetensors").path)
      #expect(
        Set(file.names)
          == Set(
            ["0.weight", "1.coefficients", "2.coefficients", "3.weight"].map { "layers.\($0)" }
              + (0..<4).map { "layers.\($0).bias" }))
      // FR goes on; others start from the weights that the coefficients stand for.
      let next = try run(
        """
        --adjuster fr --adjuster fr+iga --adjuster none --adjuster iga --precision \(precision) \
        --initial-weights w.safetensors
        """, in: root, output: "next")
      for adjuster in ["fr", "fr+iga", "none", "iga"] {
        let start = try #require(try next.losses("metrics-\(adjuster).csv").first)
        #expect(abs(-10 * log10(start) - (try first.psnr("fr"))) < 1e-5, "\(adjuster)")
      }
      #expect(try next.psnr("fr") > first.psnr("fr"))
      #expect(try next.psnr("fr") != next.psnr("none"))
    }
  }

  @Test("With plain weights FR draws coefficients of its own, and keeps the other layers")
  func plainWeights() throws {
    try withTemporaryFolder { root in
      var generator = SeededGenerator(seed: 9)
      let network = CoordinateNetwork<Float>.siren(
        inputs: 2, outputs: 3, width: 8, hiddenLayers: 2, using: &generator)
      try network.writeWeights(to: root.appendingPathComponent("w.safetensors").path)
      // A step too small to be seen in single precision.
      let run = try run(
        """
        --adjuster fr --initial-weights w.safetensors --steps 1 --learning-rate 1e-30 \
        --save-weights after.safetensors
        """, in: root)
      #expect(try run.losses().count == 1)
      let file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("after.safetensors").path)
      #expect(
        try file.tensor(named: "layers.0.weight", as: Float.self)
          == network.layers[0].weight.value)
      let bias = try file.tensor(named: "layers.1.bias", as: Float.self)
      #expect(bias.shape == [8] && bias.norm() < 1e-20)
      let coefficients = try file.tensor(named: "layers.1.coefficients", as: Float.self)
      #expect(coefficients.shape == [8, 32] && coefficients.norm() > 0)
    }
  }

  @Test("Coefficients of another basis, or of another network, are refused")
  func otherBasis() throws {
    try withTemporaryFolder { root in
      _ = try run("--adjuster fr --save-weights w.safetensors", in: root)
      var file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("w.safetensors").path)
      file.metadata = [:]
      try file.write(to: root.appendingPathComponent("unlabelled.safetensors").path)
      let cases = [
        ("w", "--fr-alpha 0.1", ["give --fr-low 4 --fr-high 4 --fr-phases 4 --fr-alpha 0.004"]),
        (
          "unlabelled", "--fr-low 5",
          ["[8, 32]", "[8, 36]", "give the options of the model that wrote the file"]
        ),
        ("unlabelled", "--width 9", ["[8, 2]", "[9, 2]", "give the options"]),
        ("unlabelled", "--hidden-layers 0", ["layers.1.coefficients", "give the options"]),
      ]
      for (name, options, parts) in cases {
        let program = try ProgramRun(
          "FitImage",
          arguments("--adjuster none --initial-weights \(name).safetensors \(options)"), in: root)
        #expect(program.code == 65, "\(program.standardError)")
        for part in parts {
          #expect(program.standardError.contains(part), "\(program.standardError)")
        }
      }
    }
  }
}
