import TensorKit

extension TriangleMesh {
  /// Creates a mesh from the contents of a PLY file.
  ///
  /// Texts and binary files of either byte order are read. Of the vertices the positions are, whatever type of
  /// number they are; polygons become fans of triangles; all else is left out.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` or `unsupported` if they are not those of a PLY file, name a
  ///   vertex that is not there or have a coordinate that is not finite, and `missing` if there are no faces.
  public init(plyBytes bytes: [UInt8]) throws {
    let contents = try PLYContents(bytes)
    guard !contents.triangles.isEmpty else {
      throw FileError(
        .missing,
        reason: "it has no faces, only \(contents.vertices.count) points; read it as a PointCloud")
    }
    self.init(unchecked: contents.vertices, contents.triangles)
  }

  /// Returns the contents of a binary PLY file of the mesh, whose numbers are read back exactly.
  ///
  /// - Parameters:
  ///   - colors: Red, green and blue of each vertex, from 0 to 255.
  ///   - normals: The normal at each vertex.
  /// - Precondition: There are as many colours and normals as vertices, if any.
  public func plyBytes(
    colors: [SIMD3<UInt8>]? = nil, normals: [SIMD3<Double>]? = nil
  ) -> [UInt8] {
    var writer = PLYWriter(vertexCount: vertices.count)
    writer.writeHeader(
      hasNormals: normals != nil, hasColors: colors != nil, faceCount: triangles.count)
    writer.writeVertices(vertices, normals: normals, colors: colors)
    for triangle in triangles {
      writer.bytes.append(3)
      for corner in 0..<3 { writer.append(UInt32(bitPattern: triangle[corner])) }
    }
    return writer.bytes
  }
}

extension PointCloud {
  /// Creates a cloud from the contents of a PLY file whose vertices have normals.
  ///
  /// Faces are left out. Normals are scaled to the length 1.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` or `unsupported` if they are not those of a PLY file, and
  ///   `missing` if there are no points or no normals.
  public init(plyBytes bytes: [UInt8]) throws {
    let contents = try PLYContents(bytes)
    guard !contents.vertices.isEmpty else {
      throw FileError(.missing, reason: "it has no points")
    }
    guard !contents.normals.isEmpty else {
      throw FileError(
        .missing, reason: "its vertices have no normals nx, ny and nz; estimate these first")
    }
    let normals = try contents.normals.enumerated().map { index, normal in
      guard let direction = direction(of: normal) else {
        throw FileError(
          .malformed, reason: "its vertex \(index) has the normal \(normal), of no length")
      }
      return direction
    }
    self.init(points: contents.vertices, normals: normals)
  }

  /// Returns the contents of a binary PLY file of the cloud.
  public func plyBytes() -> [UInt8] {
    var writer = PLYWriter(vertexCount: points.count)
    writer.writeHeader(hasNormals: true, hasColors: false, faceCount: nil)
    writer.writeVertices(points, normals: normals, colors: nil)
    return writer.bytes
  }
}

/// Writes binary PLY files in little-endian order.
private struct PLYWriter {
  let vertexCount: Int
  var bytes: [UInt8] = []

  init(vertexCount: Int) { self.vertexCount = vertexCount }

  mutating func writeHeader(hasNormals: Bool, hasColors: Bool, faceCount: Int?) {
    var lines = ["ply", "format binary_little_endian 1.0", "element vertex \(vertexCount)"]
    lines += ["x", "y", "z"].map { "property double \($0)" }
    if hasNormals { lines += ["nx", "ny", "nz"].map { "property double \($0)" } }
    if hasColors { lines += ["red", "green", "blue"].map { "property uchar \($0)" } }
    if let faceCount {
      lines += ["element face \(faceCount)", "property list uchar int vertex_indices"]
    }
    lines += ["end_header", ""]
    bytes += lines.joined(separator: "\n").utf8
    bytes.reserveCapacity(bytes.count + 51 * vertexCount + 13 * (faceCount ?? 0))
  }

  mutating func writeVertices(
    _ vertices: [SIMD3<Double>], normals: [SIMD3<Double>]?, colors: [SIMD3<UInt8>]?
  ) {
    precondition(
      normals.map { $0.count == vertexCount } ?? true
        && colors.map { $0.count == vertexCount } ?? true,
      "\(normals?.count ?? 0) normals, \(colors?.count ?? 0) colours, \(vertexCount) vertices")
    for index in vertices.indices {
      for axis in 0..<3 { append(vertices[index][axis].bitPattern) }
      if let normals { for axis in 0..<3 { append(normals[index][axis].bitPattern) } }
      if let colors { for axis in 0..<3 { bytes.append(colors[index][axis]) } }
    }
  }

  mutating func append<Word: FixedWidthInteger>(_ word: Word) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
