/// A `.npz` file: named arrays in a ZIP archive.
///
/// Reads stored and compressed members; writes stored ones, as `numpy.savez` does. The same arrays
/// give the same bytes.
public struct NumPyArchive: NamedArrayFile {
  /// The path that the file was read from, if it was.
  public private(set) var path: String?

  private var arrays = NamedArrays()

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
      guard member.name.hasSuffix(Self.suffix) else {
        throw FileError(
          .unsupported, reason: "its member '\(member.name)' is not an array; save it without it")
      }
      do {
        let name = String(member.name.dropLast(Self.suffix.count))
        arrays[name] = try NumPyFile(bytes: member.contents).array
      } catch let error as FileError {
        throw FileError(
          error.kind, reason: "its member '\(member.name)' cannot be read: \(error.reason)")
      }
    }
  }

  /// The names of the arrays, in order.
  public var names: [String] { arrays.names }

  /// The array of a name, or `nil` if there is none.
  ///
  /// Setting `nil` removes the array; setting an array under a new name adds it at the end.
  public subscript(name: String) -> StoredArray? {
    get { arrays[name] }
    set { arrays[name] = newValue }
  }

  /// Returns the contents of a file with these arrays.
  ///
  /// - Throws: ``FileError`` if they take more than the 4 GiB, or are more than the 65535, that a
  ///   ZIP archive holds.
  public func bytes() throws -> [UInt8] {
    var archive = ZIPArchive()
    for (name, array) in arrays.members {
      archive.members.append(
        .init(name: name + Self.suffix, contents: try NumPyFile(array).bytes()))
    }
    return try archive.bytes()
  }

  private static let suffix = ".npy"
}

extension NumPyArchive: Hashable {
  /// Returns whether two archives have equal arrays in the same order.
  public static func == (first: Self, second: Self) -> Bool { first.arrays == second.arrays }

  /// Feeds the arrays into a hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(arrays) }
}
