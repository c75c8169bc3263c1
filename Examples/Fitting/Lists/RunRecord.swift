import ExampleSupport
import Foundation
import TensorKit

/// What came of the runs of a list: a file with one line of JSON for each run that has ended.
package final class RunRecord {
  /// One line.
  package struct Entry: Codable, Sendable {
    package let run: String
    package let input: String
    package let seed: Int
    package let arguments: [String]
    package let code: Int
    package let seconds: Double
    package let error: String?
    /// The numbers and texts of `summary.json` for each adjuster.
    package let results: JSONValue?

    /// The line on the terminal.
    package var sentence: String {
      guard code == 0 else { return "\(run) failed: \(error ?? "with \(code)")" }
      let measures = (results?.elements ?? []).map { result in
        let value = ["psnr", "iou", "relative_error"].lazy.compactMap { measure in
          result[measure]?.double.map { "\(measure) \(NumberText.fixed($0, 2))" }
        }.first
        return [result["adjuster"]?.text, value].compactMap { $0 }.joined(separator: " ")
      }
      return "\(run): \(measures.joined(separator: ", ")) in \(NumberText.duration(seconds))"
    }
  }

  private let file: URL
  private var finished: [String: [String]] = [:]

  /// Reads what is there of the record, of all jobs of a list.
  ///
  /// - Throws: A failure if the folder cannot be made.
  package init(folder: URL, share: ListShare) throws {
    file = folder.appendingPathComponent(share.recordName)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ExampleFailure.cannotCreate(
        "cannot create the folder \(folder.relativePath); choose another --output")
    }
    for entry in Self.entries(in: folder) where entry.code == 0 {
      finished[entry.run] = entry.arguments
    }
  }

  /// All lines of all records in a folder, in order; what is no line of a record is passed over.
  package static func entries(in folder: URL) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix("runs") && $0.hasSuffix(".jsonl") }.sorted()
      .flatMap { name in
        let text =
          (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
          try? JSONDecoder().decode(Entry.self, from: Data($0.utf8))
        }
      }
  }

  /// Whether a run was finished with the same arguments, and its results are still there.
  func hasFinished(_ run: ListedRun) -> Bool {
    let summary = file.deletingLastPathComponent()
      .appendingPathComponent("\(run.name)/summary.json")
    return finished[run.name] == run.arguments
      && FileManager.default.fileExists(atPath: summary.path)
  }

  /// Adds a line.
  ///
  /// - Throws: `FileError` if it cannot be written.
  func append(_ entry: Entry) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = try encoder.encode(entry) + Data("\n".utf8)
    if !FileManager.default.fileExists(atPath: file.path) {
      try WholeFile.write(Array(line), toFileAt: file.path)
    } else {
      try WholeFile.append(Array(line), toFileAt: file.path)
    }
  }
}
