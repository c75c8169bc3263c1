import TensorKit

extension PointCloud {
  /// Creates a cloud from the contents of an `.xyz` file: a line of six numbers for each point, the last three of
  /// which are its normal.
  ///
  /// Empty lines, and those that begin with `#`, are left out; so are numbers after the sixth. Normals are scaled
  /// to the length 1.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if a line has no six finite numbers or a normal of no length,
  ///   and `missing` if there are no points.
  public init(xyzBytes bytes: [UInt8]) throws {
    var scanner = ShapeTextScanner(bytes)
    var points: [SIMD3<Double>] = []
    var normals: [SIMD3<Double>] = []
    while !scanner.isAtEnd {
      var lookahead = scanner
      if let word = lookahead.word(), bytes[word.lowerBound] != UInt8(ascii: "#") {
        var values = [0.0, 0, 0, 0, 0, 0]
        for column in 0..<6 {
          values[column] = try scanner.number(
            column < 3 ? "coordinate" : "part of the point's normal")
        }
        guard let normal = direction(of: SIMD3(values[3], values[4], values[5])) else {
          throw scanner.malformed("a normal of no length")
        }
        points.append(SIMD3(values[0], values[1], values[2]))
        normals.append(normal)
      }
      scanner.skipLine()
    }
    guard !points.isEmpty else {
      throw FileError(.missing, reason: "it has no points; it is not an .xyz file, or empty")
    }
    self.init(points: points, normals: normals)
  }

  /// Returns the contents of an `.xyz` file of the cloud, whose points are read back exactly.
  public func xyzBytes() -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(120 * points.count)
    for (point, normal) in zip(points, normals) {
      text += "\(point.x) \(point.y) \(point.z) \(normal.x) \(normal.y) \(normal.z)\n".utf8
    }
    return text
  }
}
