import Foundation

/// Files read and written as a whole.
package enum WholeFile {
  /// Returns the contents of a file.
  ///
  /// - Throws: ``FileError`` if the file is not there, is not a file or cannot be read.
  package static func bytes(ofFileAt path: String) throws -> [UInt8] {
    let file = try opened(path)
    defer { close(file) }

    var status = stat()
    guard fstat(file, &status) == 0 else {
      throw FileError(.unreadable, path: path, reason: systemMessage(errno))
    }
    let type = status.st_mode & S_IFMT
    guard type == S_IFREG || type == S_IFIFO else {
      throw FileError(
        .unreadable, path: path,
        reason: "it is \(type == S_IFDIR ? "a folder" : "a device"), not a file")
    }

    let size = max(0, Int(status.st_size))
    // A file may have holes, and be larger than anything.
    guard size < ProcessInfo.processInfo.physicalMemory else {
      throw FileError(
        .unreadable, path: path, reason: "it has \(size) bytes, more than this machine's memory")
    }
    var contents: [UInt8] = []
    contents.reserveCapacity(size)
    return try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
      while true {
        let count = retryingInterrupted { read(file, buffer.baseAddress, buffer.count) }
        guard count >= 0 else {
          throw FileError(
            .unreadable, path: path, reason: "it cannot be read: \(systemMessage(errno))")
        }
        if count == 0 { return contents }
        contents.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
  }

  /// Opens a file for reading, and returns its descriptor, which is to be closed.
  ///
  /// - Throws: ``FileError`` if the file is not there or cannot be opened.
  static func opened(_ path: String) throws -> Int32 {
    let file = retryingInterrupted { open(path, O_RDONLY | O_CLOEXEC) }
    guard file >= 0 else {
      let code = errno
      let isMissing = code == ENOENT || code == ENOTDIR
      throw FileError(
        isMissing ? .noSuchFile : .unreadable, path: path,
        reason: isMissing
          ? "there is no such file; check the path" : "it cannot be opened: \(systemMessage(code))")
    }
    return file
  }

  /// Writes a file whole or not at all.
  ///
  /// The bytes go to a new file beside it, which takes its place once they are safe on the disk: an
  /// interrupted program leaves either the former file or the new one. A symbolic link stays, and
  /// the file that it names is replaced. Pipes and devices are written to directly.
  ///
  /// - Throws: ``FileError`` of the kind `unwritable` or `writingFailed`.
  package static func write(_ bytes: [UInt8], toFileAt path: String) throws {
    var status = stat()
    var mode: mode_t?
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: mode = status.st_mode & 0o777
      case S_IFDIR: throw FileError(.unwritable, path: path, reason: "it is a folder, not a file")
      default: return try writeDirectly(bytes, toFileAt: path)
      }
    }

    let destination = try resolvingLinks(path)
    let random = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(destination).\(random)\(partialSuffix)"
    let file = retryingInterrupted {
      open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard file >= 0 else { throw unwritable(path, errno) }
    var failure: Int32 = write(bytes, toDescriptor: file) ? 0 : errno
    if failure == 0, let mode, fchmod(file, mode) != 0 { failure = errno }
    if failure == 0, fsync(file) != 0 { failure = errno }
    if close(file) != 0, failure == 0 { failure = errno }
    guard failure == 0 else {
      unlink(temporary)
      throw unwritable(path, failure, .writingFailed)
    }
    guard rename(temporary, destination) == 0 else {
      let code = errno
      unlink(temporary)
      throw unwritable(path, code)
    }
    synchronizeFolder(of: destination)
  }

  private static let partialSuffix = ".partial"

  /// Whether a file is what a killed process left of another one beside it.
  package static func isPartial(_ name: String, of file: String) -> Bool {
    name.droppingExactPrefix(file + ".")?.droppingExactSuffix(partialSuffix)
      .flatMap { UInt64($0, radix: 36) } != nil
  }

  /// Adds bytes to the end of a file that is there, for files that grow while a program runs.
  ///
  /// - Throws: ``FileError`` of the kind `unwritable` or `writingFailed`.
  package static func append(_ bytes: [UInt8], toFileAt path: String) throws {
    try write(bytes, toFileAt: path, opened: O_WRONLY | O_APPEND | O_CLOEXEC)
  }

  private static func writeDirectly(_ bytes: [UInt8], toFileAt path: String) throws {
    try write(bytes, toFileAt: path, opened: O_WRONLY | O_CLOEXEC)
  }

  private static func write(_ bytes: [UInt8], toFileAt path: String, opened flags: Int32) throws {
    let file = retryingInterrupted { open(path, flags) }
    guard file >= 0 else { throw unwritable(path, errno) }
    let failure: Int32 = write(bytes, toDescriptor: file) ? 0 : errno
    close(file)
    if failure != 0 { throw unwritable(path, failure, .writingFailed) }
  }

  /// Writes all bytes to an open file, and returns whether that succeeded; `errno` says why not.
  @discardableResult
  package static func write(_ bytes: [UInt8], toDescriptor file: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        let count = retryingInterrupted { Foundation.write(file, part.baseAddress, part.count) }
        if count < 0 {
          // A terminal or pipe that does not block takes more when it has room.
          guard errno == EAGAIN || errno == EWOULDBLOCK else { return false }
          var waiting = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
          _ = retryingInterrupted { poll(&waiting, 1, -1) }
          continue
        }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  private static func resolvingLinks(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    guard let text = String(validatingCString: resolved) else {
      throw FileError(
        .unwritable, path: path,
        reason:
          "its folder, or the file that it links to, has a name that is not UTF-8; rename that")
    }
    return text
  }

  /// Makes a rename in a folder durable, where the file system can.
  private static func synchronizeFolder(of path: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(decoding: path.utf8[...$0], as: UTF8.self) } ?? "."
    let file = open(folder, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = fsync(file)
    close(file)
  }

  private static func unwritable(
    _ path: String, _ code: Int32, _ kind: FileError.Kind = .unwritable
  ) -> FileError {
    FileError(
      kind, path: path,
      reason: code == ENOENT || code == ENOTDIR
        ? "it cannot be written, as its folder is not there; create the folder first"
        : "it cannot be written: \(systemMessage(code))")
  }

  /// The system's words for an error number, in lower case.
  package static func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code)).lowercased()
  }

  static func retryingInterrupted<Result: SignedInteger>(
    _ call: () -> Result
  ) -> Result {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }
}
