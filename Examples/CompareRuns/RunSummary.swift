import ExampleSupport
import Foundation
import TensorKit

/// What a run's `summary.json` says.
struct RunSummary {
  /// The run's folder, as seen from that of the page.
  let path: String
  /// Whether there is a report to read.
  let hasReport: Bool
  /// What was fitted; nil for a run that fits nothing, as one that looks into networks.
  let subject: Subject?
  /// The name of what was fitted.
  let subjectName: String
  /// When the run was made, and by which command.
  let date: String
  let command: String
  /// The settings, by name.
  let settings: [String: String]
  /// What came out of each adjuster.
  let results: [RunResult]

  /// The seed; empty if the summary has none.
  var seed: String { settings["seed"] ?? "" }

  /// A setting in words, as `model finer`; nil where it does not apply.
  func describes(_ name: String) -> String? {
    settings[name].flatMap { $0.isEmpty ? nil : "\(name) \($0)" }
  }

  /// Which values of a measure are better.
  static func better(of measure: String) -> BetterValue {
    let higher = ["psnr", "ssim", "iou", "f_score", "normal_consistency", "precision", "recall"]
    return higher.contains { measure.contains($0) } ? .higher : .lower
  }

  /// What came out of one adjuster.
  struct RunResult {
    let name: String
    /// How good it is, by the measure of the subject.
    let quality: Double?
    let steps: Double?
    let seconds: Double?
    let failure: String?
    /// All its numbers, by name.
    let numbers: [String: Double]
  }

  /// The kinds of what is fitted, each with its measure.
  enum Subject: String, CaseIterable {
    case picture, function, shape, scene

    /// The name of the measure among a run's results.
    var measure: String {
      switch self {
      case .picture, .scene: "psnr"
      case .function: "relative_error"
      case .shape: "iou"
      }
    }

    /// How the measure is shown.
    var column: ReportTable.Column {
      switch self {
      case .picture, .scene: .number("PSNR (dB)", decimals: 2, better: .higher)
      case .function: .number("Relative error", better: .lower)
      case .shape: .number("IoU", decimals: 4, better: .higher)
      }
    }

    /// The heading of their table.
    var heading: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() + "s" }
  }

  /// How deep folders are looked into.
  private static let depth = 3

  /// The runs in a folder and in folders within it, and what cannot be read, in sentences.
  static func all(in folder: URL) throws -> (runs: [RunSummary], unread: [String]) {
    var runs: [RunSummary] = []
    var unread: [String] = []
    for path in try folders(in: folder, depth: depth) {
      let place = folder.appendingPathComponent(path)
      let file = place.appendingPathComponent("summary.json")
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      do {
        let data = Data(try WholeFile.bytes(ofFileAt: file.path))
        guard let value = try? JSONValue(file: data),
          let run = RunSummary(
            value, path: path,
            hasReport: FileManager.default.fileExists(
              atPath: place.appendingPathComponent("report.html").path))
        else {
          unread.append("note: \(path)/summary.json is not of a run; left out")
          continue
        }
        runs.append(run)
      } catch let error as FileError {
        unread.append("note: \(path)/summary.json was left out: \(error.reason)")
      }
    }
    return (runs, unread)
  }

  /// The paths of folders, in order; earlier runs that were moved aside and checkpoints are left out.
  private static func folders(in folder: URL, depth: Int) throws -> [String] {
    guard depth > 0 else { return [] }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    var paths: [String] = []
    for name in names where ![RunFolder.previous, "checkpoints"].contains(name) {
      let place = folder.appendingPathComponent(name)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder),
        isFolder.boolValue, !name.hasPrefix("."),
        // A link may lead back to where it is.
        (try? FileManager.default.destinationOfSymbolicLink(atPath: place.path)) == nil
      else { continue }
      paths.append(name)
      // What may not be read holds no runs.
      paths += ((try? folders(in: place, depth: depth - 1)) ?? []).map { "\(name)/\($0)" }
    }
    return paths
  }

  /// A summary; nil if it is not one of a program of this package.
  init?(_ summary: JSONValue, path: String, hasReport: Bool) {
    guard let made = summary["made"] else { return nil }
    if case .object(let members)? = summary["settings"] {
      settings = members.compactMapValues(\.text)
    } else {
      settings = [:]
    }
    self.path = path
    self.hasReport = hasReport
    date = made["date"]?.text ?? ""
    command = made["command"]?.text ?? ""
    let kinds: [Subject] =
      [.picture, .shape, .scene].filter { summary[$0.rawValue] != nil }
      + (summary["frequencies"] != nil ? [.function] : [])
    subject = kinds.first
    guard let kind = kinds.first else {
      subjectName = ""
      results = []
      return
    }
    subjectName =
      summary[kind.rawValue]?["name"]?.text ?? summary["preset"]?.text ?? "a function"
    let measured = summary["results"]?.elements ?? []
    results = measured.map { result in
      let field = result["field"]?.text
      let adjuster = result["adjuster"]?.text ?? "run"
      var numbers: [String: Double] = [:]
      if case .object(let members) = result { numbers = members.compactMapValues(\.double) }
      return RunResult(
        name: field.map { "\($0), \(adjuster)" } ?? adjuster,
        quality: result[kind.measure]?.double,
        steps: (result["steps"] ?? result["runs"]?.elements.first?["steps"])?.double,
        seconds: result["training_seconds"]?.double, failure: result["failure"]?.text,
        numbers: numbers)
    }
  }
}
