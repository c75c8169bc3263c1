/// A file of arrays, each with a name.
///
/// Arrays keep their order: that of the file, followed by that in which new names were added.
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

  /// The array of a name, or `nil` if there is none.
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
  /// - Throws: ``FileError`` of the kind ``FileError/Kind-swift.enum/missing`` if there is none.
  public func array(named name: String) throws -> StoredArray {
    if let array = self[name] { return array }
    let known = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
    throw FileError(
      .missing, path: path,
      reason: "it has no array named '\(name)'; "
        + (names.isEmpty ? "it has no arrays at all" : "its arrays are \(known)\(rest)"))
  }
}

/// Arrays by name, in order: what the file types store.
struct NamedArrays: Hashable, Sendable {
  private(set) var names: [String] = []
  private var arrays: [String: StoredArray] = [:]

  subscript(name: String) -> StoredArray? {
    get { arrays[name] }
    set {
      if let newValue {
        if arrays.updateValue(newValue, forKey: name) == nil { names.append(name) }
      } else if arrays.removeValue(forKey: name) != nil {
        names.removeAll { $0 == name }
      }
    }
  }

  /// The arrays with their names, in order.
  var members: [(name: String, array: StoredArray)] {
    names.compactMap { name in arrays[name].map { (name, $0) } }
  }
}
