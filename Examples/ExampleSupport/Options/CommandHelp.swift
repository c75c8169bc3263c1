extension Command {
  /// The help text, wrapped to a number of columns.
  package func helpText(columns: Int = 80) -> String {
    let width = min(max(columns, 40), 100)
    var lines = TextWrapping.wrap(summary, columns: width)
    lines += ["", "Usage:"]
    lines += TextWrapping.wrap("\(name) [options]", columns: width, indent: 2)
    for paragraph in discussion {
      lines += [""] + TextWrapping.wrap(paragraph, columns: width)
    }
    for group in groups + [Command.informationGroup] {
      lines += ["", "\(group.heading):"]
      for option in group.options { lines += helpLines(for: option, columns: width) }
    }
    if !examples.isEmpty {
      lines += ["", "Examples:"]
      for (index, example) in examples.enumerated() {
        if index > 0 { lines.append("") }
        lines += TextWrapping.wrap(example.about, columns: width, indent: 2)
        lines.append("    \(example.commandLine)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let informationGroup = OptionGroup(
    "Information",
    Option(flag: "help", help: "Show this help and stop."),
    Option(flag: "version", help: "Show the version and stop."))

  private func helpLines(for option: any OptionDeclaration, columns: Int) -> [String] {
    let label = "--\(option.name)" + (option.placeholder.map { " \($0)" } ?? "")
    let indent = columns >= 64 ? 24 : 6
    var notes: [String] = []
    if let expectation = option.expectation { notes.append(expectation) }
    if option.isRepeatable { notes.append("may be given several times") }
    if let text = option.defaultText { notes.append("default: \(text)") }
    let about = option.help + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    var lines = TextWrapping.wrap(about, columns: columns, indent: indent)
    let head = "  \(label)"
    if head.count + 2 <= indent, let first = lines.first {
      lines[0] = head + first.dropFirst(head.count)
    } else {
      lines.insert(head, at: 0)
    }
    return lines + choiceLines(option.choices, columns: columns, indent: indent)
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
