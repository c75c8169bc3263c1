import ExampleSupport
import Fitting

/// A published experiment on pictures: a row of a table, with the options that repeat it.
struct ImagePreset: Sendable {
  /// Whose numbers are meant where a paper and the code released with it differ.
  enum Fidelity: String, CaseIterable, Sendable {
    case paper, released
  }

  let name: String
  let about: String
  let source: String
  /// The options' values as they could be typed.
  let options: [(name: String, value: String)]
  /// What the released code has in the place of the paper's.
  var released: [(name: String, value: String)] = []

  /// The options of one of the two.
  func values(_ fidelity: Fidelity) -> [(name: String, value: String)] {
    guard fidelity == .released else { return options }
    return options.filter { option in !released.contains { $0.name == option.name } } + released
  }

  /// A command line with the defaults of the preset that it names, if any.
  ///
  /// - Throws: A failure if the command line asks for a fidelity but for no preset.
  static func applied(to values: OptionValues) throws(ExampleFailure) -> OptionValues {
    guard let preset = values[Options.preset]?.preset else {
      guard values.gives(Options.fidelity) else { return values }
      throw .usage(
        "--fidelity chooses between a --preset's numbers, and there is none; give a --preset, or leave it away"
      )
    }
    let options = preset.values(values[Options.fidelity])
    return try values.withDefaults(
      Dictionary(options.map { ($0.name, [$0.value]) }, uniquingKeysWith: { $1 }))
  }

  /// All presets with their numbers and sources.
  static var listing: String {
    all.map { preset in
      func text(_ options: [(name: String, value: String)]) -> String {
        options.map { "--\($0.name) \($0.value)" }.joined(separator: " ")
      }
      let released =
        preset.released.isEmpty ? "" : "\n  with --fidelity released: \(text(preset.released))"
      return """
        \(preset.name)
          \(preset.about); \(preset.source)
          \(text(preset.options))\(released)
        """
    }.joined(separator: "\n\n")
  }
}

/// What `--preset` takes: a preset, or the wish to see all.
enum PresetChoice: Sendable, Equatable {
  case list
  case named(String)

  var preset: ImagePreset? {
    guard case .named(let name) = self else { return nil }
    return ImagePreset.all.first { $0.name == name }
  }

  static let kind: ValueKind<PresetChoice> = {
    let names = ValueKind<String>.choice(
      [ChoiceHelp("list", "print all presets with their numbers and sources")]
        + ImagePreset.all.map { ChoiceHelp($0.name, $0.about) })
    return names.mapped(
      describe: { $0.name }, value: { $0 == "list" ? .list : .named($0) })
  }()

  private var name: String {
    switch self {
    case .list: "list"
    case .named(let name): name
    }
  }
}

extension Options {
  static let preset = Option(
    "preset", PresetChoice.kind,
    help: """
      A published experiment: the defaults of the other options. Needs an --image to be that of the \
      publication.
      """)
  static let fidelity = Option(
    "fidelity",
    .choice { (fidelity: ImagePreset.Fidelity) in
      fidelity == .paper ? "the paper's" : "those of the code released with it"
    }, default: .paper, help: "Whose numbers a preset has where they differ.")
}
