extension Command {
  /// The help text with every option, wrapped to a number of columns.
  package func helpText(columns: Int = 80) -> String {
    let width = Self.width(columns)
    var lines = opening(columns: width)
    for paragraph in discussion {
      lines += [""] + TextWrapping.wrap(paragraph, columns: width)
    }
    for group in groups + [Command.informationGroup] {
      lines += ["", "\(group.heading):"]
      for option in group.options { lines += helpLines(for: option, columns: width) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The help text for a start: what to type first, and a line for each of the options that matter most.
  package func briefHelpText(columns: Int = 80) -> String {
    let width = Self.width(columns)
    let shown = essential.isEmpty ? options : essential
    let count = options.count
    let rest =
      shown.count < count
      ? "\(invocation) --help-all explains all \(count) options."
      : "\(invocation) --help-all explains them in full."
    var lines = opening(columns: width) + ["", "Options:"]
    for option in shown { lines += briefLines(for: option, columns: width) }
    lines += [""] + TextWrapping.wrap(rest, columns: width)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func width(_ columns: Int) -> Int { min(max(columns, 40), 100) }

  /// What the program does, and command lines to begin with.
  private func opening(columns: Int) -> [String] {
    var lines = TextWrapping.wrap(summary, columns: columns)
    lines += ["", "Usage:"]
    lines += TextWrapping.wrap("\(invocation) [options]", columns: columns, indent: 2)
    guard !examples.isEmpty else { return lines }
    lines += ["", "Examples:"]
    for (index, example) in examples.enumerated() {
      if index > 0 { lines.append("") }
      lines += TextWrapping.wrap(example.about, columns: columns, indent: 2)
      let arguments = example.commandLine.droppingExactPrefix(name)
      lines.append("    \(arguments.map { invocation + $0 } ?? example.commandLine)")
    }
    return lines
  }

  private static let informationGroup = OptionGroup(
    "Information",
    Option(flag: "help", help: "Show what to begin with and stop."),
    Option(flag: "help-all", help: "Show this help and stop."),
    Option(flag: "version", help: "Show the version and stop."))

  private func helpLines(for option: any OptionDeclaration, columns: Int) -> [String] {
    var notes: [String] = []
    if let expectation = option.expectation { notes.append(expectation) }
    if option.isRepeatable { notes.append("may be given several times") }
    if let text = option.defaultText { notes.append("default: \(text)") }
    let about = option.help + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    return labelled(option, about, columns: columns)
      + choiceLines(option.choices, columns: columns, indent: Self.indent(columns))
  }

  /// More names than these are found in the whole help.
  private static let mostNames = 14

  /// What an option's help begins with, and the names that it takes.
  private func briefLines(for option: any OptionDeclaration, columns: Int) -> [String] {
    let first = option.help.prefixMatch(of: /.+?(?:[.;:](?=\s)|$)/)?.output ?? option.help[...]
    let sentence = [";", ":"].contains(first.suffix(1)) ? first.dropLast() + "." : first
    let names = option.choices.map(\.name)
    let listed = names.isEmpty || names.count > Self.mostNames ? nil : names.joined(separator: ", ")
    let note = listed ?? option.defaultText.map { "default: \($0)" }
    return labelled(
      option, sentence + (note.map { " (\($0))" } ?? ""), columns: columns)
  }

  private static func indent(_ columns: Int) -> Int { columns >= 64 ? 24 : 6 }

  /// A text about an option, beside its label or under it.
  private func labelled(
    _ option: any OptionDeclaration, _ about: String, columns: Int
  ) -> [String] {
    let label = "--\(option.name)" + (option.placeholder.map { " \($0)" } ?? "")
    let indent = Self.indent(columns)
    var lines = TextWrapping.wrap(about, columns: columns, indent: indent)
    let head = "  \(label)"
    if head.count + 2 <= indent, let first = lines.first {
      lines[0] = head + first.dropFirst(head.count)
    } else {
      lines.insert(head, at: 0)
    }
    return lines
  }

  private func choiceLines(_ choices: [ChoiceHelp], columns: Int, indent: Int) -> [String] {
    if choices.isEmpty { return [] }
    if choices.allSatisfy(\.about.isEmpty) {
      let names = choices.map(\.name).joined(separator: ", ")
      return TextWrapping.wrap("One of: \(names)", columns: columns, indent: indent)
    }
    let nameWidth = min((choices.map(\.name.count).max() ?? 0) + 2, 18)
    return choices.flatMap { choice in
      var lines = TextWrapping.wrap(
        choice.about, columns: columns, indent: indent + 2 + nameWidth)
      let head = String(repeating: " ", count: indent + 2) + choice.name
      if head.count < indent + 2 + nameWidth, let first = lines.first {
        lines[0] = head + first.dropFirst(head.count)
      } else {
        lines.insert(head, at: 0)
      }
      return lines
    }
  }
}

/// How the program was started, as a user would type it again.
enum Invocation {
  /// The words for a program that was started by a path.
  ///
  /// SwiftPM starts programs by the whole paths of what it has built, of which it tells what was typed. Other
  /// whole paths are shortened to their names, as shells find them by.
  ///
  /// - Parameters:
  ///   - path: What the process was started by.
  ///   - name: The program's name.
  static func words(startedBy path: String, name: String) -> String {
    guard path.split(separator: "/").last.map(String.init) == name else { return name }
    guard path.hasPrefix("/") else { return path }
    guard path.contains("/.build/") else { return name }
    return path.contains("/release/") ? "swift run -c release \(name)" : "swift run \(name)"
  }
}
