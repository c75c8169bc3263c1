import ExampleSupport
import Fitting
import INRZoo

/// What `--preset` takes: a published experiment, or the wish to see all.
enum PresetChoice: Sendable {
  case list
  case experiment(PublishedExperiment)

  static let kind = ValueKind<String>.choice(
    [ChoiceHelp("list", "print all presets with their numbers and sources")]
      + PublishedExperiment.pictures.map { ChoiceHelp($0.name, $0.about) }
  ).mapped(
    describe: { (choice: PresetChoice) in
      if case .experiment(let experiment) = choice { experiment.name } else { "list" }
    },
    value: { name in
      PublishedExperiment.pictures.first { $0.name == name }.map { .experiment($0) } ?? .list
    })
}

extension PublishedExperiment {
  /// The options that repeat the experiment, as they could be typed.
  func options(_ fidelity: Fidelity) -> [(name: String, value: String)] {
    recipe(fidelity).options
  }

  /// A command line with the defaults of the preset that it names, if any.
  ///
  /// - Throws: A failure if the command line asks for a fidelity but for no preset.
  static func applied(to values: OptionValues) throws(ExampleFailure) -> OptionValues {
    guard case .experiment(let preset) = values[Options.preset] else {
      guard values.gives(Options.fidelity) else { return values }
      throw .usage(
        "--fidelity chooses between a --preset's numbers, and there is none; give a --preset, or leave it away"
      )
    }
    return try values.withDefaults(
      Dictionary(
        preset.options(values[Options.fidelity]).map { ($0.name, [$0.value]) },
        uniquingKeysWith: { $1 }))
  }

  /// All presets with their numbers and sources.
  static var listing: String {
    pictures.map { preset in
      func text(_ options: [(name: String, value: String)]) -> String {
        options.map { "--\($0.name) \($0.value)" }.joined(separator: " ")
      }
      let paper = preset.options(.paper)
      let others = preset.options(.released).filter { option in !paper.contains { $0 == option } }
      let released = others.isEmpty ? "" : "\n  with --fidelity released: \(text(others))"
      return """
        \(preset.name)
          \(preset.about); \(preset.source)
          \(text(paper))\(released)
        """
    }.joined(separator: "\n\n")
  }
}

extension Recipe {
  /// The options that state what the recipe states.
  fileprivate var options: [(name: String, value: String)] {
    var options = [
      ("model", model.kind.rawValue), ("adjuster", adjusters.map(\.name).joined(separator: ",")),
      ("learning-rate", NumberText.plain(training.learningRate)),
    ]
    func add(_ name: String, _ value: String?) {
      if let value { options.append((name, value)) }
    }
    if adjusters.contains(where: { $0.contains(.iga) }) {
      add("end", "\(settings.end)")
      add("sampling", settings.sampling.rawValue)
      add("damping", settings.damping.rawValue)
    }
    if adjusters.contains(where: { $0.contains(.fr) }) {
      add("fr-low", "\(settings.fourier.low)")
      add("fr-high", "\(settings.fourier.high)")
      add("fr-phases", "\(settings.fourier.phases)")
      add("fr-alpha", settings.fourier.amplitude.map(NumberText.plain))
    }
    add("bn-placement", settings.normalization.placement?.rawValue)
    add("hidden-layers", "\(model.hiddenLayers)")
    add("width", "\(model.width)")
    for constant in ModelKind.Constant.allCases {
      add(constant.rawValue, model.constants[constant].map(NumberText.plain))
    }
    if model.convention != .halfTurns {
      add("pe-convention", model.convention.rawValue)
      add("pe-frequencies", model.value(of: .frequencies).map(NumberText.plain))
    }
    add("patch", group.map { "\($0)" })
    add("steps", "\(training.steps)")
    add("schedule", training.schedule.rawValue)
    add("seed", training.seed.map { "\($0)" })
    if case .picture(let range) = signal { add("pixel-range", range.rawValue) }
    return options
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
    .choice { (fidelity: Fidelity) in
      fidelity == .paper ? "the paper's" : "those of the code released with it"
    }, default: .paper, help: "Whose numbers a preset has where they differ.")
}
