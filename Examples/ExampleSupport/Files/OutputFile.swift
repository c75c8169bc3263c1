import Foundation
import TensorKit

/// A file that is yet to be made and written.
package struct OutputFile {
  /// Where a file goes.
  package enum Place: Sendable, Equatable {
    /// To the output folder, by its name there.
    case folder(String)
    /// To a path that the user chose.
    case path(URL)
  }

  /// Where it goes.
  package let place: Place
  /// Writes it to a path.
  private let body: (_ path: String) throws -> Void

  /// A file of bytes in the output folder, which are made when it is written.
  package init(_ name: String, _ data: @escaping () throws -> Data) {
    place = .folder(name)
    body = { try WholeFile.write(Array(try data()), toFileAt: $0) }
  }

  /// A text file in UTF-8 in the output folder, which is made when it is written.
  package init(_ name: String, _ text: @escaping () throws -> String) {
    place = .folder(name)
    body = { try WholeFile.write(Array(try text().utf8), toFileAt: $0) }
  }

  /// A file in the output folder that is written by a function.
  package init(_ name: String, writing body: @escaping (_ path: String) throws -> Void) {
    place = .folder(name)
    self.body = body
  }

  /// A file at a path that the user chose, which is written by a function.
  package init(at file: URL, _ body: @escaping (_ path: String) throws -> Void) {
    place = .path(file)
    self.body = body
  }

  /// Whether it is a table of numbers.
  package var holdsNumbers: Bool {
    if case .folder(let name) = place { name.hasSuffix(".csv") } else { false }
  }

  /// What it is called in sentences.
  func shown(in folder: RunFolder) -> String {
    switch place {
    case .folder(let name): folder.url(of: name).shownPath
    case .path(let file): file.shownPath
    }
  }

  fileprivate func write(to folder: RunFolder) throws {
    switch place {
    case .folder(let name): try body(folder.enter(name).path)
    case .path(let file):
      try folder.enter(at: file)
      try body(file.path)
    }
  }
}

extension RunFolder {
  /// Writes files that belong together, whatever the user presses meanwhile.
  ///
  /// Each is tried, whatever became of those before it: give the most precious first.
  ///
  /// - Throws: At the end, a failure that names all files that are missing, and why.
  package func write(_ files: [OutputFile]) throws(ExampleFailure) {
    if let failure = ExampleFailure(joining: tried(files).map(\.failure)) { throw failure }
  }

  /// Ends a run: writes its files, says where the report is, and prints its lines.
  ///
  /// - Parameters:
  ///   - files: The files, the most precious first; `report.html` is the report.
  ///   - lines: What programs read on standard output.
  ///   - failure: What went wrong before.
  ///   - output: Where the lines go.
  /// - Throws: What went wrong of all this, as one failure, once all is tried.
  package func finish(
    _ files: [OutputFile], lines: [String], failure: ExampleFailure? = nil,
    output: TextOutput = .standardOutput
  ) throws(ExampleFailure) {
    let missing = tried(files)
    let report = OutputFile.Place.folder("report.html")
    if files.contains(where: { $0.place == report }),
      !missing.contains(where: { $0.place == report })
    {
      remarks.writeLine("The report is \(url(of: report).path)")
    }
    var failures = missing.map(\.failure)
    do throws(ExampleFailure) { try output.deliver(lines) } catch { failures.append(error) }
    if let failure { failures.append(failure) }
    if let failure = ExampleFailure(joining: failures) { throw failure }
  }

  /// Tries to write files, and returns those that are missing.
  private func tried(
    _ files: [OutputFile]
  ) -> [(place: OutputFile.Place, failure: ExampleFailure)] {
    var missing: [(OutputFile.Place, ExampleFailure)] = []
    guard writes else { return [] }
    var written: Set<FileIdentity> = []
    Interruption.ignored {
      for file in files {
        // What making one file took is not held for the next.
        TensorMemory.returnUnused()
        do {
          // A file of an earlier run is replaced, but none of this one.
          guard !written.contains(FileIdentity(url(of: file.place))) else {
            throw ExampleFailure.cannotCreate("another file of this run has its name")
          }
          try file.write(to: self)
          written.insert(FileIdentity(url(of: file.place)))
        } catch {
          missing.append((file.place, Self.failure(of: file.shown(in: self), error)))
        }
      }
    }
    return missing
  }

  private func url(of place: OutputFile.Place) -> URL {
    switch place {
    case .folder(let name): url(of: name)
    case .path(let file): file
    }
  }

  private static func failure(of name: String, _ error: any Error) -> ExampleFailure {
    let reason = (error as? FileError)?.reason ?? ExampleFailure(error).message
    return ExampleFailure(
      reason.contains(name) ? reason : "\(name) is missing: \(reason)",
      exitCode: ExampleFailure(error).exitCode)
  }
}
