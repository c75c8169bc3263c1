import INRZoo
import TensorKit

extension TriangleMesh {
  /// Creates a mesh from the contents of an OFF file, its vertices in their order.
  ///
  /// Polygons become fans of triangles. Colours and normals are left out.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if they are not those of an OFF file, break off, name a vertex
  ///   that is not there or have a coordinate that is not finite, and `unsupported` for other than three
  ///   coordinates.
  public init(offBytes bytes: [UInt8]) throws { self = try OFFFile.mesh(of: bytes) }
}

/// Meshes in `.off` files: vertices and polygons as text.
///
/// Normals and colours of vertices and colours of polygons are passed over.
private enum OFFFile {
  /// Returns the mesh of a file's contents, polygons cut into triangles from their first corner.
  ///
  /// - Throws: `FileError` without a path.
  static func mesh(of bytes: [UInt8]) throws -> TriangleMesh {
    var scanner = TextScanner(try contents(of: bytes))
    guard scanner.skipToContent() else {
      throw FileError(.malformed, reason: "it ends before the number of its vertices")
    }
    let vertexCount = try scanner.count("the number of vertices")
    let faceCount = try scanner.count("the number of faces")
    // A vertex takes six bytes at least, a face two; more than the file can hold are not believed.
    guard vertexCount <= scanner.remaining, faceCount <= scanner.remaining,
      vertexCount <= VertexJoiner.mostVertices
    else {
      throw FileError(
        .malformed,
        reason: "it states \(vertexCount) vertices and \(faceCount) faces, and has only "
          + "\(scanner.remaining) bytes for them; it is truncated")
    }
    scanner.skipLine()

    var vertices: [SIMD3<Double>] = []
    vertices.reserveCapacity(vertexCount)
    for index in 0..<vertexCount {
      guard scanner.skipToContent() else {
        throw ended(scanner, "\(index) of \(vertexCount) vertices")
      }
      var position = SIMD3<Double>()
      for axis in 0..<3 { position[axis] = try scanner.number("a coordinate", ofLine: true) }
      vertices.append(position)
      scanner.skipLine()
    }
    var triangles: [SIMD3<Int32>] = []
    triangles.reserveCapacity(faceCount)
    for index in 0..<faceCount {
      guard scanner.skipToContent() else { throw ended(scanner, "\(index) of \(faceCount) faces") }
      let cornerCount = try scanner.count("the number of corners of a face")
      var corners = SIMD2<Int32>()
      for corner in 0..<cornerCount {
        let vertex = try scanner.count("a corner of a face")
        guard vertex < vertexCount else {
          throw scanner.failure(
            "a face has the corner \(vertex), and there are \(vertexCount) vertices")
        }
        if corner >= 2 { triangles.append([corners.x, corners.y, Int32(vertex)]) }
        if corner == 0 { corners.x = Int32(vertex) } else { corners.y = Int32(vertex) }
      }
      scanner.skipLine()
    }
    return TriangleMesh(vertices: vertices, triangles: triangles)
  }

  /// What comes after the word with which a file may begin, and after which many have no line's end.
  private static func contents(of bytes: [UInt8]) throws -> [UInt8] {
    var scanner = TextScanner(bytes)
    guard scanner.skipToContent(), let word = scanner.wordOfLine() else {
      throw FileError(.malformed, reason: "it is empty, and so no OFF file")
    }
    guard let place = word.firstRange(of: "OFF") else {
      throw FileError(
        .malformed, reason: "it begins with '\(word.prefix(40))', and not as an OFF file does")
    }
    let prefix = word[..<place.lowerBound]
    guard !prefix.contains("4"), !prefix.contains("n") else {
      throw FileError(
        .unsupported,
        reason: "its vertices have other than three coordinates ('\(word.prefix(40))')")
    }
    var rest = TextScanner(bytes)
    _ = rest.skipToContent()
    let start = bytes.count - rest.remaining + word[..<place.upperBound].utf8.count
    return Array(bytes[start...])
  }

  private static func ended(_ scanner: TextScanner, _ what: String) -> FileError {
    scanner.failure("the file ends after \(what); it is truncated")
  }
}
