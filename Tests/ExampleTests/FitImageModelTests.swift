import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit
import Testing

@testable import ImageFitting

@Suite("FitImage's models and presets")
struct FitImageModelTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  @Test("Every model is fitted, plainly and adjusted", arguments: ModelKind.allCases)
  func models(model: ModelKind) throws {
    try withTemporaryFolder { root in
      let adjusters = ["none", "iga", "bands"] + (model.isComplex ? [] : ["fr", "bn"])
      let run = try FitImageFiles(
        FitImageTests.tiny + ["--model", model.rawValue, "--save-weights", "w.safetensors"]
          + words("--fr-low 4 --fr-high 4 --fr-phases 4")
          + adjusters.flatMap { ["--adjuster", $0] }, in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      #expect(try FitImageTests.adjusters(run.program) == adjusters)
      let results = try adjusters.map { try run.psnr($0) }
      #expect(Set(results).count == results.count)
      // A run starts from the weights of another one.
      for (adjuster, result) in zip(adjusters, results) {
        let further = try FitImageFiles(
          FitImageTests.tiny + ["--model", model.rawValue]
            + words("--fr-low 4 --fr-high 4 --fr-phases 4 --adjuster \(adjuster)")
            + ["--initial-weights", "w-\(adjuster).safetensors"], in: root,
          output: "further-\(adjuster)")
        #expect(further.program.code == 0, "\(further.program.standardError)")
        let first = try #require(try further.losses().first)
        #expect(abs(-10 * log10(first) - result) < 1e-3, "\(adjuster)")
      }
    }
  }

  @Test("Muon finds each model's hidden matrices", arguments: ModelKind.allCases)
  func muon(model: ModelKind) throws {
    try withTemporaryFolder { root in
      let losses = try ["adam", "muon"].map { optimizer in
        let run = try FitImageFiles(
          FitImageTests.tiny
            + words("--hidden-layers 1 --adjuster none --model \(model.rawValue)")
            + ["--optimizer", optimizer], in: root, output: optimizer)
        #expect(run.program.code == 0, "\(run.program.standardError)")
        return try run.losses()
      }
      // Without a matrix it would be Adam.
      #expect(losses[0].first == losses[1].first && losses[0] != losses[1])
    }
  }

  @Test("Muon orthogonalizes what leads from hidden units to hidden units, and nothing else")
  func matrices() {
    var generator = SeededGenerator(seed: 1)
    var network = MultiplicativeFilterNetwork<Double>.gabor(
      inputs: 2, outputs: 3, width: 6, hiddenLayers: 2, scale: 8, using: &generator)
    let gradient = ParameterVector(
      Tensor<Double>.normal(shape: [network.parameterLayout.count], using: &generator),
      layout: network.parameterLayout)
    var plain = network
    func optimizer(_ kind: OptimizerKind) -> any Optimizer<Double> {
      TrainingRecipe(kind, learningRate: 0.01, steps: 1).optimizer(
        workers: Workers(), Double.self)
    }
    var (muon, adam) = (optimizer(.muon), optimizer(.adam))
    muon.update(&network, along: gradient)
    adam.update(&plain, along: gradient)
    let moved = zip(network.namedParameters, plain.namedParameters).filter { $0.value != $1.value }
    #expect(moved.map(\.0.name) == ["layers.0.weight", "layers.1.weight"])
  }

  static let constants = [
    "siren --omega 29", "finer --omega 29", "finer --first-bias-scale 5", "finer --scale-gradient",
    "gauss --scale 20", "wire --omega 19", "wire --scale 9", "wire-real --scale 9",
    "gauss-finer --omega 9", "gauss-finer --scale 2", "gauss-finer --first-bias-scale 5",
    "wire-finer --wavelet-omega 3", "wire-finer --first-bias-scale 5", "wire-finer-real --omega 4",
    "wire-finer-real --wavelet-omega 3", "rff --scale 3", "rff --rff-frequencies 9",
    "mfn --scale 99", "pe --pe-convention radians", "pe --pe-frequencies 3",
  ]

  @Test("A model's constants are options", arguments: constants)
  func everyConstant(options: String) throws {
    try withTemporaryFolder { root in
      let options = ["--model"] + words(options)
      let common = FitImageTests.tiny + words("--adjuster none")
      let published = try FitImageFiles(common + options.prefix(2), in: root)
      let changed = try FitImageFiles(common + options, in: root, output: "changed")
      #expect(changed.program.code == 0, "\(changed.program.standardError)")
      #expect(try changed.psnr("none") != published.psnr("none"))
    }
  }

  @Test("Complex layers are neither reparameterized nor normalized", arguments: ["fr", "bn"])
  func complexLayers(adjuster: String) throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(words("--model wire --adjuster \(adjuster)"), in: root)
      #expect(run.program.code == 64)
      #expect(run.program.standardError.contains("choose --model wire-real"))
    }
  }

  @Test("Filters alone are nothing to normalize", arguments: ["mfn", "bacon"])
  func filtersAlone(model: String) throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        words("--model \(model) --adjuster bn --hidden-layers 0"), in: root)
      #expect(run.program.code == 64)
      #expect(run.program.standardError.contains("choose --hidden-layers 1 or more"))
    }
  }

  @Test("Pictures as saved are compared by PSNR, SSIM and MS-SSIM")
  func measures() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        FitImageTests.tinyAtFullSize + words("--adjuster none --adjuster iga"), in: root)
      for adjuster in ["none", "iga"] {
        let result = try run.result(adjuster)
        let rounded = try #require(result["psnr_8bit"] as? Double)
        #expect(abs(rounded - (try run.psnr(adjuster))) < 1.5)
        let similarity = try #require(result["ssim"] as? Double)
        #expect(similarity > -1 && similarity < 0.99)
        // The embedded picture's shorter side is 128.
        #expect(result["ms_ssim"] is NSNull)
      }
      #expect(try run.text("report.html").contains("Spectra of the residuals"))
    }
  }

  // MARK: Presets

  private func recipe(_ arguments: [String]) throws -> Recipe {
    guard case .run(let values) = try Options.command.parse(arguments) else {
      throw ExampleFailure.usage("no run")
    }
    return try Recipe(values)
  }

  @Test("The options that a preset states make its recipe, of either fidelity")
  func presets() throws {
    for preset in PublishedExperiment.pictures {
      for fidelity in Fidelity.allCases {
        let chosen = try recipe(words("--preset \(preset.name) --fidelity \(fidelity.rawValue)"))
        let options = preset.options(fidelity)
        #expect(try recipe(options.flatMap { ["--\($0.name)", $0.value] }) == chosen)
        #expect(options.contains { $0.name == "learning-rate" })
        var expected = preset.recipe(fidelity)
        expected.group = expected.group ?? Recipe.demonstration.group
        #expect(chosen == expected)
      }
    }
  }

  @Test("Options that are given come before a preset's, which come before the defaults")
  func precedence() throws {
    let plain = try recipe(words("--preset iga-siren"))
    #expect(plain.training.steps == 10_000)
    #expect(plain.adjusters.map(\.name) == ["iga"])
    let changed = try recipe(
      words("--preset iga-siren --steps 7 --adjuster none --adjuster iga --omega 20"))
    #expect(changed.training.steps == 7 && changed.model[.omega] == 20)
    #expect(changed.adjusters.map(\.name) == ["none", "iga"])
    #expect(changed.settings.end == 20)
    #expect(try recipe(words("--preset iga-finer")).settings.end == 20)
    let released = try recipe(words("--preset iga-finer --fidelity released"))
    #expect(released.settings.end == 15)
    #expect(released.settings.sampling == .aggregate)
    #expect(try recipe([]) == Recipe.demonstration)
  }

  @Test("The report shows what a preset has, and what was given")
  func reported() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        FitImageTests.tiny + words("--preset bn-pe --fidelity released --adjuster none"), in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      let summary = try JSONSerialization.jsonObject(with: run.data("summary.json"))
      let settings = try #require((summary as? [String: Any])?["settings"] as? [String: String])
      let expected = [
        "model": "pe", "learning-rate": "0.003", "seed": "4096", "adjuster": "none",
        "schedule": "once:3000:0.1", "width": "8", "pe-frequencies": "6", "bn-placement": "before",
        "fr-alpha": "0.05", "image": "the embedded picture",
      ]
      for (name, value) in expected { #expect(settings[name] == value, "\(name)") }
    }
  }

  @Test("A preset runs, and the list shows all of them")
  func runs() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        FitImageTests.tiny + words("--preset iga-siren --fidelity released"), in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      #expect(try FitImageTests.adjusters(run.program) == ["iga"])
      let list = try ProgramRun("FitImage", words("--preset list"), in: root)
      #expect(list.code == 0)
      for preset in PublishedExperiment.pictures {
        #expect(list.standardOutput.contains(preset.name + "\n"))
        #expect(list.standardOutput.contains(preset.source))
      }
      let refused = try ProgramRun("FitImage", words("--fidelity released"), in: root)
      #expect(refused.code == 64)
      #expect(refused.standardError.contains("give a --preset"))
    }
  }
}
