import Foundation
import Testing

/// A run of FitImage and the files that it left in its output folder.
struct FitImageFiles {
  let program: ProgramRun
  let folder: URL

  /// Runs the program with an output folder inside a folder.
  init(_ arguments: [String], in root: URL, output: String = "output") throws {
    program = try ProgramRun("FitImage", arguments + ["--output", output], in: root)
    folder = root.appendingPathComponent(output)
  }

  func data(_ name: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent(name))
  }

  func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

  /// The lines of a metrics file without the times, header first.
  func course(_ name: String = "metrics.csv") throws -> [String] {
    try text(name).split(separator: "\n").map {
      $0.split(separator: ",").prefix(3).joined(separator: ",")
    }
  }

  /// The losses of a metrics file.
  func losses(_ name: String = "metrics.csv") throws -> [Double] {
    try course(name).dropFirst().compactMap { Double($0.split(separator: ",")[1]) }
  }

  /// What the summary says about a run.
  func result(_ adjuster: String) throws -> [String: Any] {
    let summary = try JSONSerialization.jsonObject(with: data("summary.json")) as? [String: Any]
    let results = try #require(summary?["results"] as? [[String: Any]])
    return try #require(results.first { $0["adjuster"] as? String == adjuster })
  }

  /// The final PSNR of a run in full precision.
  func psnr(_ adjuster: String) throws -> Double {
    try #require(try result(adjuster)["psnr"] as? Double)
  }
}

/// Everything inside a folder by its path in it, with the contents of the files.
func contents(of folder: URL) throws -> [String: Data] {
  var found: [String: Data] = [:]
  for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
    found[name] = (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data()
  }
  return found
}
