/// The values of a command line, looked up with the options that declare them.
///
/// ```swift
/// let count = values[steps]  // Int
/// ```
public struct OptionValues: Sendable {
  /// Every option with its value, in the order of the help.
  public let settings: [Setting]
  /// The command line as it could be typed into a shell.
  public let commandLine: String
  private let parsed: [String: ParsedOption]
  private let command: Command
  private let given: [String: [String]]
  private let arguments: [String]

  init(
    command: Command, given: [String: [String]], defaults: [String: [String]] = [:],
    arguments: [String]
  ) throws(ExampleFailure) {
    var parsed: [String: ParsedOption] = [:]
    var settings: [Setting] = []
    for group in command.groups {
      for option in group.options {
        let value: ParsedOption? =
          if let texts = given[option.name] ?? defaults[option.name] {
            try option.read(texts)
          } else {
            nil
          }
        parsed[option.name] = value
        let unset = option.placeholder == nil ? "no" : option.defaultText ?? ""
        settings.append(
          Setting(
            option.name, value?.text ?? unset, isGiven: given[option.name] != nil,
            group: group.heading))
      }
    }
    self.parsed = parsed
    self.settings = settings
    self.command = command
    self.given = given
    self.arguments = arguments
    commandLine = ([command.name] + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// The same command line with other defaults, such as those of a preset.
  ///
  /// - Parameter defaults: The texts of options by name, as they could be typed; for options that the
  ///   command line does not give.
  /// - Returns: The values, in which the new defaults do not count as given.
  /// - Throws: A failure if a default cannot be read.
  public func withDefaults(
    _ defaults: [String: [String]]
  ) throws(ExampleFailure) -> OptionValues {
    try OptionValues(command: command, given: given, defaults: defaults, arguments: arguments)
  }

  /// The value of an option: the one given, else its default.
  public subscript<Value>(option: Option<Value>) -> Value {
    parsed[option.name]?.value as? Value ?? option.defaultValue
  }

  /// The value of an option that has no default, or a failure that asks for it.
  public func required<Value>(_ option: Option<Value?>) throws(ExampleFailure) -> Value {
    if let value = self[option] { return value }
    throw .usage(
      "--\(option.name) is missing; give --\(option.name) \(option.placeholder ?? "VALUE")")
  }

  /// Whether the command line gives an option.
  public func gives(_ option: some OptionDeclaration) -> Bool {
    given[option.name] != nil
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
public struct Setting: Sendable, Equatable {
  /// The setting's name.
  public let name: String
  /// Its value as the user would type it; empty when it has none.
  public let value: String
  /// Whether the user gave it, as opposed to its being the default.
  public let isGiven: Bool
  /// The heading under which it belongs.
  public let group: String

  /// Makes a setting from its name and value.
  public init(_ name: String, _ value: String, isGiven: Bool = false, group: String = "") {
    self.name = name
    self.value = value
    self.isGiven = isGiven
    self.group = group
  }
}

extension [Setting] {
  /// The settings' values by name, for `summary.json`.
  public var json: JSONValue { .object(reduce(into: [:]) { $0[$1.name] = .string($1.value) }) }
}
