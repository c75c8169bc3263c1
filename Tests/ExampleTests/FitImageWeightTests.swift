import Foundation
import INRZoo
import TensorKit
import Testing

@Suite("FitImage's weight files")
struct FitImageWeightTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  private func run(_ options: String, in root: URL) throws -> ProgramRun {
    try ProgramRun(
      "FitImage", FitImageTests.tiny + words("--adjuster none \(options) --output output"), in: root
    )
  }

  @Test("Weights of another model are refused, with the options of theirs")
  func otherModels() throws {
    try withTemporaryFolder { root in
      #expect(try run("--save-weights siren", in: root).code == 0)
      #expect(
        try run("--model finer --scale-gradient --save-weights finer", in: root).code == 0)
      #expect(try run("--model pe --save-weights pe", in: root).code == 0)
      let cases = [
        ("siren", "--model finer", "than --model finer; give --model siren"),
        ("siren", "--model relu", "than --model relu; give --model siren"),
        ("siren", "--omega 60", "than --omega 60; give --omega 30"),
        ("siren", "--model finer --omega 60", "--omega 60; give --model siren --omega 30"),
        ("siren", "--hidden-layers 1", "than --hidden-layers 1; give --hidden-layers 2"),
        ("finer", "--model finer", "give --scale-gradient"),
        (
          "finer", "--model finer --scale-gradient --first-bias-scale 2",
          "leave --first-bias-scale away"
        ),
        (
          "pe", "--model pe --pe-convention radians",
          "give --pe-convention half-turns --pe-frequencies 6"
        ),
      ]
      for (file, options, part) in cases {
        let refused = try run("--initial-weights \(file) \(options)", in: root)
        #expect(refused.code == 65 && refused.errorLines.count == 1, "\(refused.standardError)")
        #expect(refused.standardError.contains(part), "\(options): \(refused.standardError)")
        #expect(refused.standardError.contains("--initial-weights was given \"\(file)"))
      }
      for (file, options) in [
        ("siren", ""), ("siren", "--omega 30"), ("finer", "--model finer --scale-gradient"),
        ("pe", "--model pe --pe-frequencies 6"),
      ] {
        let taken = try run("--initial-weights \(file) \(options)", in: root)
        #expect(taken.code == 0 && !taken.standardError.contains("note:"), "\(taken.standardError)")
      }
    }
  }

  @Test("Weights of other programs are taken, with a note")
  func foreignWeights() throws {
    try withTemporaryFolder { root in
      var generator = SeededGenerator(seed: 1)
      let network = CoordinateNetwork<Float>.siren(
        inputs: 2, outputs: 3, width: 8, hiddenLayers: 2, using: &generator)
      try network.writeWeights(to: root.appendingPathComponent("w.safetensors").path)
      let taken = try run("--initial-weights w.safetensors --omega 20", in: root)
      #expect(taken.code == 0)
      let note = try #require(taken.errorLines.first { $0.hasPrefix("note: ") })
      #expect(note.contains("w.safetensors does not say") && note.contains("--model siren"))
      #expect(note.contains("--omega 20"))

      let noted: NamedValues = [ModelRecipe.metadataName: "{}"]
      try network.writeWeights(
        to: root.appendingPathComponent("w.safetensors").path, metadata: noted)
      let refused = try run("--initial-weights w.safetensors", in: root)
      #expect(refused.code == 65 && refused.standardError.contains(ModelRecipe.metadataName))
    }
  }

  @Test("A name is that of the same file when it is written and when it is read")
  func names() throws {
    try withTemporaryFolder { root in
      for name in ["w", "w.safetensors", "folder/v", ".hidden"] {
        try FileManager.default.createDirectory(
          at: root.appendingPathComponent("folder"), withIntermediateDirectories: true)
        #expect(try run("--save-weights \(name)", in: root).code == 0)
        let file = name.hasSuffix(".safetensors") ? name : "\(name).safetensors"
        let path = root.appendingPathComponent(file).path
        #expect(throws: Never.self) { try SafeTensorsFile(contentsOf: path) }
        let read = try run("--initial-weights \(name)", in: root)
        #expect(read.code == 0, "\(read.standardError)")
        try FileManager.default.removeItem(atPath: path)
      }
      // A file without an ending is read where there is none with it.
      #expect(try run("--save-weights w", in: root).code == 0)
      try FileManager.default.moveItem(
        at: root.appendingPathComponent("w.safetensors"), to: root.appendingPathComponent("w"))
      #expect(try run("--initial-weights w", in: root).code == 0)
      for name in ["w.npz", "w.npy", "w.pt", "w-0.1"] {
        let refused = try run("--save-weights \(name)", in: root)
        #expect(refused.code == 64 && refused.standardError.contains(".safetensors"))
        #expect(refused.standardError.contains("\"\(name)\""))
      }
    }
  }
}
