import TensorKit

extension TriangleMesh {
  /// Creates a mesh from the contents of an OBJ file.
  ///
  /// Positions and faces are read: `v`, whose colours are left out, and `f` with indices of positions alone or
  /// with others (`1`, `1/2`, `1/2/3`, `1//3`), counted from 1, or back from the latest vertex if negative. A
  /// polygon becomes a fan of triangles. All else is left out: texture coordinates, normals, groups, materials,
  /// curves.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if a line breaks the format's rules, names a vertex that is
  ///   not there or has a coordinate that is not finite, and `missing` if there are no faces.
  public init(objBytes bytes: [UInt8]) throws {
    var scanner = ShapeTextScanner(bytes)
    var vertices: [SIMD3<Double>] = []
    var triangles: [SIMD3<Int32>] = []
    /// The largest index of a vertex that had not come yet, and its line.
    var ahead = (index: 0, line: 0)
    while !scanner.isAtEnd {
      if let word = scanner.word() {
        if scanner.isWord(word, "v") {
          let (x, y) = (try scanner.number("coordinate"), try scanner.number("coordinate"))
          vertices.append(SIMD3(x, y, try scanner.number("coordinate")))
        } else if scanner.isWord(word, "f") {
          try Self.readFace(&scanner, vertices.count, &triangles, &ahead)
        }
      }
      scanner.skipLine()
    }
    guard ahead.index < vertices.count || ahead.line == 0 else {
      throw FileError(
        .malformed,
        reason: "its line \(ahead.line) names vertex \(ahead.index + 1) of only "
          + "\(vertices.count); it is truncated or damaged")
    }
    guard !triangles.isEmpty else {
      throw FileError(
        .missing,
        reason: "it has no faces, and \(vertices.count) vertices; it is not an OBJ file of a mesh")
    }
    self.init(unchecked: vertices, triangles)
  }

  /// Reads the corners of a face, and adds its fan of triangles.
  private static func readFace(
    _ scanner: inout ShapeTextScanner, _ vertexCount: Int, _ triangles: inout [SIMD3<Int32>],
    _ ahead: inout (index: Int, line: Int)
  ) throws {
    var (first, last, count) = (Int32(0), Int32(0), 0)
    while let word = scanner.word() {
      guard let number = scanner.leadingInteger(word), number != 0 else {
        throw scanner.malformed(
          "\(scanner.quoted(word)) for a corner; corners are indices from 1, or negative ones")
      }
      let index = number > 0 ? number - 1 : vertexCount + number
      guard index >= 0, index < Int32.max else {
        throw scanner.malformed("the index \(number) after \(vertexCount) vertices")
      }
      if index >= vertexCount, index > ahead.index || ahead.line == 0 {
        ahead = (index, scanner.line)
      }
      let corner = Int32(index)
      if count == 0 { first = corner }
      if count >= 2 { triangles.append(SIMD3(first, last, corner)) }
      last = corner
      count += 1
    }
    guard count >= 3 else {
      throw scanner.malformed("a face of \(count) corners, fewer than 3")
    }
  }

  /// Returns the contents of an OBJ file of the mesh, whose numbers are read back exactly.
  public func objBytes() -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(60 * vertices.count + 24 * triangles.count)
    for vertex in vertices {
      text += "v \(vertex.x) \(vertex.y) \(vertex.z)\n".utf8
    }
    for triangle in triangles {
      text += "f \(triangle.x + 1) \(triangle.y + 1) \(triangle.z + 1)\n".utf8
    }
    return text
  }
}

extension ShapeTextScanner {
  /// The whole number that a word begins with, before its end or a slash; nil if there is none.
  func leadingInteger(_ range: Range<Int>) -> Int? {
    let text = bytes[range].prefix { $0 != UInt8(ascii: "/") }
    let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
    guard (1...10).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (48...57).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 48)
    }
    return text.count == digits.count ? value : -value
  }
}
