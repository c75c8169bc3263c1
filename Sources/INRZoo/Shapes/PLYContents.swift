import TensorKit

/// The vertices and faces of a PLY file.
///
/// Vertices have positions of any type of number, and may have normals. Faces have a list of indices, whose
/// polygons become fans of triangles. Other elements and properties are skipped.
struct PLYContents {
  private(set) var vertices: [SIMD3<Double>] = []
  /// The normals as written; none if a vertex has none.
  private(set) var normals: [SIMD3<Double>] = []
  private(set) var triangles: [SIMD3<Int32>] = []

  /// Reads the contents of a whole file.
  ///
  /// - Throws: `FileError` of the kind `malformed`, `unsupported`, or `missing` if there are no vertices.
  init(_ bytes: [UInt8]) throws {
    let header = try PLYHeader(of: bytes)
    var rows = PLYRows(bytes, header)
    guard let vertexElement = header.elements.first(where: { $0.name == "vertex" }) else {
      throw FileError(.missing, reason: "it has no vertices; it is not a PLY file of a shape")
    }
    for element in header.elements {
      let room = rows.remainingBytes
      let smallest = element.smallestRow(header.format)
      // The last row of a text may do without what ends it.
      guard smallest == 0 || element.count <= (room + 1) / smallest else {
        throw FileError(
          .malformed,
          reason: "it states \(element.count) rows of '\(element.name.prefix(40))', but only "
            + "\(room) bytes are left for them; it is truncated or damaged")
      }
      switch element.name {
      case "vertex" where vertices.isEmpty: try readVertices(element, &rows)
      case "face": try readFaces(element, &rows, vertexCount: vertexElement.count)
      default: try rows.skip(element)
      }
    }
  }

  private mutating func readVertices(
    _ element: PLYHeader.Element, _ rows: inout PLYRows
  ) throws {
    let names = ["x", "y", "z", "nx", "ny", "nz"]
    let places = element.properties.map { property in
      property.lengthType == nil ? names.firstIndex(of: property.name) : nil
    }
    guard (0..<3).allSatisfy({ places.contains($0) }) else {
      throw FileError(.missing, reason: "its vertices have no x, y and z")
    }
    let hasNormals = (3..<6).allSatisfy { places.contains($0) }
    vertices.reserveCapacity(element.count)
    if hasNormals { normals.reserveCapacity(element.count) }
    for _ in 0..<element.count {
      var (position, normal) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
      for (property, place) in zip(element.properties, places) {
        guard let place else {
          try rows.skip(property)
          continue
        }
        let value = try rows.finiteNumber(property)
        if place < 3 { position[place] = value } else { normal[place - 3] = value }
      }
      try rows.endRow()
      vertices.append(position)
      if hasNormals { normals.append(normal) }
    }
  }

  private mutating func readFaces(
    _ element: PLYHeader.Element, _ rows: inout PLYRows, vertexCount: Int
  ) throws {
    let index = element.properties.firstIndex {
      $0.lengthType != nil && ($0.name == "vertex_indices" || $0.name == "vertex_index")
    }
    guard let index else {
      throw FileError(.missing, reason: "its faces have no list named vertex_indices")
    }
    for _ in 0..<element.count {
      for (place, property) in element.properties.enumerated() {
        guard place == index else {
          try rows.skip(property)
          continue
        }
        let count = try rows.listLength(property)
        guard count >= 3 else {
          throw rows.malformed("a face of \(count) corners, fewer than 3")
        }
        var (first, last) = (Int32(0), Int32(0))
        for corner in 0..<count {
          let value = try rows.number(property.type)
          guard let vertex = Int32(exactly: value), (0..<Int32(vertexCount)).contains(vertex)
          else {
            throw rows.malformed(
              "the vertex \(value), but there are \(vertexCount), counted from 0")
          }
          if corner == 0 { first = vertex }
          if corner >= 2 { triangles.append(SIMD3(first, last, vertex)) }
          last = vertex
        }
      }
      try rows.endRow()
    }
  }
}

