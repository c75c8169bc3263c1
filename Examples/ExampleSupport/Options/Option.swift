/// An option of a command, whatever the type of its value; see ``Option``.
package protocol OptionDeclaration: Sendable {
  /// The name without its two dashes.
  var name: String { get }
  /// What the option does, in a sentence for the help.
  var help: String { get }
  /// What stands for the value in the help; nothing for a flag.
  var placeholder: String? { get }
  /// Whether the option may be given several times.
  var isRepeatable: Bool { get }
  /// The accepted names, when the value is one of a list.
  var choices: [ChoiceHelp] { get }
  /// A short phrase for the accepted values, as `1 to 100`.
  var expectation: String? { get }
  /// The value used when the option is not given, as the user would type it.
  var defaultText: String? { get }

  /// Reads the texts given for this option, in their order.
  func read(_ texts: [String]) throws(ExampleFailure) -> ParsedOption
}

/// The value read for one option, kept with the text that shows it.
package struct ParsedOption: Sendable {
  let value: any Sendable
  let text: String
}

/// A typed option, declared once and used as the key to its value.
///
/// ```swift
/// let steps = Option("steps", .integer(in: 1...), default: 2000, help: "Training steps.")
/// let image = Option("image", .existingFile(), help: "The PNG file to fit.")
/// let adjusters = Option(repeating: "adjuster", .choice(names), help: "An adjuster to compare.")
/// let quiet = Option(flag: "quiet", help: "Show no progress.")
/// ```
package struct Option<Value: Sendable>: OptionDeclaration {
  /// The name without its two dashes.
  package let name: String
  /// What the option does, in a sentence for the help.
  package let help: String
  /// What stands for the value in the help; nothing for a flag.
  package let placeholder: String?
  /// Whether the option may be given several times.
  package let isRepeatable: Bool
  /// The accepted names, when the value is one of a list.
  package let choices: [ChoiceHelp]
  /// A short phrase for the accepted values, as `1 to 100`.
  package let expectation: String?
  /// The value used when the option is not given, as the user would type it.
  package let defaultText: String?
  /// The value used when the option is not given.
  package let defaultValue: Value
  private let collect: @Sendable ([String]) throws(ExampleFailure) -> (Value, String)

  /// Declares an option that always has a value.
  package init(
    _ name: String, _ kind: ValueKind<Value>, default defaultValue: Value, help: String
  ) {
    self.init(
      name, kind, repeatable: false, default: defaultValue,
      defaultText: kind.describe(defaultValue), help: help
    ) { texts throws(ExampleFailure) in
      let value = try kind.read(texts.last ?? "", for: name)
      return (value, kind.describe(value))
    }
  }

  /// Declares an option whose value is nothing unless it is given.
  package init<Wrapped: Sendable>(_ name: String, _ kind: ValueKind<Wrapped>, help: String)
  where Value == Wrapped? {
    self.init(name, kind, repeatable: false, default: nil, defaultText: nil, help: help) {
      texts throws(ExampleFailure) in
      let value = try kind.read(texts.last ?? "", for: name)
      return (value, kind.describe(value))
    }
  }

  /// Declares an option that may be given several times, for a list of values.
  package init<Element: Sendable>(
    repeating name: String, _ kind: ValueKind<Element>, default defaultValue: [Element] = [],
    help: String
  ) where Value == [Element] {
    let listed: @Sendable ([Element]) -> String = {
      $0.map(kind.describe).joined(separator: ", ")
    }
    self.init(
      name, kind, repeatable: true, default: defaultValue,
      defaultText: defaultValue.isEmpty ? nil : listed(defaultValue), help: help
    ) { texts throws(ExampleFailure) in
      var values: [Element] = []
      for text in texts { values.append(try kind.read(text, for: name)) }
      return (values, listed(values))
    }
  }

  /// Declares a flag: true when it is given.
  package init(flag name: String, help: String) where Value == Bool {
    self.init(
      name: name, help: help, placeholder: nil, isRepeatable: false, choices: [],
      expectation: nil, defaultText: nil, defaultValue: false
    ) { _ throws(ExampleFailure) in
      (true, "yes")
    }
  }

  private init<Element: Sendable>(
    _ name: String, _ kind: ValueKind<Element>, repeatable: Bool, default defaultValue: Value,
    defaultText: String?, help: String,
    collect: @escaping @Sendable ([String]) throws(ExampleFailure) -> (Value, String)
  ) {
    self.init(
      name: name, help: help, placeholder: kind.placeholder, isRepeatable: repeatable,
      choices: kind.choices, expectation: kind.expectation, defaultText: defaultText,
      defaultValue: defaultValue, collect: collect)
  }

  private init(
    name: String, help: String, placeholder: String?, isRepeatable: Bool, choices: [ChoiceHelp],
    expectation: String?, defaultText: String?, defaultValue: Value,
    collect: @escaping @Sendable ([String]) throws(ExampleFailure) -> (Value, String)
  ) {
    self.name = name
    self.help = help
    self.placeholder = placeholder
    self.isRepeatable = isRepeatable
    self.choices = choices
    self.expectation = expectation
    self.defaultText = defaultText
    self.defaultValue = defaultValue
    self.collect = collect
  }

  /// Reads the texts given for this option, in their order.
  package func read(_ texts: [String]) throws(ExampleFailure) -> ParsedOption {
    let (value, text) = try collect(texts)
    return ParsedOption(value: value, text: text)
  }
}

extension ValueKind {
  func read(_ text: String, for name: String) throws(ExampleFailure) -> Value {
    do {
      return try parse(text)
    } catch {
      let reason = error.reason.isEmpty ? "" : ", \(error.reason)"
      throw ExampleFailure(
        "--\(name) was given \"\(text)\"\(reason); \(error.remedy)", exitCode: error.exitCode)
    }
  }
}
