import Foundation
import Testing

@testable import ExampleSupport

/// Every option of every program, with values that nobody should give.
@Suite("Any option")
struct AnyOptionTests {
  /// What is accepted by some kinds of options and refused by others, at the edges of numbers and of texts.
  static let values = [
    "", " ", "0", "1", "-1", "+1", "1.5", "½", "0x7f", "1e3", "1000", "1024", "65536", "1000000",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "99999999999999999999",
    "1e308", "-1e308", "5e-324", "1e309", "nan", "-nan", "inf", "-inf", "none", "a,b", "a+b", "++",
    "constant:", "steps:9223372036854775807:1e308", "/", "/nowhere/x", "/dev/null", "a\nb",
    "\u{1B}",
    "=", "--", "-", String(repeating: "9", count: 400),
  ]
  /// No number of any kind.
  static let noNumbers = [
    "", " ", "½", "1e309", "nan", "-nan", "inf", "-inf", "none", "a,b", "/", "=", "--", "-",
  ]

  /// What the program says to some arguments; nil if it would begin to work.
  private func refusal(_ program: AnyProgram, _ arguments: [String]) -> ExampleFailure? {
    do {
      guard case .run(let values) = try program.command.parse(program.complete(arguments))
      else { return nil }
      try program.check(values)
      return nil
    } catch {
      return ExampleFailure(error)
    }
  }

  /// Whether a failure teaches: one sentence that names the option and what to do.
  private func teaches(_ failure: ExampleFailure, _ name: String) -> Bool {
    let (message, parts) = (failure.message, failure.message.split(separator: "; "))
    return message.contains("--\(name)") && (parts.count > 1 || message.hasSuffix("?"))
      && !message.hasSuffix(".") && !message.visible.contains("\n")
      && [.usage, .dataError, .noInput, .cannotCreate, .systemError].contains(failure.exitCode)
  }

  @Test("takes a value or says what is wrong with it", arguments: AnyProgram.all)
  func anyValue(program: AnyProgram) {
    #expect(program.command.options.count >= 5)
    for option in program.command.options {
      for value in Self.values {
        guard let failure = refusal(program, ["--\(option.name)=\(value)"]) else { continue }
        #expect(teaches(failure, option.name), "--\(option.name)=\(value): \(failure.message)")
      }
    }
  }

  @Test("refuses what is empty, missing, given twice or no number", arguments: AnyProgram.all)
  func never(program: AnyProgram) {
    for option in program.command.options {
      let name = "--\(option.name)"
      func isNumber(_ text: String) -> Bool { (try? option.read([text])) != nil }
      var refused = [["\(name)="]]
      if option.placeholder == nil {
        refused += [[name, name], ["\(name)=yes"]]
      } else {
        refused += [[name], [name, name], [name, "--help-me"]]
        if ["1", "0.5"].contains(where: isNumber), !isNumber("x") {
          refused += Self.noNumbers.map { ["\(name)=\($0)"] }
          if !option.isRepeatable { refused.append(["\(name)=1", "\(name)=1"]) }
        }
      }
      for arguments in refused {
        let failure = refusal(program, arguments)
        #expect(failure.map { teaches($0, option.name) } == true, "\(arguments): \(failure as Any)")
        // What is to be read is not there, if its path is empty.
        #expect(failure.map { [.usage, .noInput].contains($0.exitCode) } == true)
      }
    }
  }

  @Test("of going on names the program's own options", arguments: AnyProgram.all)
  func namedOptions(program: AnyProgram) {
    let names = program.command.options.map(\.name)
    guard let resume = program.command.options.first(where: { $0.name == "resume" }) else { return }
    for match in resume.help.matches(of: /--([a-z-]+)/) {
      #expect(names.contains(String(match.1)), "\(match.0)")
    }
  }

