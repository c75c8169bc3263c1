import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// The option of a recipe from a file, which several programs have.
package enum ConfigOptions {
  package static let config = Option<RecipeFile?>(
    "config", RecipeFile.kind,
    help: """
      A recipe in the place of a preset: a JSON file, such as the summary.json of an earlier run or the part \
      "recipe" of it. Other options replace parts of it. Pictures, shapes and scenes, times and threads are no part of it.
      """)

  /// The file, if the command line names one, for a plan of files.
  package static func input(_ values: OptionValues) -> FilePlan.Named? {
    values[config].map { FilePlan.Named(config.name, $0.url) }
  }

  /// The recipe of a file, if the command line names one.
  ///
  /// - Parameters:
  ///   - values: The command line.
  ///   - options: The program's options that stand for parts of a recipe, which check these parts.
  ///   - presets: The options that choose a recipe too.
  ///   - what: What the program fits.
  ///   - fits: Whether a signal is of that kind.
  /// - Throws: A failure if the file's recipe is for something else or has a part that no option accepts, or if there
  ///   is a preset too.
  package static func recipe(
    _ values: OptionValues, checkedBy options: [RecipeOption],
    instead presets: [any OptionDeclaration], toFit what: String, _ fits: (SignalRecipe) -> Bool
  ) throws(ExampleFailure) -> Recipe? {
    guard let file = values[config] else { return nil }
    if let preset = presets.first(where: { values.gives(named: $0.name) }) {
      throw .usage(
        "--config and --\(preset.name) both choose a recipe; give one of them")
    }
    func problem(_ reason: String, _ remedy: String) -> ExampleFailure {
      .badData("--config was given \"\(file.url.relativePath)\", \(reason); \(remedy)")
    }
    guard fits(file.recipe.signal) else {
      throw problem(
        "whose recipe fits something else than \(what)",
        "give the summary.json of a run of \(values.program)")
    }
    for option in options {
      guard let text = option.text(in: file.recipe) else { continue }
      let isFlag = option.placeholder == nil
      let texts = option.isRepeatable ? text.split(separator: ", ").map(String.init) : [text]
      do throws(ExampleFailure) {
        if !isFlag { _ = try option.read(texts) }
      } catch {
        throw problem("whose recipe has a part that is refused", error.message)
      }
    }
    if let reason = file.recipe.problem { throw problem("whose \(reason)", "correct that") }
    return file.recipe
  }
}

/// A recipe that was read from a file.
package struct RecipeFile: Sendable {
  /// Where the file is.
  package let url: URL
  /// What it holds.
  package let recipe: Recipe

  /// The part of a summary that is a recipe.
  package static let summaryKey = "recipe"
  /// The part of a summary that has several, by name.
  package static let severalKey = "recipes"

  /// How it is read from a command line.
  static let kind: ValueKind<RecipeFile> = {
    let file = ValueKind<URL>.existingFile()
    return ValueKind(placeholder: "FILE", describe: \.url.relativePath) {
      text throws(ValueProblem) in
      let url = try file.parsed(text)
      do {
        return RecipeFile(
          url: url, recipe: try recipe(in: Data(WholeFile.bytes(ofFileAt: url.path))))
      } catch {
        throw ValueProblem(reason(error), remedy: remedy(error), exitCode: .dataError)
      }
    }
  }()

  /// A summary that has several recipes.
  private struct SeveralRecipes: Error {}

  /// The recipe that a file is or has.
  private static func recipe(in data: Data) throws -> Recipe {
    struct Summary: Decodable {
      var recipe: Recipe
    }
    struct Keys: Decodable {
      let (hasRecipe, hasSeveral): (Bool, Bool)
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        hasRecipe = container.contains(Key(stringValue: RecipeFile.summaryKey))
        hasSeveral = container.contains(Key(stringValue: RecipeFile.severalKey))
      }
    }
    struct Key: CodingKey {
      let stringValue: String
      let intValue: Int? = nil
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
    let decoder = JSONDecoder()
    let keys = try decoder.decode(Keys.self, from: data)
    if keys.hasSeveral { throw SeveralRecipes() }
    return try keys.hasRecipe
      ? decoder.decode(Summary.self, from: data).recipe : decoder.decode(Recipe.self, from: data)
  }

  private static func remedy(_ error: any Error) -> String {
    error is SeveralRecipes
      ? "give a file with one of its \"\(severalKey)\" alone"
      : "give a summary.json, or the part \"\(summaryKey)\" of one"
  }

  /// What is wrong with a file, as a clause.
  private static func reason(_ error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "its outermost value" : path.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return
        "which has no \((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      return "where \(place(context.codingPath)) is of another kind than in a recipe"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      return "where \(place(context.codingPath)) has a value that no recipe has"
    case is SeveralRecipes: return "which has several recipes"
    case let error as FileError: return "where \(error.reason)"
    default: return "which is no JSON"
    }
  }
}

extension Recipe {
  /// What is wrong with the numbers that no option stands for, as a clause; nil if nothing is.
  fileprivate var problem: String? {
    let checks: [(Bool, String)] = [
      (settings.refreshInterval >= 1, "settings.refreshInterval is below 1"),
      (training.clipNorm.map { $0 > 0 } ?? true, "training.clipNorm is not above 0"),
      (
        training.secondDecay.map { (0..<1).contains($0) } ?? true,
        "training.secondDecay is not from 0 to 1"
      ),
      (training.epsilon.map { $0 > 0 } ?? true, "training.epsilon is not above 0"),
      (
        (training.rateFactors ?? [:]).values.allSatisfy { $0 >= 0 && $0.isFinite },
        "training.rateFactors has a number below 0"
      ),
      (group.map { $0 >= 1 } ?? true, "group is below 1"),
      (function.map { $0.samples >= 2 && $0.frequencyCount >= 1 } ?? true, "function is too small"),
      (
        function.map { $0.samples <= 1 << 20 && $0.frequencyCount <= $0.samples / 2 } ?? true,
        "function has too many samples, or too few for its frequencies"
      ),
    ]
    return checks.first { !$0.0 }?.1
  }

  /// The recipe as JSON, for summaries.
  package var json: JSONValue {
    guard let data = try? JSONEncoder().encode(self),
      let value = try? JSONDecoder().decode(JSONValue.self, from: data)
    else { return .null }
    return value
  }
}
