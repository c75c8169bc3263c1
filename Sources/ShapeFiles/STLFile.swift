import INRZoo
import TensorKit

extension TriangleMesh {
  /// Creates a mesh from the contents of an STL file, of text or of bytes.
  ///
  /// Corners of equal coordinates become one vertex, in the order of the file. Normals are left out, and so are
  /// triangles of which two corners are one.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if they are not those of an STL file, break off, or have a
  ///   coordinate that is not finite.
  public init(stlBytes bytes: [UInt8]) throws { self = try STLFile.mesh(of: bytes) }
}

/// Meshes in `.stl` files, of text or of bytes: triangles that share no vertices.
private enum STLFile {
  /// The bytes before the triangles of a binary file: a comment and their number.
  private static let headerSize = 84
  /// The bytes of a triangle: its normal, three corners and a number without meaning.
  private static let triangleSize = 50

  /// Returns the mesh of a file's contents, with corners of equal coordinates joined.
  ///
  /// - Throws: `FileError` without a path.
  static func mesh(of bytes: [UInt8]) throws -> TriangleMesh {
    // Binary files may begin as those of text do, and are told by their size alone.
    if let count = statedCount(of: bytes), bytes.count == headerSize + count * triangleSize {
      return try binaryMesh(of: bytes, count: count)
    }
    if bytes.starts(with: "solid".utf8) { return try textMesh(of: bytes) }
    guard let count = statedCount(of: bytes) else {
      throw FileError(
        .malformed,
        reason: "it breaks off after \(bytes.count) bytes, before the number of its triangles")
    }
    throw FileError(
      .malformed,
      reason: "it has \(bytes.count) bytes, and the \(count) triangles that it states would take "
        + "\(headerSize + count * triangleSize); it is truncated or no STL file")
  }

  private static func statedCount(of bytes: [UInt8]) -> Int? {
    guard bytes.count >= headerSize else { return nil }
    let count: UInt32 = bytes.littleEndian(at: headerSize - 4)
    return Int(count)
  }

  private static func binaryMesh(of bytes: [UInt8], count: Int) throws -> TriangleMesh {
    var joiner = VertexJoiner()
    joiner.reserve(triangles: count)
    try bytes.withUnsafeBytes { bytes in
      func number(at place: Int) -> Float {
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
      }
      for triangle in 0..<count {
        // The normal follows from the corners, and is often left zero.
        let start = headerSize + triangle * triangleSize + 12
        var corners = SIMD3<Int32>()
        for corner in 0..<3 {
          let place = start + 12 * corner
          corners[corner] = try joiner.index(
            of: [number(at: place), number(at: place + 4), number(at: place + 8)])
        }
        joiner.addTriangle(corners.x, corners.y, corners.z)
      }
    }
    return joiner.mesh
  }

  private static func textMesh(of bytes: [UInt8]) throws -> TriangleMesh {
    var joiner = VertexJoiner()
    var scanner = TextScanner(bytes)
    while let word = scanner.word() {
      guard word.lowercased() == "solid" else {
        throw scanner.failure("'\(word.prefix(40))' stands where a solid begins")
      }
      // A name may have any words.
      scanner.skipLine()
      try readSolid(&scanner, &joiner)
    }
    return joiner.mesh
  }

  private static func readSolid(
    _ scanner: inout TextScanner, _ joiner: inout VertexJoiner
  ) throws {
    while true {
      let word = try keyword(&scanner, of: ["facet", "endsolid"])
      if word == "endsolid" {
        scanner.skipLine()
        return
      }
      _ = try keyword(&scanner, of: ["normal"])
      for _ in 0..<3 {
        // What has no area has a normal that is no number.
        guard scanner.word() != nil else { throw broken(scanner) }
      }
      _ = try keyword(&scanner, of: ["outer"])
      _ = try keyword(&scanner, of: ["loop"])
      var corners = SIMD3<Int32>()
      for corner in 0..<3 {
        _ = try keyword(&scanner, of: ["vertex"])
        var position = SIMD3<Float>()
        for axis in 0..<3 {
          position[axis] = Float(try scanner.number("a coordinate", ofLine: false))
        }
        corners[corner] = try joiner.index(of: position)
      }
      _ = try keyword(&scanner, of: ["endloop"])
      _ = try keyword(&scanner, of: ["endfacet"])
      joiner.addTriangle(corners.x, corners.y, corners.z)
    }
  }

  private static func keyword(
    _ scanner: inout TextScanner, of expected: [String]
  ) throws -> String {
    guard let word = scanner.word() else { throw broken(scanner) }
    let lowercased = word.lowercased()
    guard expected.contains(lowercased) else {
      throw scanner.failure(
        "'\(word.prefix(40))' stands where '\(expected.joined(separator: "' or '"))' belongs")
    }
    return lowercased
  }

  private static func broken(_ scanner: TextScanner) -> FileError {
    scanner.failure("the file ends within a solid; it is truncated")
  }
}