/// Reads the numbers of a PLY file's rows, whatever the format.
struct PLYRows {
  private let bytes: [UInt8]
  private let format: PLYHeader.Format
  private var position: Int
  private var scanner: ShapeTextScanner

  init(_ bytes: [UInt8], _ header: PLYHeader) {
    self.bytes = bytes
    format = header.format
    position = header.bodyStart
    scanner = ShapeTextScanner(bytes, position: header.bodyStart, line: header.bodyLine)
  }

  /// How many bytes are left.
  var remainingBytes: Int {
    max(0, bytes.count - (format == .text ? scanner.position : position))
  }

  /// An error that names the present line or byte.
  func malformed(_ reason: String) -> FileError {
    format == .text
      ? scanner.malformed(reason)
      : FileError(.malformed, reason: "before its byte \(position) it has \(reason)")
  }

  /// The next number, of the given type, which may not be finite in a binary file.
  @inline(__always)
  mutating func number(_ type: PLYHeader.Scalar) throws -> Double {
    if format == .text { return try scanner.number("number") }
    switch type {
    case .int8: return Double(Int8(bitPattern: try word(UInt8.self)))
    case .uint8: return Double(try word(UInt8.self))
    case .int16: return Double(Int16(bitPattern: try word(UInt16.self)))
    case .uint16: return Double(try word(UInt16.self))
    case .int32: return Double(Int32(bitPattern: try word(UInt32.self)))
    case .uint32: return Double(try word(UInt32.self))
    case .float32: return Double(Float(bitPattern: try word(UInt32.self)))
    case .float64: return Double(bitPattern: try word(UInt64.self))
    }
  }

  /// The next number of a property, which is finite.
  mutating func finiteNumber(_ property: PLYHeader.Property) throws -> Double {
    let value = try number(property.type)
    guard value.isFinite else {
      throw malformed("\(value) for '\(property.name)', which is not finite")
    }
    return value
  }

  /// The length of the next list, which fits in what is left.
  mutating func listLength(_ property: PLYHeader.Property) throws -> Int {
    let value = try number(property.lengthType ?? .uint8)
    let size = format == .text ? 2 : property.type.byteCount
    guard let count = Int(exactly: value), count >= 0, count <= (remainingBytes + 1) / size else {
      throw malformed(
        "a list of the length \(value), but only \(remainingBytes) bytes are left; it is "
          + "truncated or damaged")
    }
    return count
  }

  /// Skips a property of a row.
  mutating func skip(_ property: PLYHeader.Property) throws {
    let count = property.lengthType == nil ? 1 : try listLength(property)
    if format == .text {
      for _ in 0..<count where scanner.word() == nil {
        throw malformed("no '\(property.name.prefix(40))' where there should be one")
      }
    } else {
      let size = count * property.type.byteCount
      guard size <= remainingBytes else { throw truncated }
      position += size
    }
  }

  /// Skips all rows of an element.
  mutating func skip(_ element: PLYHeader.Element) throws {
    if element.properties.isEmpty, format != .text { return }
    for _ in 0..<element.count {
      for property in element.properties { try skip(property) }
      try endRow()
    }
  }

  /// Ends a row: in a text nothing may be left of the line.
  mutating func endRow() throws {
    guard format == .text else { return }
    if let word = scanner.word() {
      throw malformed("\(scanner.quoted(word)) after the row's last number")
    }
    scanner.skipLine()
  }

  private var truncated: FileError {
    FileError(
      .malformed, reason: "it ends at byte \(bytes.count) within a row; it is truncated")
  }

  @inline(__always)
  private mutating func word<Word: FixedWidthInteger>(_ type: Word.Type) throws -> Word {
    let size = MemoryLayout<Word>.size
    guard size <= bytes.count - position else { throw truncated }
    let word = bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: position, as: Word.self)
    }
    position += size
    return format == .littleEndian ? Word(littleEndian: word) : Word(bigEndian: word)
  }
}
