import TensorKit

/// What the header of a PLY file says: its elements, row after row, and their properties.
///
/// Source: Turk, "The PLY polygon file format", 1994.
struct PLYHeader {
  /// How rows are written.
  enum Format {
    case text
    case littleEndian
    case bigEndian
  }

  /// The types of numbers.
  enum Scalar {
    case int8
    case uint8
    case int16
    case uint16
    case int32
    case uint32
    case float32
    case float64

    init?(_ name: String) {
      switch name {
      case "char", "int8": self = .int8
      case "uchar", "uint8": self = .uint8
      case "short", "int16": self = .int16
      case "ushort", "uint16": self = .uint16
      case "int", "int32": self = .int32
      case "uint", "uint32": self = .uint32
      case "float", "float32": self = .float32
      case "double", "float64": self = .float64
      default: return nil
      }
    }

    var byteCount: Int {
      switch self {
      case .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// A number of a row, or a list of them.
  struct Property {
    let name: String
    let type: Scalar
    /// The type of a list's length; nil for a single number.
    let lengthType: Scalar?
  }

  /// Rows of the same properties.
  struct Element {
    let name: String
    let count: Int
    var properties: [Property] = []

    /// The fewest bytes that a row can take.
    func smallestRow(_ format: Format) -> Int {
      // In a text a number takes a digit and what ends it.
      properties.reduce(format == .text && properties.isEmpty ? 1 : 0) { sum, property in
        sum + (format == .text ? 2 : (property.lengthType ?? property.type).byteCount)
      }
    }
  }

  let format: Format
  let elements: [Element]
  /// The place of the first row, and the number of its line.
  let bodyStart: Int
  let bodyLine: Int

  /// Reads the header of a file.
  ///
  /// - Throws: `FileError` of the kind `malformed`, or `unsupported` for another version.
  init(of bytes: [UInt8]) throws {
    guard bytes.starts(with: "ply".utf8) else {
      throw FileError(.malformed, reason: "it does not begin with 'ply'; it is not a PLY file")
    }
    var scanner = ShapeTextScanner(bytes)
    scanner.skipLine()
    var format: Format?
    var elements: [Element] = []
    while true {
      guard !scanner.isAtEnd, scanner.line < 10_000 else {
        throw FileError(.malformed, reason: "its header has no end; it is truncated or damaged")
      }
      let words = scanner.words()
      switch words.first.map({ scanner.text($0) }) {
      case "format": format = try Self.format(words, scanner)
      case "element": elements.append(try Self.element(words, scanner))
      case "property":
        guard !elements.isEmpty else { throw scanner.malformed("a property of no element") }
        elements[elements.count - 1].properties.append(try Self.property(words, scanner))
      case "end_header":
        guard let format else {
          throw FileError(.malformed, reason: "its header does not state a format")
        }
        scanner.skipLine()
        self.format = format
        self.elements = elements
        (bodyStart, bodyLine) = (min(scanner.position, bytes.count), scanner.line)
        return
      case "comment", "obj_info", nil: break
      default:
        throw scanner.malformed("\(scanner.quoted(words.first)), which no PLY header has")
      }
      scanner.skipLine()
    }
  }

  private static func format(
    _ words: [Range<Int>], _ scanner: ShapeTextScanner
  ) throws -> Format {
    guard words.count == 3, scanner.text(words[2]) == "1.0" else {
      throw FileError(
        .unsupported,
        reason: "its line \(scanner.line) states the version \(scanner.quoted(words.last)); "
          + "only 1.0 is supported")
    }
    switch scanner.text(words[1]) {
    case "ascii": return .text
    case "binary_little_endian": return .littleEndian
    case "binary_big_endian": return .bigEndian
    default: throw scanner.malformed("the format \(scanner.quoted(words[1])), which is unknown")
    }
  }

  private static func element(
    _ words: [Range<Int>], _ scanner: ShapeTextScanner
  ) throws -> Element {
    guard words.count == 3, let count = scanner.leadingInteger(words[2]), count >= 0,
      count < Int32.max
    else {
      throw scanner.malformed(
        "an element with \(scanner.quoted(words.last)) rows; it needs a name and a whole number")
    }
    return Element(name: scanner.text(words[1]), count: count)
  }

  private static func property(
    _ words: [Range<Int>], _ scanner: ShapeTextScanner
  ) throws -> Property {
    func type(_ index: Int) throws -> Scalar {
      guard let type = Scalar(scanner.text(words[index])) else {
        throw scanner.malformed("the type \(scanner.quoted(words[index])), which is unknown")
      }
      return type
    }
    switch words.count {
    case 3: return Property(name: scanner.text(words[2]), type: try type(1), lengthType: nil)
    case 5 where scanner.isWord(words[1], "list"):
      let lengthType = try type(2)
      return Property(name: scanner.text(words[4]), type: try type(3), lengthType: lengthType)
    default: throw scanner.malformed("a property of \(words.count - 1) words")
    }
  }
}

extension ShapeTextScanner {
  /// The words of the rest of the line.
  mutating func words() -> [Range<Int>] {
    var words: [Range<Int>] = []
    while words.count < 8, let word = word() { words.append(word) }
    return words
  }
}
