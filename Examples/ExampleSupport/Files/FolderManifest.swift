import Foundation

/// The list, in a hidden file of an output folder, of the files that a run wrote there.
///
/// One fact a line, so that lines can be appended, and one that breaks off is known as such: `held` with the
/// process that has the folder, `run` with what tells the run from others, `file` with a file's name in the
/// folder, or a sub-folder's with a slash at its end.
struct FolderManifest: Equatable {
  /// The name of the hidden file.
  static let fileName = ".gradient-adjusters-run"

  /// Tells the run whose files are listed from others; nil if no run is known.
  private(set) var run: String?
  /// The process that had the folder last, as `1234 (FitImage)`.
  private(set) var holder: String?
  /// The names of the files, in the order in which they were entered.
  private(set) var names: [String] = []

  /// Reads a list; what it does not know, and a last line that breaks off, is left out.
  init(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let words = line.split(separator: "\t", maxSplits: 1).map(String.init)
      guard words.count == 2 else { continue }
      switch words[0] {
      case "held": holder = words[1]
      case "run": run = words[1]
      case "file" where Self.isWithin(words[1]) && !names.contains(words[1]): names.append(words[1])
      default: continue
      }
    }
  }

  /// The list in a folder; an empty one if there is none.
  init(inFolderAt path: String) {
    let bytes = FileManager.default.contents(atPath: "\(path)/\(Self.fileName)") ?? Data()
    self.init(String(decoding: bytes, as: UTF8.self))
  }

  /// Whether a name leads into the folder and to nothing that has a meaning of its own there.
  static func isWithin(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let steps = name.hasSuffix("/") ? parts.dropLast() : parts[...]
    return !steps.isEmpty && steps.allSatisfy { !["", ".", ".."].contains($0) }
      && ![fileName, RunFolder.previous].contains(String(parts[0]))
      && !name.unicodeScalars.contains("\n")
  }

  /// Whether a file is listed, or lies in a sub-folder that is.
  func lists(_ name: String) -> Bool {
    names.contains { $0 == name || ($0.hasSuffix("/") && name.hasPrefix($0)) }
  }

  static func line(holder: String) -> String { "held\t\(holder)\n" }
  static func line(run: String) -> String { "run\t\(run)\n" }
  static func line(file: String) -> String { "file\t\(file)\n" }

  /// The list as text, without its holder.
  var text: String {
    (run.map(Self.line(run:)) ?? "") + names.map(Self.line(file:)).joined()
  }
}
