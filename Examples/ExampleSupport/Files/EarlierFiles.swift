import Foundation
import TensorKit

/// The files of an earlier run in an output folder, to be moved out of the way of a new one's.
struct EarlierFiles {
  private let folder: String
  private let manifest: FolderManifest
  private let names: [String]

  private var previous: String { "\(folder)/\(RunFolder.previous)" }

  /// The files of a folder's list that are there, but for those to be kept.
  init(in folder: URL, _ manifest: FolderManifest, keeping kept: [String]) {
    self.folder = folder.path
    self.manifest = manifest
    names = manifest.names.filter { !kept.contains($0) && Self.exists("\(folder.path)/\($0)") }
  }

  /// Refuses if something is in the way of moving them.
  func check() throws(ExampleFailure) {
    if names.isEmpty || !Self.exists(previous) { return }
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: previous, isDirectory: &isFolder)
    guard isFolder.boolValue else {
      throw .cannotCreate(
        "\(previous) is not a folder, where the files of the earlier run are to go; move it away, "
          + "or choose another --output")
    }
    let before = FolderManifest(inFolderAt: previous)
    let replaced = before.run == manifest.run ? [] : before.names
    for name in names where !replaced.contains(name) && Self.exists("\(previous)/\(name)") {
      throw .cannotCreate(
        "\(previous)/\(name) is in the way of the earlier run's file of that name; move it away, or "
          + "choose another --output")
    }
  }

  /// Moves them to `previous`, where they replace those of the run before, and returns whether there were any.
  ///
  /// If the process ends half way, the next one goes on: `previous` has the list of the run whose files
  /// are moved before the first of them is.
  func move() throws(ExampleFailure) -> Bool {
    removePartialFiles()
    if names.isEmpty { return false }
    try check()
    do {
      try FileManager.default.createDirectory(atPath: previous, withIntermediateDirectories: true)
      let before = FolderManifest(inFolderAt: previous)
      if before.run != manifest.run {
        for name in before.names { remove(name) }
        try WholeFile.write(
          Array(manifest.text.utf8), toFileAt: "\(previous)/\(FolderManifest.fileName)")
      }
    } catch {
      throw .cannotCreate(
        "cannot move the files of the earlier run to \(previous): \(ExampleFailure(error).message); "
          + "choose another --output")
    }
    for name in names { try move(name) }
    return true
  }

  private func move(_ name: String) throws(ExampleFailure) {
    let path = name.hasSuffix("/") ? String(name.dropLast()) : name
    let (from, to) = ("\(folder)/\(path)", "\(previous)/\(path)")
    let parent = URL(fileURLWithPath: to).deletingLastPathComponent().path
    try? FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    guard rename(from, to) == 0 else {
      throw .cannotCreate(
        "cannot move \(from) of the earlier run to \(to): \(WholeFile.systemMessage(errno)); "
          + "choose another --output")
    }
    removeEmptyFolders(above: path, in: folder)
  }

  private func remove(_ name: String) {
    if name.hasSuffix("/") {
      try? FileManager.default.removeItem(atPath: "\(previous)/\(name.dropLast())")
    } else {
      unlink("\(previous)/\(name)")
    }
    removeEmptyFolders(above: name, in: previous)
  }

  private func removeEmptyFolders(above name: String, in root: String) {
    var parts = name.split(separator: "/").dropLast()
    while !parts.isEmpty {
      rmdir("\(root)/\(parts.joined(separator: "/"))")
      parts.removeLast()
    }
  }

  /// Removes what a killed run left of files that it was writing.
  private func removePartialFiles() {
    for name in manifest.names where !name.hasSuffix("/") {
      let file = URL(fileURLWithPath: "\(folder)/\(name)")
      let parent = file.deletingLastPathComponent().path
      let siblings = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
      for sibling in siblings where WholeFile.isPartial(sibling, of: file.lastPathComponent) {
        unlink("\(parent)/\(sibling)")
      }
    }
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path.hasSuffix("/") ? String(path.dropLast()) : path, &status) == 0
  }
}
