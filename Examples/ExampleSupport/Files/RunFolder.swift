import Foundation
import Synchronization
import TensorKit

/// An output folder that this process has to itself, as long as this value lives.
///
/// Its hidden list tells which files a run wrote. Before the first file of a new run, those of the run
/// before are moved to `previous`; files that no run wrote are neither touched nor moved.
///
/// ```swift
/// let folder = try OutputFolder(path: "output").claim()
/// try folder.write(report.html, to: "report.html")
/// let metrics = try folder.enter("metrics.csv")  // to be written line by line
/// let checkpoints = try folder.enter("checkpoints/")
/// ```
package final class RunFolder: Sendable {
  /// The sub-folder for the files of the run before.
  package static let previous = "previous"

  /// Where the folder is.
  package let url: URL
  /// Whether files are written: not by a process that leaves it to another.
  package let writes: Bool
  /// What keeps other processes out; nil if nothing is written.
  private let lock: FolderLock?
  private let plan: FilePlan
  let remarks: TextOutput
  /// The folders that were made for this run, the innermost last.
  private let made: [String]
  private let state: Mutex<State>

  private struct State {
    /// The list as it is on the disk.
    var manifest: FolderManifest
    /// Whether the files listed are those of this run.
    var isOwn: Bool
    /// Whether there was no list.
    let isNew: Bool
  }

  /// Takes a folder.
  ///
  /// - Parameters:
  ///   - url: The folder; it is made if need be.
  ///   - keepsEarlier: Whether the run goes on with the files of the one before.
  ///   - plan: What the run reads and writes; its inputs stay where they are.
  ///   - remarks: Where it says that files were moved.
  init(
    _ url: URL, keepingEarlier keepsEarlier: Bool, plan: FilePlan, remarks: TextOutput
  ) throws(ExampleFailure) {
    self.url = url
    self.plan = plan
    self.remarks = remarks
    writes = Ranks.isFirst
    guard writes else {
      (lock, made) = (nil, [])
      state = Mutex(State(manifest: FolderManifest(""), isOwn: true, isNew: false))
      return
    }
    made = try Self.makeFolders(to: url.path)
    let lock: FolderLock
    do {
      lock = try FolderLock(folder: url.path, shown: url.relativePath)
    } catch {
      Self.remove(made)
      throw error
    }
    self.lock = lock
    let text = lock.text
    let manifest = FolderManifest(text)
    state = Mutex(
      State(
        manifest: manifest, isOwn: keepsEarlier && manifest.run != nil, isNew: text.isEmpty))
    for name in plan.names where !manifest.lists(name) {
      try refuseStranger(at: self.url(of: name))
    }
    if !keepsEarlier { try EarlierFiles(in: url, manifest, keeping: []).check() }
    try lock.append(FolderManifest.line(holder: Self.process))
  }

  deinit {
    // A run that ended before its first file leaves no trace.
    if state.withLock({ $0.isNew && !$0.isOwn }) {
      lock?.remove()
      Self.remove(made)
    }
  }

  /// Where a file is or will be.
  package func url(of name: String) -> URL { url.appendingPathComponent(name) }

  /// Makes a file or sub-folder known as one of this run, before it appears, and returns where it is to be.
  ///
  /// - Parameter name: The file's name, which may lead through sub-folders; a sub-folder's ends with a slash,
  ///   stands for all that is in it, and is made.
  /// - Throws: A failure if a file that no run wrote is there (73), or the list cannot be written (74).
  @discardableResult
  package func enter(_ name: String) throws(ExampleFailure) -> URL {
    try enter(name, mayReplace: false)
  }

  /// Writes a file whole or not at all and returns where it is.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - name: The file's name, which may lead through sub-folders, as `figures/fit.png`.
  /// - Returns: Where the file is.
  /// - Throws: A failure to create the file (73) or to write it (74).
  @discardableResult
  package func write(_ data: Data, to name: String) throws(ExampleFailure) -> URL {
    let file = try enter(name)
    guard writes else { return file }
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

  /// Makes a file at a path that the user chose known, if it lies in this folder.
  func enter(at file: URL) throws(ExampleFailure) {
    guard FileIdentity(file.deletingLastPathComponent()) == FileIdentity(url),
      FolderManifest.isWithin(file.lastPathComponent)
    else { return }
    try enter(file.lastPathComponent, mayReplace: true)
  }

  @discardableResult
  private func enter(_ name: String, mayReplace: Bool) throws(ExampleFailure) -> URL {
    guard FolderManifest.isWithin(name) else {
      throw .software("\"\(name)\" is no name of a file in an output folder")
    }
    let file = url(of: name)
    guard let lock else { return file }
    let result = state.withLock { state -> Result<Void, ExampleFailure> in
      do throws(ExampleFailure) {
        if !state.isOwn { try begin(&state, lock) }
        if !state.manifest.lists(name) {
          if !mayReplace { try refuseStranger(at: file) }
          try lock.append(FolderManifest.line(file: name))
          state.manifest = FolderManifest(lock.text)
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    try Self.makeFolders(
      to: name.hasSuffix("/") ? file.path : file.deletingLastPathComponent().path)
    return file
  }

  /// Starts this run's own list, and moves the files of the one before.
  private func begin(_ state: inout State, _ lock: FolderLock) throws(ExampleFailure) {
    // A sub-folder stays if something is read in it.
    let inputs = Set(plan.inputs.flatMap { FileIdentity.pathComponents(of: $0.file) })
    let kept = state.manifest.names.filter { inputs.contains(FileIdentity(url(of: $0))) }
    let earlier = EarlierFiles(in: url, state.manifest, keeping: kept)
    if try earlier.move() {
      let there = url.appendingPathComponent(Self.previous).relativePath
      remarks.writeLine("The files of the earlier run in \(url.relativePath) are now in \(there)")
    }
    let run = String(UInt64.random(in: .min ... .max), radix: 36)
    try lock.write(
      FolderManifest.line(holder: Self.process) + FolderManifest.line(run: run)
        + kept.map(FolderManifest.line(file:)).joined())
    state.manifest = FolderManifest(lock.text)
    state.isOwn = true
  }

  private func refuseStranger(at file: URL) throws(ExampleFailure) {
    var status = stat()
    guard lstat(file.path, &status) == 0 else { return }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    throw .cannotCreate(
      isFolder
        ? "\(file.relativePath) is a folder, not a file; move it away, or choose another --output"
        : "\(file.relativePath) is there already, and no known run wrote it; move it away, or "
          + "choose another --output")
  }

  /// This process, as others name it.
  private static var process: String {
    let program = ProcessInfo.processInfo.processName.filter { !$0.isNewline }
    return "\(getpid()) (\(program))"
  }

  /// Makes a folder and those above it, and returns the paths of those that were not there.
  @discardableResult
  private static func makeFolders(to path: String) throws(ExampleFailure) -> [String] {
    var missing: [String] = []
    var folder = URL(fileURLWithPath: path)
    while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
      missing.insert(folder.path, at: 0)
      folder = folder.deletingLastPathComponent()
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreate("cannot create the folder \(path); choose another --output")
    }
    return missing
  }

  /// Removes folders that are empty.
  private static func remove(_ folders: [String]) { for path in folders.reversed() { rmdir(path) } }
}
