/// The values of a command line, looked up with the options that declare them.
///
/// ```swift
/// let count = values[steps]  // Int
/// ```
package struct OptionValues: Sendable {
  /// Every option with its value, in the order of the help.
  package let settings: [Setting]
  /// The command line as it could be typed into a shell.
  package let commandLine: String
  private let parsed: [String: ParsedOption]
  private let given: Set<String>

  init(
    command: Command, given: [String: [String]], arguments: [String]
  ) throws(ExampleFailure) {
    var parsed: [String: ParsedOption] = [:]
    var settings: [Setting] = []
    for group in command.groups {
      for option in group.options {
        let value: ParsedOption? =
          if let texts = given[option.name] {
            try option.read(texts)
          } else {
            nil
          }
        parsed[option.name] = value
        let unset = option.placeholder == nil ? "no" : option.defaultText ?? ""
        settings.append(
          Setting(
            option.name, value?.text ?? unset,
            origin: given[option.name] != nil ? .given : .standard, group: group.heading))
      }
    }
    self.parsed = parsed
    self.settings = settings
    self.given = Set(given.keys)
    commandLine = ([command.name] + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// The value of an option: the one given, else its default.
  package subscript<Value>(option: Option<Value>) -> Value {
    parsed[option.name]?.value as? Value ?? option.defaultValue
  }

  /// The value that the command line gives an option; nil if it gives none.
  package func given<Value>(_ option: any OptionDeclaration) -> Value? {
    parsed[option.name]?.value as? Value
  }

  /// Whether the command line gives an option.
  package func gives(_ option: some OptionDeclaration) -> Bool {
    given.contains(option.name)
  }

  private static func quoted(_ argument: String) -> String {
    let plain = argument.allSatisfy {
      $0.isLetter || $0.isNumber || "-_=./,:+@%".contains($0)
    }
    if plain, !argument.isEmpty { return argument }
    return "'" + argument.replacing("'", with: "'\\''") + "'"
  }
}

/// One setting of a run as text, for reports and summaries.
package struct Setting: Sendable, Equatable {
  /// The setting's name.
  package let name: String
  /// Its value as the user would type it; empty when it has none.
  package let value: String
  /// Where its value comes from.
  package let origin: Origin
  /// The heading under which it belongs.
  package let group: String

  /// Where a value comes from.
  package enum Origin: String, Sendable {
    /// The user gave it.
    case given
    /// It is the default.
    case standard = "default"
    /// It was chosen in the default's place, which does not work for the input.
    case chosen
  }

  /// A setting; the default unless an origin says otherwise.
  package init(_ name: String, _ value: String, origin: Origin = .standard, group: String = "") {
    self.name = name
    self.value = value
    self.origin = origin
    self.group = group
  }
}

extension [Setting] {
  /// The settings' values by name, for `summary.json`.
  package var json: JSONValue { .object(reduce(into: [:]) { $0[$1.name] = .string($1.value) }) }
}
