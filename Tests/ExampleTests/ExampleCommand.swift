import Foundation

@testable import ExampleSupport

/// A program with an option of every kind, for the tests.
enum ExampleCommand {
  enum Method: String, CaseIterable {
    case plain, inductive, fourier
  }

  static let steps = Option(
    "steps", .integer(in: 1...1_000_000), default: 2000, help: "How many training steps.")
  static let seed = Option("seed", .integer(in: 0...), help: "The seed of the random numbers.")
  static let shift = Option("shift", .number(), default: 0, help: "Added to every value.")
  static let rate = Option(
    "rate", .number(.positive), default: 1e-4, help: "The learning rate.")
  static let share = Option(
    "share", .number(.from(0...1)), default: 0.5, help: "The share of the pixels.")
  static let method = Option(
    "method",
    .choice { (method: Method) in
      switch method {
      case .plain: "The gradient as it is."
      case .inductive: "The gradient adjusted by the kernel, which takes some words to explain."
      case .fourier: "The gradient of reparametrized weights."
      }
    }, default: Method.plain, help: "How the gradient is adjusted.")
  static let network = Option(
    "network", .choice(["siren", "relu", "finer"]), default: "siren", help: "The network.")
  static let compare = Option(
    repeating: "compare", .choice(["adam", "sgd"]), help: "An optimizer to compare.")
  static let image = Option("image", .existingFile(), help: "The PNG file to fit.")
  static let output = Option(
    "output", .outputPath(), default: URL(fileURLWithPath: "output"),
    help: "Where the files are written.")
  static let quiet = Option(flag: "quiet", help: "Show no progress.")

  static let command = Command(
    "Example", summary: "Does nothing at all, but with every kind of option there is.",
    discussion: ["It only serves to show how the options of a program are read and explained."],
    groups: [
      OptionGroup("Input", image, network),
      OptionGroup("Training", steps, seed, shift, rate, share, method, compare),
      OptionGroup("Output", output, quiet),
    ],
    examples: [UsageExample("Example --steps 10", "Takes ten steps:")])

  static func values(_ arguments: String...) throws -> OptionValues {
    guard case .run(let values) = try command.parse(arguments) else {
      throw ExampleFailure.software("asked for help or for the version")
    }
    return values
  }
}

/// Collects what is written.
final class Recorder: @unchecked Sendable {
  private let lock = NSLock()
  private var pieces: [String] = []

  func add(_ text: String) { lock.withLock { pieces.append(text) } }
  var written: [String] { lock.withLock { pieces } }
  var text: String { written.joined() }

  func output(isTerminal: Bool = false, columns: Int = 80) -> TextOutput {
    TextOutput(isTerminal: isTerminal, columns: { columns }, write: add)
  }
}

/// A clock that is moved by hand.
final class HandClock: @unchecked Sendable {
  private let lock = NSLock()
  private var seconds = 0.0

  var now: Double { lock.withLock { seconds } }
  func advance(_ by: Double) { lock.withLock { seconds += by } }
}

/// A folder that is removed when the body is done.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "example-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  try body(url)
}

/// The names of what is in a folder, but for the hidden list of a run's files.
func names(in folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    .filter { $0 != FolderManifest.fileName }
}
