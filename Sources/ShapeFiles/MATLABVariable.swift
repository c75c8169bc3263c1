import INRZoo
import TensorKit

/// A variable of a MATLAB file, as far as it can be described without its numbers.
struct MATLABVariable: Hashable {
  /// The name.
  var name: String
  /// The class, as MATLAB calls it.
  var className: String
  /// Whether it is an array of numbers, which are not complex.
  var isReal: Bool
  /// The lengths of the axes.
  var extents: [Int]

  /// Whether it can be a volume.
  var isVolume: Bool { isReal && extents.count == 3 }

  /// The name and what it is, for people.
  var description: String {
    let lengths = extents.map { "\($0)" }.joined(separator: " x ")
    return "\(name.isEmpty ? "one without a name" : name) (\(className)"
      + "\(lengths.isEmpty ? "" : ", \(lengths)"))"
  }

  /// Names of classes by their numbers in files of version 5, which matio uses as well.
  static func className(of number: Int) -> String {
    let names = [
      "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16",
      "uint16", "int32", "uint32", "int64", "uint64", "function", "opaque",
    ]
    return names.indices.contains(number - 1) ? names[number - 1] : "of an unknown class"
  }

  /// Whether numbers of a class are those of plain arrays.
  static func isNumeric(_ number: Int) -> Bool { (6...15).contains(number) }
}

extension [MATLABVariable] {
  /// The name of the variable that a volume is read from by default.
  private static var usualName: String { "hypercube" }

  /// Returns the index of the variable with the volume that is asked for.
  ///
  /// - Parameter name: The name, or `nil` for the usual name, or else the only volume.
  /// - Throws: `FileError` without a path, which lists the variables.
  func volumeIndex(named name: String?) throws -> Int {
    if let name {
      guard let index = firstIndex(where: { $0.name == name }) else {
        throw FileError(.missing, reason: "it has no variable '\(name)'; \(listing)")
      }
      guard self[index].isVolume else {
        throw FileError(
          .unsupported,
          reason: "its variable \(self[index].description) is no volume, which is an array of real "
            + "numbers with three axes; \(listing)")
      }
      return index
    }
    let volumes = indices.filter { self[$0].isVolume }
    if let index = volumes.first(where: { self[$0].name == Self.usualName }) { return index }
    if let index = volumes.first, volumes.count == 1 { return index }
    throw FileError(
      .missing,
      reason: volumes.isEmpty
        ? "it has no array of real numbers with three axes; \(listing)"
        : "it has several arrays with three axes and none called '\(Self.usualName)'; name one: "
          + listing)
  }

  private var listing: String {
    if isEmpty { return "it has no variables" }
    let most = 20
    let names = prefix(most).map(\.description).joined(separator: ", ")
    return "it has \(names)" + (count > most ? " and \(count - most) more" : "")
  }
}
