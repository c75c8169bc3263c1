import ExampleSupport
import INRZoo

/// An option that stands for a part of a recipe: where it is not given, the recipe keeps what it has.
package struct RecipeOption: OptionDeclaration {
  private let option: any OptionDeclaration
  fileprivate let apply: @Sendable (OptionValues, inout Recipe) -> Void
  private let describe: @Sendable (Recipe) -> String?
  /// Whether the part matters to a recipe.
  package let matters: @Sendable (Recipe) -> Bool
  /// The default that the help shows in the place of the option's own.
  private var shownDefault: String?
  /// What the help says in the place of the option's own.
  private var ownHelp: String?

  /// An option for a part that every recipe has.
  ///
  /// - Parameters:
  ///   - name: The name without its two dashes.
  ///   - kind: How it is read.
  ///   - path: The part.
  ///   - defaults: The recipe whose part the help shows as the default; nil if it depends.
  ///   - matters: Whether the part matters to a recipe.
  ///   - help: What it does.
  package init<Value: Sendable>(
    _ name: String, _ kind: ValueKind<Value>,
    _ path: WritableKeyPath<Recipe, Value> & Sendable, of defaults: Recipe? = .picture,
    where matters: @escaping @Sendable (Recipe) -> Bool = { _ in true }, help: String
  ) {
    self.init(
      defaults.map { Option(name, kind, default: $0[keyPath: path], help: help) }
        ?? Option<Value?>(name, kind, help: help), matters
    ) { (value: Value, recipe) in
      recipe[keyPath: path] = value
    } describe: {
      kind.text(for: $0[keyPath: path])
    }
  }

  /// An option for a part that recipes may leave open.
  package init<Value: Sendable>(
    _ name: String, _ kind: ValueKind<Value>,
    open path: WritableKeyPath<Recipe, Value?> & Sendable,
    where matters: @escaping @Sendable (Recipe) -> Bool = { _ in true }, help: String
  ) {
    self.init(Option<Value?>(name, kind, help: help), matters) { (value: Value, recipe) in
      recipe[keyPath: path] = value
    } describe: {
      $0[keyPath: path].map(kind.text(for:))
    }
  }

  /// A flag for a part.
  package init(flag name: String, _ path: WritableKeyPath<Recipe, Bool> & Sendable, help: String) {
    self.init(Option(flag: name, help: help), { $0[keyPath: path] }) { (value: Bool, recipe) in
      recipe[keyPath: path] = value
    } describe: {
      $0[keyPath: path] ? "yes" : "no"
    }
  }

  /// The adjusters that are compared; `defaults` are shown in the help.
  package init(adjustersOf kinds: [AdjusterKind], defaults: [AdjusterChoice], help: String) {
    let list = Option(
      repeating: "adjuster", AdjusterOptions.kind(of: kinds), default: defaults, help: help)
    self.init(list, { _ in true }) { (value: [AdjusterChoice], recipe) in
      recipe.adjusters = value
    } describe: {
      $0.adjusters.map(\.name).joined(separator: ", ")
    }
  }

  private init<Value: Sendable>(
    _ option: any OptionDeclaration, _ matters: @escaping @Sendable (Recipe) -> Bool,
    change: @escaping @Sendable (Value, inout Recipe) -> Void,
    describe: @escaping @Sendable (Recipe) -> String?
  ) {
    self.option = option
    self.matters = matters
    self.describe = describe
    apply = { values, recipe in
      if let value: Value = values.given(option) { change(value, &recipe) }
    }
  }

  /// The same option for a program whose defaults are those of another recipe.
  ///
  /// - Parameters:
  ///   - recipe: The recipe whose part the help shows as the default, if it shows one.
  ///   - help: What it does, where that tells of other defaults; the default is then shown in any case.
  package func defaulting(to recipe: Recipe, help: String? = nil) -> RecipeOption {
    var copy = self
    copy.shownDefault = option.defaultText == nil && help == nil ? nil : describe(recipe)
    copy.ownHelp = help
    return copy
  }

  /// The part of a recipe as it is typed; nil if it is left open.
  package func text(in recipe: Recipe) -> String? { describe(recipe) }

  package var name: String { option.name }
  package var help: String { ownHelp ?? option.help }
  package var placeholder: String? { option.placeholder }
  package var isRepeatable: Bool { option.isRepeatable }
  package var choices: [ChoiceHelp] { option.choices }
  package var expectation: String? { option.expectation }
  package var defaultText: String? { shownDefault ?? option.defaultText }
  package func read(_ texts: [String]) throws(ExampleFailure) -> ParsedOption {
    try option.read(texts)
  }
}

extension Recipe {
  /// Takes the parts that a command line gives.
  package mutating func apply(_ options: [RecipeOption], of values: OptionValues) {
    for option in options where values.gives(option) { option.apply(values, &self) }
    // A model that is asked for comes with what suits it.
    guard values.gives(named: ModelOptions.model.name) else { return }
    if let width = model.kind.standardWidth, !values.gives(named: ModelOptions.width.name) {
      model.width = width
    }
    if let rate = model.kind.standardLearningRate,
      !values.gives(named: TrainingOptions.learningRate.name)
    {
      training.learningRate = rate
    }
  }

  /// The options that state what matters, as they could be typed.
  package func stated(by options: [RecipeOption]) -> [(name: String, value: String)] {
    options.filter { $0.matters(self) }.compactMap { option in
      option.text(in: self).map { (option.name, $0) }
    }
  }

  /// Whether one of the adjusters is or has one of a kind.
  package func uses(_ kind: AdjusterKind) -> Bool { adjusters.contains { $0.contains(kind) } }
}
