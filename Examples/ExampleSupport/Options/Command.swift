import TensorKit

/// Options that belong together, under one heading of the help.
package struct OptionGroup: Sendable {
  /// The heading.
  package let heading: String
  /// The options in the order of the help.
  package let options: [any OptionDeclaration]

  /// Puts options under a heading.
  package init(_ heading: String, _ options: any OptionDeclaration...) {
    self.init(heading, options)
  }

  /// Puts a list of options under a heading.
  package init(_ heading: String, _ options: [any OptionDeclaration]) {
    self.heading = heading
    self.options = options
  }
}

/// A command line worth showing, with a sentence about what it does.
package struct UsageExample: Sendable {
  /// The command line.
  package let commandLine: String
  /// What it does.
  package let about: String

  /// Shows a command line with a sentence about it.
  package init(_ commandLine: String, _ about: String) {
    self.commandLine = commandLine
    self.about = about
  }
}

/// A program's name, purpose and options: all that parsing and the help need.
package struct Command: Sendable {
  /// The program's name.
  package let name: String
  /// One sentence about what the program does.
  package let summary: String
  /// Paragraphs that teach what happens and what is written.
  package let discussion: [String]
  /// The options, grouped under headings.
  package let groups: [OptionGroup]
  /// The options that the brief help shows; none for all.
  package let essential: [any OptionDeclaration]
  /// Command lines shown at the beginning of the help.
  package let examples: [UsageExample]

  /// Declares a program.
  package init(
    _ name: String, summary: String, discussion: [String] = [], groups: [OptionGroup],
    essential: [any OptionDeclaration] = [], examples: [UsageExample] = []
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.groups = groups
    self.essential = essential
    self.examples = examples
  }

  /// The program as its user types it.
  package var invocation: String {
    Invocation.words(startedBy: CommandLine.arguments.first ?? "", name: name)
  }

  /// Every option in the order of the help.
  package var options: [any OptionDeclaration] { groups.flatMap(\.options) }

  /// What a command line asks for.
  package enum Request: Sendable {
    /// To show the help for a start.
    case help
    /// To show all of the help.
    case completeHelp
    /// To show the version.
    case version
    /// To run with these values.
    case run(OptionValues)
  }

  /// Reads the arguments that follow the program's name.
  package func parse(_ arguments: [String]) throws(ExampleFailure) -> Request {
    if arguments.contains("--help-all") { return .completeHelp }
    if arguments.contains("--help") || arguments == ["-h"] { return .help }
    if arguments.contains("--version") { return .version }
    return .run(
      try OptionValues(command: self, given: given(by: arguments), arguments: arguments))
  }

  /// An earlier command line's values, in the places of which stand those of another one.
  ///
  /// - Parameters:
  ///   - values: The other command line's values.
  ///   - earlier: The earlier command line, as ``OptionValues/arguments`` has it.
  ///   - changes: Arguments that the earlier one would have had.
  /// - Returns: Values with the other command line as ``OptionValues/commandLine``.
  package func values(
    of values: OptionValues, replacing earlier: [String], and changes: [String]
  ) throws(ExampleFailure) -> OptionValues {
    let all = try given(by: earlier).merging(try given(by: changes)) { $1 }
      .merging(values.texts) { $1 }
    return try OptionValues(command: self, given: all, commandLine: values.commandLine)
  }

  /// The texts that arguments give to options, by name.
  private func given(by arguments: [String]) throws(ExampleFailure) -> [String: [String]] {
    var given: [String: [String]] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument.count > 1, Double(argument) == nil else {
        throw .usage(
          "unexpected argument \"\(argument)\"; every value follows the name of an option"
            + exampleOfUse)
      }
      let (name, attached) = split(argument)
      guard argument.hasPrefix("--"), let option = options.first(where: { $0.name == name }) else {
        throw unknown(argument, name: name)
      }
      let text = try value(for: option, attached: attached, rest: &rest)
      if !option.isRepeatable, let earlier = given[name]?.last {
        let values = earlier == text ? "" : ", as \"\(earlier)\" and \"\(text)\""
        throw .usage("--\(name) is given twice\(values); give it once")
      }
      given[name, default: []].append(text)
    }
    return given
  }

  private func split(_ argument: String) -> (name: String, attached: String?) {
    let body = String(argument.unicodeScalars.drop { $0 == "-" })
    guard let (name, value) = body.splitExactly(atFirst: "=") else { return (body, nil) }
    return (name, value)
  }

  private func value(
    for option: any OptionDeclaration, attached: String?, rest: inout ArraySlice<String>
  ) throws(ExampleFailure) -> String {
    guard let placeholder = option.placeholder else {
      if let attached {
        throw .usage("--\(option.name) takes no value but was given \"\(attached)\"; remove it")
      }
      return ""
    }
    if let attached { return attached }
    guard let next = rest.first, !next.hasPrefix("--") else {
      throw .usage("--\(option.name) needs a value; write --\(option.name) \(placeholder)")
    }
    rest.removeFirst()
    return next
  }

  private func unknown(_ argument: String, name: String) -> ExampleFailure {
    let names = options.map(\.name) + ["help", "help-all", "version"]
    let shown = argument.splitExactly(atFirst: "=")?.before ?? argument
    let remedy =
      if let nearest = Spelling.nearest(to: name, in: names) {
        "did you mean --\(nearest)?"
      } else {
        "the options are " + names.map { "--\($0)" }.joined(separator: ", ")
      }
    return .usage("unknown option \(shown); \(remedy)")
  }

  private var exampleOfUse: String {
    guard let option = options.first(where: { $0.placeholder != nil }) else { return "" }
    return ", as in --\(option.name) \(option.placeholder ?? "")"
  }
}
