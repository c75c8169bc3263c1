import Foundation
import TensorKit

/// The hidden file of an output folder, open and locked: no other process has the folder meanwhile.
///
/// The system releases the lock when the process ends, however it ends.
final class FolderLock: Sendable {
  private let path: String
  private let descriptor: Int32

  /// Opens the file, makes it if there is none, and locks it.
  ///
  /// - Parameters:
  ///   - folder: The path of the folder, which exists.
  ///   - shown: What the folder is called in sentences.
  /// - Throws: A failure (73) if another process has the folder, or the file cannot be made.
  init(folder: String, shown: String) throws(ExampleFailure) {
    path = "\(folder)/\(FolderManifest.fileName)"
    while true {
      // A former holder that leaves no trace may have removed the folder.
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
      guard file >= 0 else {
        if errno == EINTR { continue }
        throw .cannotCreate(
          "cannot write to the output folder \(shown): \(WholeFile.systemMessage(errno)); "
            + "choose another --output")
      }
      while flock(file, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        if code == EINTR { continue }
        // Not every file system has locks; there, nobody can be kept out.
        if code != EWOULDBLOCK { break }
        close(file)
        let holder = FolderManifest(inFolderAt: folder).holder.map { "process \($0)" }
        throw .cannotCreate(
          "the output folder \(shown) is in use by \(holder ?? "another process"); "
            + "wait until it ends, or choose another --output")
      }
      // The former holder may have removed the file, and another may have made it anew.
      var (opened, named) = (stat(), stat())
      if fstat(file, &opened) == 0, lstat(path, &named) == 0, opened.st_ino == named.st_ino,
        opened.st_dev == named.st_dev
      {
        descriptor = file
        return
      }
      close(file)
    }
  }

  /// The file's text.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  private var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &part, part.count, off_t(bytes.count))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += part.prefix(count)
    }
  }

  /// Replaces the text.
  func write(_ text: String) throws(ExampleFailure) {
    guard ftruncate(descriptor, 0) == 0 else { throw failure(errno) }
    try append(text)
  }

  /// Adds lines whole or not at all, and makes them last.
  func append(_ lines: String) throws(ExampleFailure) {
    // Whatever follows the last whole line was never finished.
    let length = off_t(bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
    let isWritten =
      ftruncate(descriptor, length) == 0 && lseek(descriptor, length, SEEK_SET) == length
      && WholeFile.write(Array(lines.utf8), toDescriptor: descriptor) && fsync(descriptor) == 0
    guard isWritten else {
      let code = errno
      _ = ftruncate(descriptor, length)
      throw failure(code)
    }
  }

  /// Removes the file.
  func remove() { unlink(path) }

  private func failure(_ code: Int32) -> ExampleFailure {
    .inputOutput("\(path): it cannot be written: \(WholeFile.systemMessage(code))")
  }

  deinit { close(descriptor) }
}