  static let little = "--width 8 --hidden-layers 1 --steps 2 --downscale 8"
  static let littleScene =
    "--downscale 20 --train-views 3 --test-views 1 --rays 16 --steps 2 --width 4 --frames 1"
  static let extremes: [(program: String, options: String, code: Int32)] = [
    ("FitImage", "\(little) --seed \(Int.max)", 0),
    ("FitImage", "\(little) --patch \(Int.max) --adjuster none --adjuster bands", 0),
    ("FitImage", "\(little) --refresh \(Int.max) --band-count 1000 --adjuster bands-cosine", 0),
    ("FitImage", "\(little) --threads 1024 --memory 1000000 --adjuster bands", 0),
    ("FitImage", "\(little) --adjuster fr --fr-high 65536 --fr-low 65536 --fr-phases 1", 0),
    ("FitImage", "\(little) --adjuster none --model pe --pe-frequencies 30", 0),
    ("FitImage", "\(little) --adjuster none --model rff --rff-frequencies 65536", 0),
    ("FitImage", "\(little) --adjuster none --schedule cosine:\(Int.max)", 0),
    ("FitImage", "\(little) --adjuster none --schedule steps:\(Int.max):1e308", 0),
    ("FitImage", "\(little) --adjuster bands --exponent 1e308 --floor 5e-324", 0),
    ("FitImage", "\(little) --adjuster none --omega 1e308", 70),
    ("FitImage", "\(little) --adjuster none --learning-rate 1e308", 70),
    ("FitFunction", "--quick --width 8 --steps 2 --seed \(Int.max)", 0),
    ("FitFunction", "--quick --width 8 --steps 2 --seed \(Int.max) --seeds 1000", 64),
    ("FitFunction", "--quick --width 8 --steps 2 --seeds 1000000000", 64),
    (
      "InspectKernel", "--model siren --width 8 --samples 16 --grid 8 --steps 1 --seed \(Int.max)",
      0
    ),
    ("InspectKernel", "--model siren --width 8 --samples 16 --grid 8 --steps 1 --omega 1e308", 70),
    (
      "EvaluateShape",
      "--mesh \(AnyProgram.mesh) --reference \(AnyProgram.mesh) --samples 1 --resolution 2 --seed \(Int.max)",
      0
    ),
    (
      "EvaluateShape",
      "--mesh \(AnyProgram.mesh) --reference \(AnyProgram.mesh) --samples 9 --resolution 4 --threshold 1e308 --threads 1024",
      0
    ),
    ("CustomAdjuster", "--width 8 --steps 1 --threads 1024 --seed \(Int.max)", 0),
    ("FitScene", "\(littleScene) --seed \(Int.max) --threads 1024", 0),
    ("FitScene", "\(littleScene) --field grid --near 5e-324 --far 1e-300", 0),
    ("FitScene", "\(littleScene) --learning-rate 1e308", 70),
    ("FitScene", "\(littleScene) --schedule steps:\(Int.max):1e308", 0),
    ("FitScene", "\(littleScene) --empty-pixels 0 --block 64", 0),
  ]

  @Test("at its extremes ends as any run", arguments: extremes)
  func extreme(program: String, options: String, code: Int32) throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(program, options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == code, "\(run.standardError)")
    }
  }

  @Test(
    "of the number of steps allocates nothing for them",
    arguments: [
      "FitImage --width 8 --downscale 8", "FitImage --width 8 --downscale 8 --schedule cosine:9",
      "CompareAdjusters --width 8 --downscale 8", "FitFunction --quick --width 8",
      "CustomAdjuster --width 8",
    ])
  func endlessSteps(command: String) throws {
    // The largest number stands for as many as find room in a time.
    let count = Int.max - 1
    try withTemporaryFolder { root in
      let run = try ShellRun(
        """
        ulimit -v 8000000; $B/\(command) --steps \(count) >/dev/null 2>error & p=$!
        until grep -q /\(count) error || ! kill -0 $p; do sleep 0.02; done
        kill -TERM $p; wait $p; echo $?
        """, in: root
      ).run
      #expect(try text(root, "error").contains("/\(count)"))
      // Ended by the request, and not by a trap.
      #expect(run.standardOutput == "\(128 + SIGTERM)\n")
    }
  }

  @Test("of training that is recorded has few steps recorded, the first and the last among them")
  func recordedSteps() {
    #expect(AnyProgram.recordedSteps(ofTraining: 9) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(AnyProgram.recordedSteps(ofTraining: 1) == [0, 1])
    for last in [100, 1_000_000, Int.max / 4, Int.max - 1, Int.max] {
      let steps = AnyProgram.recordedSteps(ofTraining: last)
      #expect(steps.first == 0 && steps.last == last && steps.count < 250)
      #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
    }
  }
}
