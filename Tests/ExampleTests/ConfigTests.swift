import Foundation
import Testing

@Suite("Recipes from files")
struct ConfigTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  @Test("A run's summary repeats it bit for bit, and so does the recipe in it")
  func repeated() throws {
    try withTemporaryFolder { root in
      let options = FitImageTests.tiny + words("--adjuster iga --model finer --omega 20 --seed 5")
      let first = try FitImageFiles(options, in: root, output: "first")
      #expect(first.program.code == 0)
      let summary = try JSONSerialization.jsonObject(with: first.data("summary.json"))
      let recipe = try #require((summary as? [String: Any])?["recipe"])
      try JSONSerialization.data(withJSONObject: recipe)
        .write(to: root.appendingPathComponent("recipe.json"))
      for (name, config) in [("second", "first/summary.json"), ("third", "recipe.json")] {
        // The picture and its size are no part of a recipe.
        let again = try FitImageFiles(
          ["--config", config, "--downscale", "4"], in: root, output: name)
        #expect(again.program.code == 0, "\(again.program.standardError)")
        #expect(try again.course() == first.course())
        #expect(try again.psnr("iga") == first.psnr("iga"))
      }
      let other = try FitImageFiles(
        ["--config", "recipe.json", "--downscale", "4", "--seed", "6"], in: root, output: "other")
      #expect(try other.psnr("iga") != first.psnr("iga"))
    }
  }

  @Test("A function's summary repeats it")
  func function() throws {
    try withTemporaryFolder { root in
      let first = try ProgramRun(
        "FitFunction",
        words("--quick --steps 3 --width 8 --adjuster none --seed 3 --output first"), in: root)
      let second = try ProgramRun(
        "FitFunction", words("--config first/summary.json --output second"), in: root)
      #expect(first.code == 0 && second.code == 0, "\(second.standardError)")
      let losses = try ["first", "second"].map {
        try String(
          contentsOf: root.appendingPathComponent("\($0)/losses.csv"), encoding: .utf8)
      }
      #expect(losses[0] == losses[1] && losses[0].split(separator: "\n").count == 5)
    }
  }

  @Test("A scene's summary repeats it, or has a recipe for each field")
  func scene() throws {
    try withTemporaryFolder { root in
      func fit(_ options: String) throws -> ProgramRun {
        try ProgramRun("FitScene", words(options), in: root)
      }
      let size = " --downscale 8 --train-views 6 --test-views 1 --pictures 0 --frames 0 --output "
      let first = try fit(
        "--field nerf --adjuster iga --rays 64 --steps 3 --width 8 --depth 2 --samples 4+4 --end 3"
          + size + "first")
      #expect(first.code == 0, "\(first.standardError)")
      let again = try fit("--config first/summary.json" + size + "second")
      #expect(again.code == 0, "\(again.standardError)")
      let losses = try ["first", "second"].map { folder in
        let text = try String(
          contentsOf: root.appendingPathComponent("\(folder)/metrics.csv"), encoding: .utf8)
        // All but the times.
        return text.split(separator: "\n").map { $0.split(separator: ",").prefix(2) }
      }
      #expect(losses[0] == losses[1] && losses[0].count > 1)

      let both = try fit(
        "--adjuster none --rays 64 --steps 2 --samples 4+4 --width 8" + size + "both")
      #expect(both.code == 0, "\(both.standardError)")
      let refused = try fit("--config both/summary.json" + size + "x")
      #expect(refused.code == 65 && refused.standardError.contains("several recipes"))
      let summary = try JSONSerialization.jsonObject(
        with: Data(contentsOf: root.appendingPathComponent("both/summary.json")))
      let recipes = (summary as? [String: Any])?["recipes"] as? [String: Any]
      let grid = try #require(recipes?["grid"])
      try JSONSerialization.data(withJSONObject: grid)
        .write(to: root.appendingPathComponent("grid.json"))
      let alone = try fit("--config grid.json" + size + "alone")
      #expect(alone.code == 0 && alone.standardOutput.contains("adjuster=none"))
      for more in ["--field grid", "--preset nerf", "--fidelity released"] {
        #expect(try fit("--config grid.json " + more + size + "x").code == 64)
      }
      #expect(try fit("--config first/recipe.json" + size + "x").code == 66)
    }
  }

  @Test("What is no recipe, or one for something else, is refused with the place")
  func refusals() throws {
    try withTemporaryFolder { root in
      let first = try FitImageFiles(
        FitImageTests.tiny + words("--adjuster none"), in: root, output: "first")
      let text = try first.text("summary.json")
      func refused(_ text: String, _ code: Int32, _ part: String, more: [String] = []) throws {
        try Data(text.utf8).write(to: root.appendingPathComponent("recipe.json"))
        let run = try ProgramRun(
          "FitImage", ["--config", "recipe.json", "--output", "x"] + more, in: root)
        #expect(run.code == code && run.standardError.contains(part), "\(run.standardError)")
        #expect(run.errorLines.count == 1 && run.standardError.contains("--config"))
        #expect(!FileManager.default.fileExists(atPath: root.path + "/x"))
      }
      try refused("", 65, "no JSON")
      try refused("{", 65, "no JSON")
      try refused("[]", 65, "of another kind")
      try refused("{\"recipe\": {}}", 65, "which has no recipe.")
      try refused("{\"recipe\": 3}", 65, "where recipe is of another kind")
      let width = text.replacing(/"width" : \d+\n/, with: "\"width\" : 0\n")
      #expect(width != text)
      try refused(width, 65, "--width was given \"0\"")
      let rate = text.replacing(/"learningRate" : [^,\n]+/, with: "\"learningRate\" : \"fast\"")
      try refused(rate, 65, "recipe.training.learningRate is of another kind")
      try refused(
        text.replacing("\"optimizer\" : \"adam\"", with: "\"optimizer\" : \"adan\""), 65,
        "recipe.training.optimizer")
      try refused(text, 64, "both choose a recipe", more: ["--preset", "iga-siren"])
      let function = try ProgramRun(
        "FitFunction", ["--config", "first/summary.json", "--output", "x"], in: root)
      #expect(
        function.code == 65 && function.standardError.contains("something else than a function"))
      let missing = try ProgramRun("FitImage", ["--config", "none.json"], in: root)
      #expect(missing.code == 66)
    }
  }
}
