import ExampleSupport
import Foundation
import TensorKit

/// The options of saving a run's state and of going on from it, which all programs that train have.
package enum CheckpointOptions {
  package static let every = Option(
    "checkpoint-every", CheckpointInterval.kind, default: .seconds(60),
    help: """
      Saves each run's state, in checkpoints/ of the output folder: after every N steps, or seconds, as \
      60s, and at its end. A run that was stopped goes on with --resume.
      """)
  package static let resume = resume(changing: mayChange)
  package static let keepBest = Option(
    flag: "keep-best",
    help: """
      Keeps the weights of each run's best step, the one that the report names, as \
      best-weights.safetensors in the output folder.
      """)

  /// All of them.
  package static let all: [any OptionDeclaration] = [every, resume, keepBest]

  /// The option of going on from checkpoints, for a program that has some of the options that may be given anew.
  ///
  /// Its value is that of ``resume``.
  ///
  /// - Parameter names: The names of these options.
  package static func resume(changing names: some Sequence<String>) -> Option<URL?> {
    Option(
      "resume", .existingFolder("DIR"),
      help: """
        Goes on from the checkpoints in an earlier run's output folder, with the settings of that run. Other \
        options need not be given again; \(names.sorted().map { "--\($0)" }.joined(separator: ", ")) may \
        be given anew. Results go to DIR, unless --output is given.
        """)
  }

  /// What does not change a run's steps, so that it may be another when the run goes on.
  static let mayChange: Set<String> = [
    "steps", "threads", "memory", "checkpoint-every", "output", "save-weights", "lpips",
  ]

  /// What is compared by the contents of files or not at all, rather than by its text.
  static let notCompared: Set<String> = [
    "resume", "image", "volume", "mesh", "points", "initial-weights",
  ]

  /// A command line's values, with those of the earlier run that it goes on with, if it does.
  ///
  /// - Parameters:
  ///   - values: What the command line gives.
  ///   - command: The program.
  ///   - kept: The options whose defaults depend on what may change, so that the earlier run's values stay.
  /// - Returns: The earlier run's values, in the places of which stand those that are given now.
  /// - Throws: A failure if there are no checkpoints, or they are of another program.
  package static func continued(
    _ values: OptionValues, by command: Command,
    keeping kept: (OptionValues) -> [any OptionDeclaration] = { _ in [] }
  ) throws -> OptionValues {
    guard let former = values[resume] else { return values }
    let folder = CheckpointStore(in: former).url
    let runs = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var problem: FileError?
    for name in runs.sorted() {
      do {
        let run = CheckpointFolder(path: folder.appendingPathComponent(name).path)
        guard let checkpoint = try run.newest()?.checkpoint,
          case let notes = checkpoint.notes, let text = notes[RunNotes.arguments],
          let arguments = try? JSONDecoder().decode([String].self, from: Data(text.utf8))
        else { continue }
        if let program = notes[RunNotes.program], program != command.name {
          throw ExampleFailure.usage(
            """
            --resume was given "\(former.relativePath)", whose checkpoints are of \(program); run that, or give \
            a folder of \(command.name)
            """)
        }
        let output = "--output=\(former.relativePath)"
        let merged = try command.values(of: values, replacing: arguments, and: [output])
        let settings = kept(merged).filter { !merged.gives(named: $0.name) }.compactMap { option in
          checkpoint.settings[option.name].map { "--\(option.name)=\($0)" }
        }
        return try command.values(
          of: values, replacing: arguments, and: settings + [output])
      } catch let error as FileError {
        problem = problem ?? error
      }
    }
    if let problem { throw problem }
    throw ExampleFailure.noInput(
      """
      --resume was given "\(former.relativePath)", which holds no checkpoints; give the output folder of a run \
      that was stopped, or leave --resume out
      """)
  }

  /// What a checkpoint notes of the program and its command line, from which ``continued(_:by:)`` goes on.
  ///
  /// - Parameter values: What the command line gives.
  package static func notes(of values: OptionValues) -> [String: String] {
    let arguments = values.arguments.filter { !$0.hasPrefix("--\(resume.name)=") }
    let encoded = (try? JSONEncoder().encode(arguments)) ?? Data()
    return [
      RunNotes.program: values.program, RunNotes.version: PackageVersion.current,
      RunNotes.libraries: NumericalLibraries.current.description,
      RunNotes.arguments: String(decoding: encoded, as: UTF8.self),
    ]
  }
}

/// What a checkpoint notes about the run, beside its settings.
enum RunNotes {
  /// The program.
  static let program = "program"
  /// Its arguments, as a JSON array.
  static let arguments = "arguments"
  /// The package's version.
  static let version = "version"
  /// What computed: last bits may be others elsewhere.
  static let libraries = "computed with"
}
