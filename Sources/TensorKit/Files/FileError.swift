import Foundation

/// What went wrong with a file.
///
/// Its description is a sentence for people, which names the file, the value in question and, where
/// there is one, the remedy. Programs look at ``kind-swift.property``.
public struct FileError: Error, Hashable, Sendable {
  /// The kinds of trouble that a program may want to tell apart.
  public enum Kind: Hashable, Sendable {
    /// There is no file at the path.
    case noSuchFile
    /// The file is there, but the system does not let it be read.
    case unreadable
    /// The contents break the rules of the format: a damaged, truncated or different file.
    case malformed
    /// The contents are valid, but use a part of the format that is not supported.
    case unsupported
    /// The file is fine, but does not contain what was asked of it.
    case missing
    /// The system does not let the file be written.
    case unwritable
    /// Writing failed half way, as on a full disk; the former file is still there.
    case writingFailed
  }

  /// The kind of trouble.
  public var kind: Kind

  /// The path of the file, or `nil` for bytes that came from elsewhere.
  public var path: String?

  /// What is wrong and what to do about it, without the path.
  public var reason: String

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - kind: The kind of trouble.
  ///   - path: The path of the file, if there is one.
  ///   - reason: What is wrong, and the remedy, without the path and without a final full stop.
  public init(_ kind: Kind, path: String? = nil, reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }

  /// Returns the result of a closure, whose file errors get a path if they have none.
  package static func naming<Result>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch var error as FileError where error.path == nil {
      error.path = path
      throw error
    }
  }
}

extension FileError: CustomStringConvertible, LocalizedError {
  /// A sentence for people: the file, what is wrong with it and the remedy.
  public var description: String {
    path.map { "\($0): \(reason)." } ?? "\(reason.prefix(1).uppercased())\(reason.dropFirst())."
  }

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }
}
