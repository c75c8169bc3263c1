import Testing

@testable import ExampleSupport

@Suite("Values joined by a sign")
struct JoinedKindTests {
  private static let names = ValueKind<[String]>.joined(
    .choice(["red", "green", "blue"]), by: "+", parts: { $0 },
    combine: { parts throws(ValueProblem) in
      if parts == ["blue", "red"] {
        throw ValueProblem("which is the wrong way round", remedy: "give red+blue")
      }
      return parts
    })

  private static let option = Option("colors", names, default: ["red", "blue"], help: "Colors.")

  @Test(
    "Parts are read in order and written as they were typed",
    arguments: ["red", "red+blue", "green+red+green"])
  func parts(text: String) throws {
    let parsed = try Self.option.read([text])
    #expect(parsed.value as? [String] == text.split(separator: "+").map(String.init))
    #expect(parsed.text == text)
    #expect(Self.option.defaultText == "red+blue")
    #expect(Self.option.choices.map(\.name) == ["red", "green", "blue"])
  }

  @Test(
    "What is wrong is said of the part, or of the whole",
    arguments: [
      (
        "gren",
        "--colors was given \"gren\", which is not one of its choices; "
          + "did you mean \"green\"?"
      ),
      (
        "red+gren",
        "--colors was given \"red+gren\", a part of which is \"gren\", "
          + "which is not one of its choices; did you mean \"green\"?"
      ),
      (
        "red+",
        "--colors was given \"red+\", a part of which is \"\"; "
          + "choose one of red, green, blue"
      ),
      ("", "--colors was given \"\"; choose one of red, green, blue"),
      (
        "blue+red",
        "--colors was given \"blue+red\", which is the wrong way round; "
          + "give red+blue"
      ),
    ])
  func problems(text: String, message: String) {
    #expect(throws: ExampleFailure(message, exitCode: .usage)) {
      try Self.option.read([text])
    }
  }
}
