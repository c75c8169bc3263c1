/// A `.npz` file: named arrays in a ZIP archive.
///
/// Reads stored and compressed members; writes stored ones, as `numpy.savez` does. The same arrays
/// give the same bytes. Members of another kind than arrays are ``unreadable`` under their whole names.
///
/// Memory for a member grows with what it unpacks to, not with the size that the archive states.
public struct NumPyArchive: NamedArrayFile {
  /// The path that the file was read from, if it was.
  public private(set) var path: String?

  /// By the names of the archive's members, which are those of the arrays and a suffix.
  private var members = NamedValues<FileMember>()

  /// Creates an archive without arrays.
  public init() {}

  /// Reads a file.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: ``FileError`` if it is not there, cannot be read or is not a supported `.npz` file.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) { try Self(bytes: WholeFile.bytes(ofFileAt: path)) }
    self.path = path
  }

  /// Creates an archive from its contents.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: ``FileError`` if they are not those of a supported `.npz` file.
  public init(bytes: [UInt8]) throws {
    for member in try ZIPArchive(bytes: bytes).members {
      func error(_ kind: FileError.Kind, _ reason: String) -> FileError {
        FileError(kind, reason: "its member '\(member.name)' \(reason)")
      }
      func unread(_ error: FileError) -> FileMember {
        .unread(UnreadMember(error: error, bytes: member.contents))
      }
      guard member.name.droppingExactSuffix(Self.suffix) != nil else {
        members[member.name] = unread(error(.unsupported, "is not an array"))
        continue
      }
      do {
        members[member.name] = .array(try NumPyFile(bytes: member.contents).array)
      } catch let cause as FileError {
        let cause = error(cause.kind, "cannot be read: \(cause.reason)")
        guard cause.kind == .unsupported else { throw cause }
        members[member.name] = unread(cause)
      }
    }
  }

  /// The names of the arrays, in order.
  public var names: [String] {
    members.arrayNames.compactMap { $0.droppingExactSuffix(Self.suffix) }
  }

  /// What the archive has but cannot be read as an array, with the reasons, in order.
  public var unreadable: NamedValues<FileError> {
    var errors = NamedValues<FileError>()
    for (name, member) in members {
      guard var error = member.error else { continue }
      error.path = path
      let shortName = name.droppingExactSuffix(Self.suffix) ?? name
      // A member may be called as an array is without its suffix.
      errors[errors[shortName] == nil ? shortName : name] = error
    }
    return errors
  }

  /// The array of a name, or `nil` if there is none, or it is unreadable.
  ///
  /// Setting `nil` removes the array; setting an array under a new name adds it at the end.
  public subscript(name: String) -> StoredArray? {
    get { members[name + Self.suffix]?.array }
    set { members[name + Self.suffix] = newValue.map { .array($0) } }
  }

  /// Returns the contents of a file with these arrays, and with what was unreadable as it was.
  ///
  /// - Throws: ``FileError`` if they take more than the 4 GiB, or are more than the 65535, that a
  ///   ZIP archive holds.
  public func bytes() throws -> [UInt8] {
    var archive = ZIPArchive()
    for (name, member) in members {
      let contents =
        switch member {
        case .array(let array): try NumPyFile(array).bytes()
        case .unread(let member): member.bytes
        }
      archive.members.append(.init(name: name, contents: contents))
    }
    return try archive.bytes()
  }

  private static let suffix = ".npy"
}

extension NumPyArchive: Hashable {
  /// Returns whether two archives have equal arrays in the same order.
  public static func == (first: Self, second: Self) -> Bool {
    first.members.isSameInOrder(as: second.members)
  }

  /// Feeds the arrays into a hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}
