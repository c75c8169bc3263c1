import Foundation
import Testing

@testable import ExampleSupport

@Suite("Options")
struct OptionTests {
  typealias Program = ExampleCommand

  @Test("Defaults hold where nothing is given")
  func defaults() throws {
    let values = try Program.values()
    #expect(values[Program.steps] == 2000)
    #expect(values[Program.seed] == nil)
    #expect(values[Program.rate] == 1e-4)
    #expect(values[Program.method] == .plain)
    #expect(values[Program.compare] == [])
    #expect(values[Program.quiet] == false)
    #expect(!values.gives(Program.steps))
  }

  @Test("Both spellings of a value, negative numbers, repeated options and flags")
  func given() throws {
    let values = try Program.values(
      "--steps=7", "--shift", "-3.5", "--seed", "12", "--compare", "sgd", "--compare=adam",
      "--method", "fourier", "--quiet", "--rate", "1e-3")
    #expect(values[Program.steps] == 7)
    #expect(values[Program.shift] == -3.5)
    #expect(values[Program.seed] == 12)
    #expect(values[Program.compare] == ["sgd", "adam"])
    #expect(values[Program.method] == .fourier)
    #expect(values[Program.quiet])
    #expect(values[Program.rate] == 1e-3)
    #expect(values.gives(Program.steps))
  }

  @Test("A value may contain an equals sign or begin with two dashes when it is attached")
  func attached() throws {
    #expect(try Program.values("--output=a=b")[Program.output].lastPathComponent == "a=b")
    #expect(try Program.values("--output=--x")[Program.output].lastPathComponent == "--x")
  }

  static let bad: [([String], ExitCode, String)] = [
    (
      ["--stepz", "3"], .usage, "unknown option --stepz; did you mean --steps?"
    ),
    (["-steps", "3"], .usage, "unknown option -steps; did you mean --steps?"),
    (["--stepz=3"], .usage, "unknown option --stepz; did you mean --steps?"),
    (
      ["--frobnicate"], .usage,
      "unknown option --frobnicate; the options are --image, --network, --steps, --seed, "
        + "--shift, --rate, --share, --method, --compare, --output, --quiet, --help, --help-all, "
        + "--version"
    ),
    (
      ["--steps", "many"], .usage,
      "--steps was given \"many\", which is not an integer; give an integer from 1 to 1000000"
    ),
    (
      ["--steps", "0"], .usage,
      "--steps was given \"0\", which is out of range; give an integer from 1 to 1000000"
    ),
    (
      ["--steps=99999999999999999999"], .usage,
      "--steps was given \"99999999999999999999\", which is not an integer; "
        + "give an integer from 1 to 1000000"
    ),
    (
      ["--seed", "-1"], .usage,
      "--seed was given \"-1\", which is out of range; give an integer that is 0 or more"
    ),
    (
      ["--rate", "0"], .usage,
      "--rate was given \"0\", which is out of range; give a number that is above 0"
    ),
    (
      ["--rate", "nan"], .usage,
      "--rate was given \"nan\", which is not a finite number; give a number that is above 0"
    ),
    (
      ["--shift", "inf"], .usage,
      "--shift was given \"inf\", which is not a finite number; "
        + "give a number, such as 0.5 or 1e-3"
    ),
    (
      ["--share", "1.5"], .usage,
      "--share was given \"1.5\", which is out of range; give a number that is 0 to 1"
    ),
    (
      ["--network", "sirne"], .usage,
      "--network was given \"sirne\", which is not one of its choices; did you mean \"siren\"?"
    ),
    (
      ["--network", "transformer"], .usage,
      "--network was given \"transformer\"; choose one of siren, relu, finer"
    ),
    (
      ["--method", ""], .usage,
      "--method was given \"\"; choose one of plain, inductive, fourier"
    ),
    (
      ["--compare", "adam", "--compare", "x"], .usage,
      "--compare was given \"x\"; choose one of adam, sgd"
    ),
    (["--steps"], .usage, "--steps needs a value; write --steps N"),
    (["--steps", "--quiet"], .usage, "--steps needs a value; write --steps N"),
    (["--quiet=yes"], .usage, "--quiet takes no value but was given \"yes\"; remove it"),
    (["--quiet", "--quiet"], .usage, "--quiet is given twice; give it once"),
    (
      ["--steps", "1", "--steps", "2"], .usage,
      "--steps is given twice, as \"1\" and \"2\"; give it once"
    ),
    (
      ["cat.png"], .usage,
      "unexpected argument \"cat.png\"; every value follows the name of an option, "
        + "as in --image FILE"
    ),
    (
      ["-3"], .usage,
      "unexpected argument \"-3\"; every value follows the name of an option, as in --image FILE"
    ),
    (
      ["--image", "/nowhere/cat.png"], .noInput,
      "--image was given \"/nowhere/cat.png\", but there is no such file; "
        + "give the path of an existing file"
    ),
    (
      ["--image", "/"], .noInput,
      "--image was given \"/\", which is a folder; give the path of a file"
    ),
    (["--output="], .usage, "--output was given \"\", which is empty; give a path"),
  ]

  @Test("Each wrong command line has its sentence and its exit code", arguments: bad)
  func wrong(arguments: [String], code: ExitCode, sentence: String) {
    #expect(throws: ExampleFailure(sentence, exitCode: code)) {
      _ = try Program.command.parse(arguments)
    }
  }

  @Test("Settings tell what was given from what was not")
  func settings() throws {
    let values = try Program.values("--steps", "5", "--quiet", "--compare=adam", "--compare=sgd")
    func setting(_ name: String) -> Setting? { values.settings.first { $0.name == name } }
    #expect(setting("steps") == Setting("steps", "5", origin: .given, group: "Training"))
    #expect(setting("rate") == Setting("rate", "0.0001", group: "Training"))
    #expect(setting("quiet") == Setting("quiet", "yes", origin: .given, group: "Output"))
    #expect(setting("compare")?.value == "adam, sgd")
    #expect(setting("image")?.value == "")
    #expect(values.settings.count == Program.command.options.count)
  }

  @Test("The command line can be typed again")
  func commandLine() throws {
    let values = try Program.values("--output", "it's here", "--steps=3")
    #expect(values.commandLine == "Example --output 'it'\\''s here' --steps=3")
  }

  @Test(
    "The nearest name is a slip away, not a guess",
    arguments: [
      ("stpes", "steps"), ("step", "steps"), ("SEED", "seed"), ("outputs", "output"),
      ("netw", "network"), ("x", nil), ("banana", nil),
    ] as [(String, String?)])
  func nearest(typed: String, meant: String?) {
    #expect(Spelling.nearest(to: typed, in: ["steps", "seed", "output", "network"]) == meant)
  }

  @Test("Edit distances")
  func distances() {
    #expect(Spelling.editDistance("", "abc") == 3)
    #expect(Spelling.editDistance("kitten", "sitting") == 3)
    #expect(Spelling.editDistance("ab", "ba") == 1)
  }
}
