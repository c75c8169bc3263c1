import Foundation

/// The header of a `.safetensors` file: what it says of each array, in its order.
struct SafeTensorsHeader {
  /// What a header says of an array.
  struct Entry {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]
  }

  /// The name under which a header has texts about the whole file.
  static let metadataName = "__metadata__"

  /// Texts about the whole file, by name.
  private(set) var metadata = NamedValues<String>()
  /// The arrays in the header's order.
  private(set) var arrays: [(name: String, entry: Entry)] = []

  /// Reads a header.
  ///
  /// Metadata may be `null`, as for other readers. What arrays have beside a type, a shape and offsets is
  /// left alone.
  ///
  /// - Throws: ``FileError`` for what is not JSON or not a header, for two members of one name, for lengths
  ///   with a fraction or an exponent, and for nesting of more than 64 levels.
  init(parsing text: [UInt8]) throws {
    var scanner = JSONScanner(text)
    try scanner.readObject { scanner, name in
      if name.hasSameCodeUnits(as: Self.metadataName) {
        if scanner.takeNull() { return }
        try scanner.readObject { scanner, key in metadata[key] = try scanner.readString() }
      } else {
        arrays.append((name, try Self.entry(named: name, from: &scanner)))
      }
    }
    try scanner.requireEnd()
  }

  private static func entry(named name: String, from scanner: inout JSONScanner) throws -> Entry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.readObject { scanner, key in
      switch key {
      case "dtype": dtype = try scanner.readString()
      case "shape": shape = try scanner.readIntegers()
      case "data_offsets": offsets = try scanner.readIntegers()
      default: try scanner.skipValue()
      }
    }
    guard let dtype, let shape, let offsets else {
      throw FileError(
        .malformed,
        reason: "its header lacks the dtype, the shape or the data_offsets of the array '\(name)'")
    }
    return Entry(dtype: dtype, shape: shape, offsets: offsets)
  }

  /// A text as a JSON string, quotes included.
  static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let data = try? encoder.encode(text) else { preconditionFailure("a text is always JSON") }
    return String(decoding: data, as: UTF8.self)
  }
}
