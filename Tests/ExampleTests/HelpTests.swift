import Foundation
import TensorKit
import Testing

@testable import ExampleSupport

@Suite("Help and running")
struct HelpTests {
  let command = ExampleCommand.command

  @Test("The help shows every option, default, choice, heading and example")
  func complete() {
    let help = command.helpText()
    for option in command.options {
      #expect(help.contains("--\(option.name)"))
      if let text = option.defaultText { #expect(help.contains("default: \(text)")) }
      for choice in option.choices { #expect(help.contains(choice.name)) }
    }
    for group in command.groups { #expect(help.contains("\n\(group.heading):\n")) }
    for text in ["--help", "--version", "Examples:", "    Example --steps 10", "1 to 1000000"] {
      #expect(help.contains(text))
    }
  }

  @Test("The brief help shows examples first, and a line for each option that matters most")
  func brief() throws {
    let help = command.briefHelpText()
    let examples = try #require(help.range(of: "Examples:"))
    let options = try #require(help.range(of: "\nOptions:\n"))
    #expect(examples.lowerBound < options.lowerBound)
    // One option explains two sentences, of which the first is enough.
    #expect(help.contains("--output FOLDER") && help.contains("--help-all explains"))
    for option in command.options { #expect(help.contains("--\(option.name)")) }
    #expect(!help.contains("takes some words to explain"))
    let few = Command(
      "Example", summary: "", groups: command.groups, essential: [ExampleCommand.steps]
    ).briefHelpText()
    #expect(few.contains("--steps N") && !few.contains("--seed"))
    #expect(few.contains("--help-all explains all \(command.options.count) options."))
  }

  @Test(
    "Programs are called as their users typed them",
    arguments: [
      ("/home/a/.build/x86_64-unknown-linux-gnu/release/Example", "swift run -c release Example"),
      ("/home/a/.build/debug/Example", "swift run Example"), ("./Example", "./Example"),
      (".build/release/Example", ".build/release/Example"), ("Example", "Example"),
      ("/usr/bin/Example", "Example"), ("", "Example"), ("/usr/bin/xctest", "Example"),
    ])
  func invocation(path: String, words: String) {
    #expect(Invocation.words(startedBy: path, name: "Example") == words)
  }

  @Test("No line of the help is wider than the terminal", arguments: [40, 60, 80, 100, 300])
  func width(columns: Int) {
    let text = command.helpText(columns: columns) + command.briefHelpText(columns: columns)
    let lines = text.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= min(columns, 100) })
  }

  @Test("Text is broken between words")
  func wrapping() {
    #expect(TextWrapping.wrap("one two  three", columns: 8) == ["one two", "three"])
    #expect(TextWrapping.wrap("one two", columns: 6, indent: 2) == ["  one", "  two"])
    #expect(TextWrapping.wrap("extraordinary", columns: 5) == ["extraordinary"])
    #expect(TextWrapping.wrap("", columns: 5) == [])
  }

  @Test(
    "Help and version go to standard output and end well",
    arguments: [
      (["--help"], "Usage:"), (["-h"], "Usage:"), (["--steps", "x", "--help"], "Usage:"),
      (["--help-all"], "Usage:"), (["--version"], "Example 0.2.0\n"),
    ])
  func information(arguments: [String], text: String) {
    let output = Recorder()
    let errors = Recorder()
    let code = command.execute(
      arguments, standardOutput: output.output(), standardError: errors.output()
    ) { _ in Issue.record("the program ran") }
    #expect(code == .success)
    #expect(output.text.contains(text))
    #expect(errors.written.isEmpty)
  }

  struct OtherError: Error {}
  struct LongError: Error, CustomStringConvertible { let description = "two\nlines." }

  @Test("A thrown error is one line on standard error and an exit code")
  func errors() {
    let cases: [(any Error, Int32, String)] = [
      (ExampleFailure.badData("no pixels in a\nb"), 65, "error: no pixels in a\\nb\n"),
      (ExampleFailure.inputOutput("disk full"), 74, "error: disk full\n"),
      (OtherError(), 70, "error: OtherError()\n"), (LongError(), 70, "error: two lines\n"),
    ]
    for (error, number, line) in cases {
      let output = Recorder()
      let errors = Recorder()
      let code = command.execute(
        [], standardOutput: output.output(), standardError: errors.output()
      ) { _ in throw error }
      #expect(code.rawValue == number)
      #expect(errors.text == line)
      #expect(output.written.isEmpty)
    }
  }

  @Test("A file's error has its exit code")
  func fileErrors() {
    let kinds: [(FileError.Kind, ExitCode)] = [
      (.noSuchFile, .noInput), (.unreadable, .noInput), (.malformed, .dataError),
      (.unsupported, .dataError), (.missing, .dataError), (.unwritable, .cannotCreate),
      (.writingFailed, .inputOutput),
    ]
    for (kind, expected) in kinds {
      let errors = Recorder()
      let code = command.execute([], standardError: errors.output()) { _ in
        throw FileError(kind, path: "a", reason: "it is odd")
      }
      #expect(code == expected && errors.text == "error: a: it is odd\n")
    }
  }

  @Test("The exit codes are those of sysexits.h")
  func codes() {
    let codes: [(ExitCode, Int32)] = [
      (.success, 0), (.usage, 64), (.dataError, 65), (.noInput, 66), (.unavailable, 69),
      (.software, 70), (.systemError, 71), (.cannotCreate, 73), (.inputOutput, 74),
    ]
    for (code, number) in codes { #expect(code.rawValue == number) }
  }
}
