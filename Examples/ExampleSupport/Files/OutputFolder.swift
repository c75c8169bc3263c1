import Foundation
import TensorKit

/// The folder that receives a run's files; it is made when the first of them is written.
package struct OutputFolder: Sendable, Equatable {
  /// Where the folder is or will be.
  package let url: URL

  /// Names a folder without looking at the disk.
  package init(_ url: URL) {
    self.url = url
  }

  /// Names a folder by its path without looking at the disk.
  package init(path: String) {
    self.init(URL(fileURLWithPath: path))
  }

  /// Makes sure, before a long run, that files can be written here; leaves nothing behind.
  package func checkWritable() throws(ExampleFailure) {
    let existing = try nearestExistingFolder()
    // Trying is the only sure test: permissions do not tell about read-only or full disks.
    var template = Array("\(existing)/.write-check-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = WholeFile.systemMessage(errno)
      let isThere = existing == url.standardizedFileURL.path
      throw .cannotCreate(
        "cannot \(isThere ? "write to" : "create") the output folder \(url.relativePath)"
          + (isThere ? "" : " in \(shownPath(existing))")
          + ": \(reason); choose another folder")
    }
    rmdir(template)
  }

  /// Writes a file whole or not at all and returns where it is.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - name: The file's name, which may lead through subfolders, as `figures/fit.png`.
  /// - Returns: Where the file is.
  /// - Throws: A failure to create the file (73) or to write it (74).
  @discardableResult
  package func write(_ data: Data, to name: String) throws(ExampleFailure) -> URL {
    let file = try prepare(name)
    do {
      try WholeFile.write(Array(data), toFileAt: file.path)
    } catch {
      throw ExampleFailure(error)
    }
    return file
  }

  /// Writes a text file in UTF-8 whole or not at all and returns where it is.
  @discardableResult
  package func write(_ text: String, to name: String) throws(ExampleFailure) -> URL {
    try write(Data(text.utf8), to: name)
  }

  private func prepare(_ name: String) throws(ExampleFailure) -> URL {
    _ = try nearestExistingFolder()
    let file = url.appendingPathComponent(name)
    let folder = file.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreate(
        "cannot create the folder \(folder.relativePath); choose another output folder")
    }
    return file
  }

  /// The path of the folder itself or of the nearest one above it that exists.
  private func nearestExistingFolder() throws(ExampleFailure) -> String {
    var candidate = url.standardizedFileURL
    while true {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder) {
        if isFolder.boolValue { return candidate.path }
        let itself = candidate.path == url.standardizedFileURL.path
        throw .cannotCreate(
          itself
            ? "the output folder \(url.relativePath) is a file; choose another folder"
            : "the output folder \(url.relativePath) would lie inside the file "
              + "\(shownPath(candidate.path)); choose another folder")
      }
      if candidate.path == "/" { return "/" }
      candidate = candidate.deletingLastPathComponent()
    }
  }

  private func shownPath(_ path: String) -> String {
    let current = FileManager.default.currentDirectoryPath
    return path.droppingExactPrefix(current + "/") ?? path
  }
}

extension OutputFolder {
  /// Writes files that belong together, whatever the user presses meanwhile.
  package func write(_ files: [OutputFile], then body: () throws -> Void = {}) throws {
    try Interruption.ignored {
      for file in files { try write(file.data, to: file.name) }
      try body()
    }
  }

  /// Says where the report is, and prints lines for programs to read.
  package func announceReport(with lines: [String]) {
    let path = url.appendingPathComponent("report.html").path
    TextOutput.standardError.writeLine("The report is \(path)")
    for line in lines { print(line) }
  }
}

/// A file that is yet to be written.
package struct OutputFile {
  /// Its name in the folder.
  package let name: String
  /// Its bytes.
  package let data: Data

  /// A file of bytes.
  package init(_ name: String, _ data: Data) {
    self.name = name
    self.data = data
  }

  /// A text file in UTF-8.
  package init(_ name: String, _ text: String) { self.init(name, Data(text.utf8)) }
}
