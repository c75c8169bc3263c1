import ExampleSupport
import Foundation
import TensorKit

/// A value of `summary.json`: a number, a text, or anything else, which is passed over.
package enum RunValue: Codable, Sendable, Equatable {
  case number(Double)
  case text(String)
  case flag(Bool)
  case other

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      // JSON has no infinities; see `JSONValue`.
      switch value {
      case "Infinity": self = .number(.infinity)
      case "-Infinity": self = .number(-.infinity)
      default: self = .text(value)
      }
    } else {
      self = .other
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let value) where value.isFinite: try container.encode(value)
    case .number(let value): try container.encode(value > 0 ? "Infinity" : "-Infinity")
    case .text(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .other: try container.encodeNil()
    }
  }

  /// The number; nil if it is none.
  package var number: Double? { if case .number(let value) = self { value } else { nil } }
  /// The text; nil if it is none.
  package var text: String? { if case .text(let value) = self { value } else { nil } }

}

/// What a run's `summary.json` says of its settings and its results.
package struct RunSummary: Sendable {
  /// The measures that a run is told by, the first that it has.
  package static let measures = ["psnr", "iou", "chamfer_l1", "relative_error", "loss"]

  /// Where it lies.
  package let folder: URL
  /// The settings, by name.
  package let settings: [String: String]
  /// For each adjuster what was measured.
  package let results: [[String: RunValue]]

  private struct File: Decodable {
    let settings: [String: String]
    let results: [[String: RunValue]]
  }

  /// Reads the summary of a run.
  ///
  /// - Parameter folder: The run's output folder.
  /// - Throws: A failure if there is none that can be read (66), or it is not one of this package's (65).
  package init(contentsOf folder: URL) throws {
    let file = folder.appendingPathComponent("summary.json")
    let bytes: [UInt8]
    do { bytes = try WholeFile.bytes(ofFileAt: file.path) } catch { throw ExampleFailure(error) }
    do {
      let content = try JSONDecoder().decode(File.self, from: Data(bytes))
      (self.folder, settings, results) = (folder, content.settings, content.results)
    } catch {
      throw ExampleFailure.badData(
        "\(file.relativePath) is no summary of runs of this package's programs; give a folder "
          + "that one of them wrote")
    }
  }

  /// The summaries of all runs in a folder, and in folders in it, sorted by path; runs that were replaced, in folders
  /// named `previous`, are left out.
  package static func all(in folder: URL) throws -> [RunSummary] {
    if FileManager.default.fileExists(
      atPath: folder.appendingPathComponent("summary.json").path)
    {
      return [try RunSummary(contentsOf: folder)]
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return try names.sorted().filter { $0 != RunFolder.previous && !$0.hasPrefix(".") }
      .flatMap { name -> [RunSummary] in
        let inner = folder.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: inner.path, isDirectory: &isFolder),
          isFolder.boolValue
        else { return [] }
        return try all(in: inner)
      }
  }

  /// What was fitted: the file's name, or the embedded one.
  package var subject: String {
    for name in ["image", "volume", "mesh", "points", "scene", "function"] {
      if let text = settings[name], !text.isEmpty {
        return text.contains("/") ? URL(fileURLWithPath: text).lastPathComponent : text
      }
    }
    return "the embedded one"
  }
}
