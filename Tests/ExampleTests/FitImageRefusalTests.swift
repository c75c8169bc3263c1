import AutoDiff
import Foundation
import INRZoo
import TensorKit
import Testing

/// What FitImage refuses: one sentence on standard error, the fitting exit code, and nothing else.
@Suite("FitImage refuses")
struct FitImageRefusalTests {
  /// A command line, and what is to come of it.
  struct Case: Sendable, CustomTestStringConvertible {
    let options: String
    let code: Int32
    /// What the sentence must hold: the value and the remedy.
    let parts: [String]

    init(_ options: String, _ code: Int32, _ parts: String...) {
      self.options = options
      self.code = code
      self.parts = parts
    }

    var testDescription: String { options }
  }

  static let usageCases: [Case] = [
    Case("--stepz 3", 64, "--stepz", "did you mean --steps?"),
    Case("stray", 64, "\"stray\"", "every value follows the name of an option"),
    Case("--steps", 64, "--steps needs a value", "write --steps N"),
    Case("--steps 0", 64, "\"0\"", "1 or more"),
    Case("--steps 1.5", 64, "\"1.5\"", "give an integer"),
    Case("--steps 1 --steps 2", 64, "\"1\" and \"2\"", "give it once"),
    Case("--width 0", 64, "\"0\"", "1 to 65536"),
    Case("--threads 0", 64, "\"0\"", "1 to 1024"),
    Case("--learning-rate nan", 64, "\"nan\"", "above 0"),
    Case("--learning-rate -1", 64, "\"-1\"", "above 0"),
    Case("--omega 0", 64, "\"0\"", "above 0"),
    Case("--model relu --omega 30", 64, "--omega", "--model relu", "choose one of siren, finer"),
    Case("--pe-frequencies 6", 64, "--pe-frequencies", "--model siren", "choose one of pe"),
    Case("--model wire --scale-gradient", 64, "--scale-gradient", "choose one of finer"),
    Case("--model sirn", 64, "\"sirn\"", "did you mean \"siren\"?"),
    Case("--adjuster fourier", 64, "\"fourier\"", "choose one of none, iga"),
    Case("--sampling most", 64, "\"most\"", "largest-residual-previous"),
    Case("--precision half", 64, "\"half\"", "float, double"),
    Case("--schedule cosine:0", 64, "\"cosine:0\"", "cosine:1000"),
    Case("--batch some", 64, "\"some\"", "blocks:4"),
    Case("--batch blocks:0", 64, "\"blocks:0\"", "blocks:4"),
    Case("--batch blocks:65", 64, "fewer than two blocks", "blocks:64 or less"),
    Case("--batch patches:385", 64, "the 384 whole patches", "choose fewer"),
    Case("--batch shuffled:24577", 64, "more than the pixels", "--batch all"),
    Case("--batch shuffled:99 --adjuster bands-cosine", 64, "bands-cosine", "--adjuster bands"),
    Case("--batch patches:4 --adjuster iga --end 4", 64, "--end 4", "the 4 groups", "--end 3"),
    Case("--seconds 0", 64, "\"0\"", "above 0"),
    Case("--target-psnr nan", 64, "\"nan\"", "above 0"),
    Case("--hash-size 30 --model hash", 64, "\"30\"", "3 to 28"),
    Case("--hash-size 12", 64, "--hash-size", "choose one of hash"),
    Case("--schedule steps:2", 64, "\"steps:2\"", "steps:3000:0.1"),
    Case("--adjuster iga --adjuster iga", 64, "--adjuster iga", "name each adjuster once"),
    Case("--adjuster fr --adjuster fr", 64, "--adjuster fr", "name each adjuster once"),
    Case("--adjuster fr+fr", 64, "\"fr+fr\"", "fr twice", "name each adjuster once"),
    Case("--adjuster iga+fr", 64, "\"iga+fr\"", "write fr+iga"),
    Case("--adjuster fr+none", 64, "\"fr+none\"", "none", "leave it away"),
    Case("--adjuster fr+iag", 64, "\"fr+iag\"", "\"iag\"", "did you mean \"iga\"?"),
    Case("--adjuster fr+", 64, "\"fr+\"", "choose one of none, iga, fr"),
    Case("--adjuster iga+bn", 64, "\"iga+bn\"", "write bn+iga"),
    Case("--adjuster iga+bn+fr", 64, "\"iga+bn+fr\"", "write fr+bn+iga"),
    Case("--adjuster bn --bn-placement between", 64, "\"between\"", "choose one of before, after"),
    Case("--adjuster fr --hidden-layers 0", 64, "--hidden-layers 0", "choose --hidden-layers 1"),
    Case("--adjuster fr --fr-low 0 --fr-high 0", 64, "--fr-low 0", "choose 1 or more"),
    Case("--adjuster fr --fr-phases 0", 64, "\"0\"", "1 to 65536"),
    Case("--adjuster fr --fr-alpha 0", 64, "\"0\"", "above 0"),
    Case(
      "--adjuster fr --fr-phases 65536", 64, "--fr-phases 65536", "16777216 basis vectors",
      "at most 1048576"),
    Case("--downscale 0", 64, "\"0\"", "1 or more"),
    Case("--downscale 129", 64, "\"129\"", "192 x 128", "choose 1 to 128"),
    Case(
      "--end 384 --patch 8", 64, "--end 384", "384 whole patches",
      "--end 383 or less, or --patch 7"),
    Case("--end 24576", 64, "--end 24576", "24576 whole patches", "--end 24575 or less"),
    Case("--patch 129", 64, "--patch 129", "no whole patch", "choose --patch 128 or less"),
    Case(
      "--image pixel.png --adjuster iga --patch 2 --end 0", 64, "--patch 2",
      "choose --patch 1 or less"),
    Case(
      "--image pixel.png --adjuster iga --end 1", 64, "--end 1", "1 whole patch ",
      "choose --end 0 or less"),
    Case(
      "--image pixel.png --preset iga-siren", 64, "--patch 32", "no whole patch",
      "choose --patch 1 or less"),
    Case(
      "--adjuster full-entk", 64, "192 x 128", "more than 16384", "--downscale 2 or more",
      "--adjuster iga"),
    Case(
      "--adjuster fr+full-entk --downscale 16 --end 96", 64, "--end 96", "96 pixels",
      "--end 95 or less"),
    Case("--save-weights=", 64, "--save-weights", "give a path"),
  ]

