import Foundation

/// Writes to a file descriptor until all is written.
enum FileDescriptorWriting {
  struct Failure: Error {
    let code: Int32
  }

  static func writeAll(_ data: Data, to descriptor: Int32) throws(Failure) {
    let code: Int32 = data.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress
        let count = write(descriptor, start, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        rest = rest.dropFirst(count)
      }
      return 0
    }
    if code != 0 { throw Failure(code: code) }
  }
}

/// Files that appear whole or not at all.
public enum AtomicFile {
  /// Writes bytes to a file: first beside it, then, once they are on the disk, in its place.
  public static func write(_ data: Data, to url: URL) throws(ExampleFailure) {
    let temporary = temporaryFile(beside: url)
    do throws(ExampleFailure) {
      try fill(temporary, with: data, for: url)
      try moveIntoPlace(temporary, as: url)
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Replaces a file by what the body writes to a temporary path in the same folder.
  ///
  /// The temporary file is removed when anything fails.
  ///
  /// - Parameters:
  ///   - url: The file to make or replace.
  ///   - body: Writes a file at the path that it is handed.
  /// - Throws: What the body throws, or a failure to put the file in place.
  public static func replace(_ url: URL, with body: (URL) throws -> Void) throws {
    let temporary = temporaryFile(beside: url)
    do {
      try body(temporary)
      try moveIntoPlace(temporary, as: url)
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  private static func temporaryFile(beside url: URL) -> URL {
    // The name keeps its extension: some writers choose the format by it.
    url.deletingLastPathComponent().appendingPathComponent(
      ".\(UUID().uuidString.prefix(13))-\(url.lastPathComponent)")
  }

  private static func fill(
    _ temporary: URL, with data: Data, for url: URL
  ) throws(ExampleFailure) {
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw cannotCreate(url, errno) }
    defer { close(descriptor) }
    do throws(FileDescriptorWriting.Failure) {
      try FileDescriptorWriting.writeAll(data, to: descriptor)
    } catch {
      throw ExampleFailure.inputOutput("cannot write \(url.relativePath): \(reason(error.code))")
    }
  }

  private static func moveIntoPlace(_ temporary: URL, as url: URL) throws(ExampleFailure) {
    try flush(temporary, for: url)
    guard rename(temporary.path, url.path) == 0 else { throw cannotCreate(url, errno) }
    // So that the new name survives a crash too; some file systems refuse, which does no harm.
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private static func flush(_ temporary: URL, for url: URL) throws(ExampleFailure) {
    let descriptor = open(temporary.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotCreate(url, errno) }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 {
      throw .inputOutput("cannot write \(url.relativePath): \(reason(errno))")
    }
  }

  private static func cannotCreate(_ url: URL, _ code: Int32) -> ExampleFailure {
    .cannotCreate("cannot create \(url.relativePath): \(reason(code))")
  }

  static func reason(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
