import ExampleSupport
import Foundation
import TensorKit

extension ExampleFailure {
  /// The result of reading the file that an option names; file errors become failures that name the
  /// option.
  ///
  /// - Parameters:
  ///   - option: The option.
  ///   - file: Its value.
  ///   - remedy: What to do if the file does not hold what it should, unless the error says that.
  ///   - body: Reads the file at a path.
  /// - Returns: The body's result.
  /// - Throws: What the body throws, translated.
  package static func reading<Result>(
    _ option: Option<URL?>, _ file: URL, remedy: String, _ body: (_ path: String) throws -> Result
  ) throws -> Result {
    do {
      return try body(file.path)
    } catch let error as FileError {
      let hasRemedy = error.reason.contains(/; (convert|give|leave)\b/)
      throw ExampleFailure(
        "--\(option.name) was given \"\(file.relativePath)\"; \(error.reason)"
          + (hasRemedy ? "" : "; \(remedy)"), exitCode: exitCode(for: error.kind))
    }
  }
}
