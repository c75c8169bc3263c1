import Foundation
import TensorKit

/// Why an example stops: one sentence for the reader and an exit code for the caller.
package struct ExampleFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// One sentence, without a final full stop, that names the thing, the value and the remedy.
  package let message: String
  /// The code with which the process ends.
  package let exitCode: ExitCode

  package init(_ message: String, exitCode: ExitCode) {
    self.message = message
    self.exitCode = exitCode
  }

  /// The command line was wrong (64).
  package static func usage(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .usage)
  }

  /// The input's content was wrong (65).
  package static func badData(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .dataError)
  }

  /// An input file is missing or cannot be read (66).
  package static func noInput(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .noInput)
  }

  /// An output file or folder cannot be created (73).
  package static func cannotCreate(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .cannotCreate)
  }

  /// Reading or writing failed half way (74).
  package static func inputOutput(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .inputOutput)
  }

  /// The program itself failed, for instance because training diverged (70).
  package static func software(_ message: String) -> ExampleFailure {
    ExampleFailure(message, exitCode: .software)
  }

  /// The sentence.
  package var description: String { message }
}

extension ExampleFailure {
  /// Several failures as one, with the exit code of the first; nil without any.
  package init?(joining failures: [ExampleFailure]) {
    guard let first = failures.first else { return nil }
    self.init(failures.map(\.message).joined(separator: "; "), exitCode: first.exitCode)
  }

  /// The failure that any error stands for, with the exit code of the package's own errors.
  package init(_ error: any Error) {
    switch error {
    case let error as ExampleFailure: self = error
    case let error as FileError:
      self.init(error.description, exitCode: Self.exitCode(for: error.kind))
    default:
      let localized = (error as? any LocalizedError)?.errorDescription
      let sentence = (localized ?? "\(error)").split(whereSeparator: \.isNewline)
        .joined(separator: " ")
      self = .software(sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence)
    }
  }

  /// The exit code for a file that cannot be used.
  package static func exitCode(for kind: FileError.Kind) -> ExitCode {
    switch kind {
    case .noSuchFile, .unreadable: .noInput
    case .malformed, .unsupported, .missing: .dataError
    case .unwritable: .cannotCreate
    case .writingFailed: .inputOutput
    }
  }
}
