import Foundation

/// How the text after an option's name becomes a value, and how that is explained in the help.
package struct ValueKind<Value: Sendable>: Sendable {
  /// What stands for the value in the help, as `N` in `--steps N`.
  package let placeholder: String
  /// A short phrase for the values that are accepted, as `1 to 100`, or nothing.
  package let expectation: String?
  /// The accepted names with their explanations, when the value is one of a list.
  package let choices: [ChoiceHelp]
  let parse: @Sendable (String) throws(ValueProblem) -> Value
  let describe: @Sendable (Value) -> String

  /// Makes a kind of value from a function that reads it and one that writes it.
  ///
  /// - Parameters:
  ///   - placeholder: What stands for the value in the help.
  ///   - expectation: A short phrase for the accepted values, shown in the help.
  ///   - choices: The accepted names, when there is a list of them.
  ///   - describe: Writes a value as the user would type it.
  ///   - parse: Reads a value, or says what is wrong with the text.
  package init(
    placeholder: String,
    expectation: String? = nil,
    choices: [ChoiceHelp] = [],
    describe: @escaping @Sendable (Value) -> String = { "\($0)" },
    parse: @escaping @Sendable (String) throws(ValueProblem) -> Value
  ) {
    self.placeholder = placeholder
    self.expectation = expectation
    self.choices = choices
    self.describe = describe
    self.parse = parse
  }
}

extension ValueKind {
  /// The value of a text, or what is wrong with it.
  package func parsed(_ text: String) throws(ValueProblem) -> Value { try parse(text) }

  /// A value as it is typed.
  package func text(for value: Value) -> String { describe(value) }
}

/// One name that an option accepts, with a line of explanation for the help.
package struct ChoiceHelp: Sendable, Equatable {
  /// The name as it is typed.
  package let name: String
  /// What it means; may be empty.
  package let about: String

  package init(_ name: String, _ about: String = "") {
    self.name = name
    self.about = about
  }
}

/// What is wrong with the text given for an option, and what to give in its place.
package struct ValueProblem: Error, Equatable, Sendable {
  /// A clause about the text, as `which is not an integer`; may be empty.
  package let reason: String
  /// What to do, as `give an integer from 1 to 100`.
  package let remedy: String
  /// The code with which the program ends.
  package let exitCode: ExitCode

  package init(_ reason: String = "", remedy: String, exitCode: ExitCode = .usage) {
    self.reason = reason
    self.remedy = remedy
    self.exitCode = exitCode
  }
}

extension ValueKind {
  /// The same texts, with another value for each.
  ///
  /// - Parameters:
  ///   - describe: Writes a value as this kind's.
  ///   - value: The value that one of this kind's stands for.
  /// - Returns: The other kind of value.
  package func mapped<Other: Sendable>(
    describe: @escaping @Sendable (Other) -> Value, value: @escaping @Sendable (Value) -> Other
  ) -> ValueKind<Other> {
    let kind = self
    return ValueKind<Other>(
      placeholder: placeholder, expectation: expectation, choices: choices,
      describe: { kind.describe(describe($0)) },
      parse: { text throws(ValueProblem) in value(try kind.parse(text)) })
  }
}

extension ValueKind where Value == String {
  /// Any text that is not empty.
  package static func text(_ placeholder: String = "TEXT") -> ValueKind {
    ValueKind(placeholder: placeholder, describe: { $0 }) { text throws(ValueProblem) in
      if text.isEmpty {
        throw ValueProblem("which is empty", remedy: "give some text")
      }
      return text
    }
  }

  /// One of a list of names.
  package static func choice(_ names: [String], placeholder: String = "NAME") -> ValueKind {
    .choice(names.map { ChoiceHelp($0) }, placeholder: placeholder)
  }

  /// One of a list of names, each explained in the help.
  package static func choice(_ choices: [ChoiceHelp], placeholder: String = "NAME") -> ValueKind {
    .choice(choices, placeholder: placeholder, describe: { $0 }, value: { $0 })
  }
}

extension ValueKind where Value: CaseIterable & RawRepresentable<String> {
  /// One of the cases of an enumeration, typed as its raw value.
  ///
  /// - Parameters:
  ///   - placeholder: What stands for the value in the help.
  ///   - about: The line of explanation for each case.
  /// - Returns: A kind of value with the raw values as its names.
  package static func choice(
    placeholder: String = "NAME", about: (Value) -> String = { _ in "" }
  ) -> ValueKind {
    .choice(
      Value.allCases.map { ChoiceHelp($0.rawValue, about($0)) }, placeholder: placeholder,
      describe: { $0.rawValue }, value: { Value(rawValue: $0) })
  }
}

extension ValueKind {
  static func choice(
    _ choices: [ChoiceHelp], placeholder: String,
    describe: @escaping @Sendable (Value) -> String,
    value: @escaping @Sendable (String) -> Value?
  ) -> ValueKind {
    ValueKind(placeholder: placeholder, choices: choices, describe: describe) {
      text throws(ValueProblem) in
      let names = choices.map(\.name)
      if names.contains(text), let value = value(text) { return value }
      if let nearest = Spelling.nearest(to: text, in: names) {
        throw ValueProblem(
          "which is not one of its choices", remedy: "did you mean \"\(nearest)\"?")
      }
      throw ValueProblem(remedy: "choose one of " + names.joined(separator: ", "))
    }
  }
}

extension ValueKind where Value == URL {
  /// A file that must exist and be readable when the options are parsed.
  package static func existingFile(_ placeholder: String = "FILE") -> ValueKind {
    ValueKind(placeholder: placeholder, describe: { $0.relativePath }) {
      text throws(ValueProblem) in
      var isFolder: ObjCBool = false
      let files = FileManager.default
      guard !text.isEmpty, files.fileExists(atPath: text, isDirectory: &isFolder) else {
        throw ValueProblem(
          "but there is no such file", remedy: "give the path of an existing file",
          exitCode: .noInput)
      }
      if isFolder.boolValue {
        throw ValueProblem(
          "which is a folder", remedy: "give the path of a file", exitCode: .noInput)
      }
      if !files.isReadableFile(atPath: text) {
        throw ValueProblem(
          "which may not be read", remedy: "give the path of a readable file", exitCode: .noInput)
      }
      return URL(fileURLWithPath: text, isDirectory: false)
    }
  }

  /// A folder that must exist when the options are parsed.
  package static func existingFolder(_ placeholder: String = "DIR") -> ValueKind {
    ValueKind(placeholder: placeholder, describe: { $0.relativePath }) {
      text throws(ValueProblem) in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: text, isDirectory: &isFolder),
        isFolder.boolValue
      else {
        throw ValueProblem(
          "but there is no such folder", remedy: "give the path of an existing folder",
          exitCode: .noInput)
      }
      return URL(fileURLWithPath: text, isDirectory: true)
    }
  }

  /// A file or folder that the program will write; nothing is looked up when parsing.
  package static func outputPath(_ placeholder: String = "FOLDER") -> ValueKind {
    ValueKind(placeholder: placeholder, describe: { $0.relativePath }) {
      text throws(ValueProblem) in
      if text.isEmpty {
        throw ValueProblem("which is empty", remedy: "give a path")
      }
      return URL(fileURLWithPath: text)
    }
  }
}
