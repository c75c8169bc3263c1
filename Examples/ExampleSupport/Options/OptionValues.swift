import TensorKit

/// The values of a command line, looked up with the options that declare them.
///
/// ```swift
/// let count = values[steps]  // Int
/// ```
package struct OptionValues: Sendable {
  /// The program's name.
  package let program: String
  /// Every option with its value, in the order of the help.
  package let settings: [Setting]
  /// The command line as it could be typed into a shell.
  package let commandLine: String
  /// The texts that were given, by the option's name.
  let texts: [String: [String]]
  private let parsed: [String: ParsedOption]

  init(
    command: Command, given: [String: [String]], arguments: [String]
  ) throws(ExampleFailure) {
    try self.init(
      command: command, given: given,
      commandLine: ([command.name] + arguments).map(Self.quoted).joined(separator: " "))
  }

  init(
    command: Command, given: [String: [String]], commandLine: String
  ) throws(ExampleFailure) {
    program = command.name
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
    texts = given
    self.commandLine = commandLine
  }

  /// Arguments that give the same values: each option with its text in one argument.
  package var arguments: [String] {
    settings.flatMap { setting in
      (texts[setting.name] ?? []).map { text in
        // A flag is given the empty text, which no other option accepts.
        text.isEmpty ? "--\(setting.name)" : "--\(setting.name)=\(text)"
      }
    }
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
  package func gives(_ option: some OptionDeclaration) -> Bool { gives(named: option.name) }

  /// Whether the command line gives an option, by its name.
  package func gives(named name: String) -> Bool { texts[name] != nil }

  /// An argument as a shell reads it.
  ///
  /// By scalars: a shell sees the apostrophe before a combining mark, which is no character of its own.
  package static func quoted(_ argument: String) -> String {
    let plain = argument.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0.properties.numericType != nil
        || "-_=./,:+@%".unicodeScalars.contains($0)
    }
    if plain, !argument.isEmpty { return argument }
    return "'" + argument.replacingExactly("'", with: "'\\''") + "'"
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
