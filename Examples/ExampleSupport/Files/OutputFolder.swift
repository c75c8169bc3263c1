import Foundation
import TensorKit

/// The folder that is to receive a run's files; it is made when it is claimed.
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
    guard Ranks.isFirst else { return }
    let existing = try nearestExistingFolder()
    // Trying is the only sure test: permissions do not tell about read-only or full disks.
    var template = Array("\(existing)/.write-check-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = WholeFile.systemMessage(errno)
      let isThere = existing == url.standardizedFileURL.path
      throw .cannotCreate(
        "cannot \(isThere ? "write to" : "create") the output folder \(url.relativePath)"
          + (isThere ? "" : " in \(shownPath(existing))")
          + ": \(reason); choose another --output")
    }
    rmdir(template)
  }

  /// Takes the folder for this process, until the value that is returned is no longer needed.
  ///
  /// - Parameters:
  ///   - keepsEarlier: Whether the run goes on with the files of the one before, which are moved to
  ///     `previous` otherwise, as the first new one is written.
  ///   - plan: What the run reads and writes.
  ///   - remarks: Where it says that files were moved.
  /// - Returns: The folder, to which files can be written; in a process that leaves writing to another, one to which
  ///   nothing is.
  /// - Throws: A failure (73) if another process has the folder, if files that no run wrote are in the way, or if
  ///   nothing can be written there.
  package func claim(
    keepingEarlier keepsEarlier: Bool = false, for plan: FilePlan = FilePlan(),
    remarks: TextOutput = .standardError
  ) throws(ExampleFailure) -> RunFolder {
    _ = try nearestExistingFolder()
    return try RunFolder(url, keepingEarlier: keepsEarlier, plan: plan, remarks: remarks)
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
            ? "the output folder \(url.relativePath) is a file; choose another --output"
            : "the output folder \(url.relativePath) would lie inside the file "
              + "\(shownPath(candidate.path)); choose another --output")
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
