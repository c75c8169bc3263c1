/// The header of a `.npy` file: a Python dictionary of three members.
struct NumPyHeader: Hashable {
  var elementType: ArrayElementType
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var shape: [Int]

  /// Parses the text of a header.
  init(parsing text: [UInt8]) throws {
    var parser = Parser(text: text)
    self = try parser.parseHeader()
  }

  /// The text of the header of a row-major, little-endian array.
  static func text(_ elementType: ArrayElementType, shape: [Int]) -> String {
    let lengths = shape.map { "\($0)" }.joined(separator: ", ")
    return "{'descr': '\(typeName(of: elementType))', 'fortran_order': False, "
      + "'shape': (\(lengths)\(shape.count == 1 ? "," : "")), }"
  }

  private init(
    elementType: ArrayElementType, isBigEndian: Bool, isFortranOrder: Bool, shape: [Int]
  ) {
    self.elementType = elementType
    self.isBigEndian = isBigEndian
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  private static let typeNames: [String: ArrayElementType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "b1": .bool, "?": .bool,
    "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
    "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
  ]

  /// NumPy's name of a type; bfloat16, for which it has none, is written as a wider type.
  private static func typeName(of elementType: ArrayElementType) -> String {
    let name = typeNames.first { $0.value == elementType && $0.key != "?" }?.key ?? "f4"
    return (elementType.byteCount == 1 ? "|" : "<") + name
  }
}

extension NumPyHeader {
  /// A parser of the literals that occur in headers.
  private struct Parser {
    let text: [UInt8]
    var position = 0

    init(text: [UInt8]) { self.text = text }

    mutating func parseHeader() throws -> NumPyHeader {
      var type: (ArrayElementType, isBigEndian: Bool)?
      var isFortranOrder: Bool?
      var shape: [Int]?
      guard take("{") else { throw failure("a brace is missing") }
      while !take("}") {
        let name = try parseString()
        guard take(":") else { throw failure("a colon is missing") }
        switch name {
        case "descr" where type == nil: type = try parseType()
        case "fortran_order" where isFortranOrder == nil: isFortranOrder = try parseBool()
        case "shape" where shape == nil: shape = try parseShape()
        default: throw failure("the name '\(name)' is unknown or comes twice")
        }
        if !take(",") {
          guard take("}") else { throw failure("a comma or a closing brace is missing") }
          break
        }
      }
      skipSpaces()
      guard position == text.count else { throw failure("there is more after its end") }
      guard let type, let isFortranOrder, let shape else {
        throw failure("descr, fortran_order or shape is missing")
      }
      return NumPyHeader(
        elementType: type.0, isBigEndian: type.isBigEndian, isFortranOrder: isFortranOrder,
        shape: shape)
    }

    private mutating func parseType() throws -> (ArrayElementType, isBigEndian: Bool) {
      skipSpaces()
      guard peek() != UInt8(ascii: "[") else {
        throw FileError(
          .unsupported,
          reason: "it has records of several fields; save each field as an array of its own")
      }
      let name = try parseString()
      // Without an order of bytes, as for =, it is this machine's: little-endian on all of Swift's.
      let order = name.unicodeScalars.first.flatMap {
        "<>=|".unicodeScalars.contains($0) ? $0 : nil
      }
      let typeName = String(name.unicodeScalars.dropFirst(order == nil ? 0 : 1))
      guard let elementType = NumPyHeader.typeNames[typeName],
        order != "|" || elementType.byteCount == 1
      else {
        throw FileError(
          .unsupported,
          reason: "its elements have the type '\(name)', which is not supported; convert them to "
            + "float32 before saving")
      }
      return (elementType, order == ">")
    }

    private mutating func parseBool() throws -> Bool {
      skipSpaces()
      for (word, value) in [("True", true), ("False", false)]
      where text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
      throw failure("fortran_order is neither True nor False")
    }

    private mutating func parseShape() throws -> [Int] {
      var shape: [Int] = []
      guard take("(") else { throw failure("the shape is not a tuple") }
      while !take(")") {
        skipSpaces()
        let digits = text[position...].prefix { (0x30...0x39).contains($0) }
        guard let length = Int(String(decoding: digits, as: UTF8.self)) else {
          throw failure("the shape has a length that is not a whole number, or too large")
        }
        position += digits.count
        _ = take("L")  // Python 2 spells long integers so.
        shape.append(length)
        guard shape.count <= StoredArray.mostAxes else {
          throw FileError(
            .unsupported,
            reason: "it has more than the \(StoredArray.mostAxes) axes that are supported")
        }
        if !take(",") {
          guard shape.count > 1, take(")") else {
            throw failure("a comma or a closing parenthesis is missing")
          }
          break
        }
      }
      return shape
    }

    private mutating func parseString() throws -> String {
      skipSpaces()
      guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
        throw failure("a string is missing")
      }
      let contents = text[(position + 1)...].prefix { $0 != quote }
      guard contents.endIndex < text.count, !contents.contains(UInt8(ascii: "\\")),
        let string = String(validating: contents, as: UTF8.self)
      else { throw failure("a string does not end or is not plain text") }
      position = contents.endIndex + 1
      return string
    }

    private func peek() -> UInt8? { position < text.count ? text[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpaces()
      guard peek() == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    private mutating func skipSpaces() {
      while let byte = peek(), byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private func failure(_ what: String) -> FileError {
      FileError(.malformed, reason: "its NumPy header is wrong at byte \(position): \(what)")
    }
  }
}