  static let inputCases: [Case] = [
    Case("--image none.png", 66, "\"none.png\"", "give the path of an existing file"),
    Case("--image folder", 66, "\"folder\"", "give the path of a file"),
    Case("--image text.png", 65, "\"text.png\"", "not a PNG file", "convert it"),
    Case("--image empty.png", 65, "\"empty.png\"", "it is empty", "give a whole PNG or JPEG file"),
    Case("--image half.png", 65, "\"half.png\"", "breaks off", "give a whole PNG or JPEG file"),
    Case("--image weights.safetensors", 65, "not a PNG file", "convert it"),
    Case("--initial-weights none", 66, "\"none\"", "give the path of an existing file"),
    Case("--initial-weights folder", 66, "\"folder\"", "give the path of a file"),
    Case("--initial-weights empty.png", 65, "\"empty.png\"", "give a .safetensors file"),
    Case("--initial-weights text.png", 65, "\"text.png\"", "give a .safetensors file"),
    Case("--initial-weights pixel.png", 65, "\"pixel.png\"", "give a .safetensors file"),
    Case(
      "--initial-weights weights.safetensors", 65, "\"weights.safetensors\"", "layers.0.weight",
      "[8, 2]", "[256, 2]", "give the options of the model that wrote the file"),
    Case(
      "--initial-weights weights.safetensors --width 8 --hidden-layers 0", 65, "layers.2.bias",
      "give the options of the model that wrote the file"),
    Case(
      "--initial-weights weights.safetensors --width 8 --hidden-layers 2", 65,
      "layers.2.weight", "[3, 8]", "[8, 8]", "give the options of the model that wrote the file"),
    Case(
      "--initial-weights infinite.safetensors --width 8 --hidden-layers 1", 65,
      "layers.0.weight", "--precision float", "give a file of finite weights"),
  ]

  static let outputCases: [Case] = [
    Case("--output text.png", 73, "text.png is a file", "choose another --output"),
    Case("--output text.png/x", 73, "text.png/x", "choose another --output"),
    Case("--output /proc/x", 73, "/proc/x", "choose another --output"),
    Case("--save-weights folder", 73, "\"folder\"", "give the path of a file"),
    Case("--save-weights none/", 73, "\"none\"", "give the path of a file"),
    Case("--save-weights none/w", 73, "\"none/w\"", "no folder none; create it first"),
    Case("--save-weights text.png/w", 73, "\"text.png/w\"", "choose another path"),
    Case("--save-weights /proc/w", 73, "\"/proc/w\"", "choose another path"),
    Case("--save-weights w", 73, "\"w\"", "w-iga.safetensors is a folder"),
  ]

  @Test("a wrong command line", arguments: usageCases)
  func usage(example: Case) throws { try check(example) }

  @Test("input that cannot be read", arguments: inputCases)
  func input(example: Case) throws { try check(example) }

  @Test("places that cannot be written", arguments: outputCases)
  func output(example: Case) throws { try check(example) }

  private func check(_ example: Case) throws {
    try withTemporaryFolder { root in
      try fill(root)
      let before = try contents(of: root)
      let run = try ProgramRun(
        "FitImage", example.options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == example.code)
      #expect(run.standardOutput.isEmpty)
      #expect(run.errorLines.count == 1, "\(run.standardError)")
      #expect(run.standardError.hasPrefix("error: ") && run.standardError.hasSuffix("\n"))
      #expect(!run.standardError.hasSuffix(".\n"))
      for part in example.parts {
        #expect(run.standardError.contains(part), "\(run.standardError)")
      }
      #expect(try contents(of: root) == before)
    }
  }

  /// Puts the files that the command lines name into a folder.
  private func fill(_ root: URL) throws {
    let files = FileManager.default
    for folder in ["folder", "w-iga.safetensors"] {
      try files.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: false)
    }
    try Data("These are some words.\n".utf8).write(to: root.appendingPathComponent("text.png"))
    try Data().write(to: root.appendingPathComponent("empty.png"))
    let picture = try Data(contentsOf: Repository.fixture("pictures/rgb-8.png"))
    try picture.prefix(picture.count / 2).write(to: root.appendingPathComponent("half.png"))
    try files.copyItem(
      at: Repository.fixture("pictures/rgba-8-one-pixel.png"),
      to: root.appendingPathComponent("pixel.png"))

    var generator = SeededGenerator(seed: 0)
    var network = CoordinateNetwork<Double>.siren(
      inputs: 2, outputs: 3, width: 8, hiddenLayers: 1, using: &generator)
    try network.writeWeights(to: root.appendingPathComponent("weights.safetensors").path)
    var parameters = network.parameters
    // Finite in double precision, not in single precision.
    parameters.values *= 1e300
    network.parameters = parameters
    try network.writeWeights(to: root.appendingPathComponent("infinite.safetensors").path)
  }
}
