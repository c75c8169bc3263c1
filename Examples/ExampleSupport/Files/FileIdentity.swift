import Foundation

extension URL {
  /// The path as it was given, without a `./` before a name.
  package var shownPath: String {
    relativePath.hasPrefix("./") ? String(relativePath.dropFirst(2)) : relativePath
  }
}

/// What tells a file from others, whatever path leads to it.
package struct FileIdentity: Hashable, Sendable {
  private enum Identity: Hashable {
    /// A file that is there: its device and its number on that.
    case file(device: UInt64, number: UInt64)
    /// A file that is not: its path, without links as far as it exists.
    case path(String)
  }

  private let identity: Identity

  /// The identity of the file at a path; links are followed.
  package init(_ url: URL) {
    var status = stat()
    if stat(url.path, &status) == 0 {
      identity = .file(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    } else {
      identity = .path(Self.resolved(url.standardizedFileURL))
    }
  }

  /// The identities of a file and of the folders that it lies in, links resolved.
  static func pathComponents(of url: URL) -> [FileIdentity] {
    var identities = [FileIdentity(url)]
    var folder = url.resolvingSymlinksInPath()
    while folder.path != "/" {
      folder = folder.deletingLastPathComponent()
      identities.append(FileIdentity(folder))
    }
    return identities
  }

  private static func resolved(_ url: URL) -> String {
    if let path = realpath(url.path, nil) {
      defer { free(path) }
      return String(cString: path)
    }
    if url.path == "/" { return "/" }
    let parent = resolved(url.deletingLastPathComponent())
    return (parent == "/" ? "" : parent) + "/" + url.lastPathComponent
  }
}
