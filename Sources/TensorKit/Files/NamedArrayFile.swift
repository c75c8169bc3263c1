/// A file of arrays, each with a name.
///
/// Arrays keep their order: that of the file, followed by that in which new names were added. Names are told
/// apart by their code units, as ``NamedValues`` does.
///
/// What can be read of a file is read. Arrays of a type that is not supported, such as texts or complex
/// numbers, are ``unreadable``: they are named when they are asked for, and written again as they were. A
/// damaged file is refused.
public protocol NamedArrayFile: Sendable {
  /// Creates a file without arrays.
  init()

  /// Creates a file from its contents.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: ``FileError`` if they are not those of such a file.
  init(bytes: [UInt8]) throws

  /// Reads a file.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: ``FileError`` if it is not there, cannot be read or is not such a file.
  init(contentsOf path: String) throws

  /// Returns the contents of a file with these arrays.
  ///
  /// - Throws: ``FileError`` if the format cannot hold them.
  func bytes() throws -> [UInt8]

  /// The path that the file was read from, if it was.
  var path: String? { get }

  /// The names of the arrays, in order.
  var names: [String] { get }

  /// What the file has but cannot be read as an array, with the reasons, in order.
  var unreadable: NamedValues<FileError> { get }

  /// The array of a name, or `nil` if there is none, or it is unreadable.
  ///
  /// Setting `nil` removes the array; setting an array under a new name adds it at the end.
  subscript(name: String) -> StoredArray? { get set }
}

extension NamedArrayFile {
  /// Writes the file, whole or not at all.
  ///
  /// - Parameter path: The path of the file, which is replaced if it exists.
  /// - Throws: ``FileError`` if the format cannot hold the arrays or the file cannot be written.
  public func write(to path: String) throws {
    try FileError.naming(path) { try WholeFile.write(bytes(), toFileAt: path) }
  }

  /// Returns the array of a name.
  ///
  /// - Parameter name: The name of the array.
  /// - Returns: The array as the file holds it.
  /// - Throws: ``FileError`` of the kind ``FileError/Kind-swift.enum/missing`` if there is none, and
  ///   ``FileError/Kind-swift.enum/unsupported`` if it is unreadable.
  public func array(named name: String) throws -> StoredArray {
    if let array = self[name] { return array }
    if let error = unreadable[name] { throw error }
    let known = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
    throw FileError(
      .missing, path: path,
      reason: "it has no array named '\(name)'; "
        + (names.isEmpty ? "it has no arrays at all" : "its arrays are \(known)\(rest)"))
  }

  /// Refuses a file that has what cannot be read, for readers that need all of it.
  ///
  /// - Throws: ``FileError`` of the kind ``FileError/Kind-swift.enum/unsupported``.
  public func requireReadable() throws {
    if let first = unreadable.first { throw first.value }
  }
}

/// What a file has under a name.
enum FileMember: Hashable, Sendable {
  /// An array.
  case array(StoredArray)
  /// What cannot be read, as it is in the file.
  indirect case unread(UnreadMember)

  var array: StoredArray? { if case .array(let array) = self { array } else { nil } }
  var error: FileError? { if case .unread(let member) = self { member.error } else { nil } }
}

/// What a file has and cannot be read, kept to be written again.
struct UnreadMember: Hashable, Sendable {
  /// Why it cannot be read.
  let error: FileError
  /// What a header calls its type, and its shape, where there is a header.
  var typeName = ""
  var shape: [Int] = []
  /// Its bytes in the file.
  let bytes: [UInt8]
}

extension NamedValues<FileMember> {
  /// The names of arrays.
  var arrayNames: [String] { compactMap { $0.value.array == nil ? nil : $0.name } }

  /// Whether both have the same members in the same order.
  func isSameInOrder(as other: Self) -> Bool {
    self == other && zip(self, other).allSatisfy { $0.name.hasSameCodeUnits(as: $1.name) }
  }
}
