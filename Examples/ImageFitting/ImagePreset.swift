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
    recipe(fidelity).stated(by: Options.recipe)
  }

  /// All presets with their numbers and sources, in lines.
  static var listing: [String] {
    let blocks = pictures.map { preset in
      func text(_ options: [(name: String, value: String)]) -> String {
        options.map { "--\($0.name) \($0.value)" }.joined(separator: " ")
      }
      let paper = preset.options(.paper)
      let others = preset.options(.released).filter { option in !paper.contains { $0 == option } }
      return [preset.name, "  \(preset.about); \(preset.source)", "  \(text(paper))"]
        + (others.isEmpty ? [] : ["  with --fidelity released: \(text(others))"])
    }
    return Array(blocks.joined(separator: [""]))
  }
}

extension Recipe {
  /// Whether a command line leaves it to the program how a picture of the user's own is fitted.
  static func isLeftOpen(by values: OptionValues) -> Bool {
    let stated =
      [
        Options.preset, ConfigOptions.config, ModelOptions.model, Options.adjuster,
        WeightOptions.initial,
      ]
      as [any OptionDeclaration]
    return values[Options.image] != nil && !stated.contains { values.gives($0) }
  }

  /// What a command line asks for.
  ///
  /// - Parameters:
  ///   - values: The command line.
  ///   - picture: The picture that is fitted in whatever way is best, where that is left open.
  /// - Throws: A failure if it asks for a fidelity but for no preset.
  init(_ values: OptionValues, choosingFor picture: Picture? = nil) throws(ExampleFailure) {
    var plain = values[Options.image] == nil ? Recipe.demonstration : .picture
    if let picture, Self.isLeftOpen(by: values) {
      plain = .quick(height: picture.height, width: picture.width)
    }
    let stored = try ConfigOptions.recipe(
      values, checkedBy: Options.recipe, instead: [Options.preset, Options.fidelity],
      toFit: "a picture"
    ) { if case .picture = $0 { true } else { false } }
    if let stored {
      self = stored
      group = group ?? plain.group
    } else if case .experiment(let preset) = values[Options.preset] {
      self = preset.recipe(values[Options.fidelity])
      group = group ?? plain.group
    } else if values.gives(Options.fidelity) {
      throw .usage(
        "--fidelity chooses between a --preset's numbers, and there is none; give a --preset, or leave it away"
      )
    } else {
      self = plain
    }
    apply(Options.recipe, of: values)
    if values[TrainingOptions.seconds] != nil, !values.gives(Options.steps),
      values[Options.preset] == nil, stored == nil,
      !values.gives(TrainingOptions.schedule)
    {
      training.schedule = .wholeCosine
    }
  }

  /// Makes patches and equalized eigenvalues fewer where a small picture needs that: those that neither the command
  /// line nor a preset sets.
  ///
  /// - Returns: The options whose parts were chosen.
  mutating func chooseGroups(for picture: Picture, _ values: OptionValues) -> [RecipeOption] {
    guard uses(.iga) || uses(.empiricalNTK) else { return [] }
    var preset: Recipe?
    if case .experiment(let experiment) = values[Options.preset] {
      preset = experiment.recipe(values[Options.fidelity])
    }
    let before = (size: group ?? 1, end: settings.end)
    let choice = GroupChoice(
      size: before.size, isSizeOpen: !values.gives(Options.patch) && preset?.group == nil,
      end: before.end, isEndOpen: !values.gives(AdjustmentOptions.end) && preset == nil
    ) { side in
      // The kernel of all pixels has no patches.
      uses(.iga)
        ? batch.groupCount(height: picture.height, width: picture.width, patch: side)
        : batch.rowCount(height: picture.height, width: picture.width, patch: side)
    }
    (group, settings.end) = (choice.size, choice.end)
    return (choice.size == before.size ? [] : [Options.patch])
      + (choice.end == before.end ? [] : [AdjustmentOptions.end])
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
