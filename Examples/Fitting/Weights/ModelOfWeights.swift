import ExampleSupport
import INRZoo
import TensorKit

extension Recipe {
  /// The options that state the network, as they could be typed.
  package var modelText: String { stated(model).map(Self.typed).joined(separator: " ") }

  /// Makes sure that a weight file is of this recipe's network.
  ///
  /// - Parameters:
  ///   - metadata: The file's.
  ///   - path: Where it is.
  /// - Returns: Whether the file notes a network; those of other programs do not.
  /// - Throws: `FileError` if it notes another one, with the options of that one.
  package func checkModel(_ metadata: NamedValues<String>, path: String) throws -> Bool {
    let stored = try FileError.naming(path) { try ModelRecipe(metadata: metadata) }
    guard let stored else { return false }
    let (noted, own) = (stated(stored), stated(model))
    // What changes by itself once the model is chosen need not be given.
    var chosen = model
    chosen.kind = stored.kind
    let remaining = stated(chosen)
    let given = noted.filter { option in
      option.name == "model"
        ? stored.kind != model.kind : !remaining.contains { $0 == option }
    }
    let extra = remaining.filter { option in !noted.contains { $0.name == option.name } }
    if given.isEmpty && extra.isEmpty { return true }
    let differing = (given.map(\.name) + extra.map(\.name)).map { name in
      own.first { $0.name == name }.map { Self.typed($0) } ?? "--\(name)"
    }
    var remedies: [String] = []
    if !given.isEmpty { remedies.append("give " + given.map(Self.typed).joined(separator: " ")) }
    if !extra.isEmpty {
      remedies.append("leave " + extra.map { "--\($0.name)" }.joined(separator: " ") + " away")
    }
    throw FileError(
      .malformed, path: path,
      reason: "its weights are of another model than \(differing.joined(separator: " ")); "
        + remedies.joined(separator: ", and "))
  }

  /// The options that state a network with all its constants.
  private func stated(_ model: ModelRecipe) -> [(name: String, value: String)] {
    var recipe = self
    recipe.model = model.spelledOut
    return recipe.stated(by: ModelOptions.all)
  }

  /// An option as it is typed; that of a flag has no value.
  private static func typed(_ option: (name: String, value: String)) -> String {
    option.value == "yes" ? "--\(option.name)" : "--\(option.name) \(option.value)"
  }
}
