extension TriangleMesh {
  /// The smallest box that contains the corners of all triangles; nil if there are none.
  ///
  /// Vertices of no triangle do not count.
  public var bounds: BoundingBox? {
    BoundingBox(
      containing: triangles.lazy.flatMap { triangle in
        (0..<3).lazy.map { vertices[Int(triangle[$0])] }
      })
  }

  /// The corners of a triangle.
  func corners(of triangle: SIMD3<Int32>) -> (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    (vertices[Int(triangle.x)], vertices[Int(triangle.y)], vertices[Int(triangle.z)])
  }

  /// The sum of the triangles' areas.
  public var area: Double {
    triangles.reduce(0) { $0 + length(areaVector(of: $1)) }
  }

  /// The volume inside a closed mesh: positive if its triangles run counter-clockwise as seen from outside.
  ///
  /// For an open mesh it is that of the cone from the middle of the bounds, which means little. Source: the
  /// divergence theorem.
  public var volume: Double {
    guard let origin = bounds?.center else { return 0 }
    return triangles.reduce(0) { sum, triangle in
      let (first, second, third) = corners(of: triangle)
      return sum + dot(first - origin, cross(second - origin, third - origin)) / 6
    }
  }

  /// The area of a triangle along its normal: half the cross product of two sides.
  func areaVector(of triangle: SIMD3<Int32>) -> SIMD3<Double> {
    let (first, second, third) = corners(of: triangle)
    return cross(second - first, third - first) * 0.5
  }

  /// How many edges do not belong to exactly two triangles: 0 for a watertight mesh.
  ///
  /// Edges are told apart by their vertices' indices, not by coordinates. A side of a triangle whose two ends
  /// are the same vertex is an edge as well.
  public var boundaryEdgeCount: Int { edgeCounts.boundary }

  /// Vertices minus edges plus triangles: 2 for a sphere, 0 for a torus, and 2 - 2 × genus in general.
  ///
  /// For several closed components it is the sum over them. Vertices of no triangle do not count.
  public var eulerCharacteristic: Int {
    var isUsed = [Bool](repeating: false, count: vertices.count)
    for triangle in triangles {
      for corner in 0..<3 { isUsed[Int(triangle[corner])] = true }
    }
    return isUsed.lazy.filter { $0 }.count - edgeCounts.all + triangles.count
  }

  /// How many edges there are, and how many of them do not belong to exactly two triangles.
  private var edgeCounts: (all: Int, boundary: Int) {
    var edges: [UInt64] = []
    edges.reserveCapacity(3 * triangles.count)
    for triangle in triangles {
      for corner in 0..<3 {
        let (start, end) = (triangle[corner], triangle[(corner + 1) % 3])
        edges.append(UInt64(min(start, end)) << 32 | UInt64(max(start, end)))
      }
    }
    edges.sort()
    var (all, boundary, start) = (0, 0, 0)
    while start < edges.count {
      var end = start + 1
      while end < edges.count, edges[end] == edges[start] { end += 1 }
      all += 1
      if end - start != 2 { boundary += 1 }
      start = end
    }
    return (all, boundary)
  }
}

/// The scalar product.
@inline(__always)
func dot(_ first: SIMD3<Double>, _ second: SIMD3<Double>) -> Double {
  first.x * second.x + first.y * second.y + first.z * second.z
}

/// The vector product.
@inline(__always)
func cross(_ first: SIMD3<Double>, _ second: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(
    first.y * second.z - first.z * second.y, first.z * second.x - first.x * second.z,
    first.x * second.y - first.y * second.x)
}

/// The Euclidean norm.
@inline(__always)
func length(_ vector: SIMD3<Double>) -> Double { dot(vector, vector).squareRoot() }

/// The vector of length 1 in the same direction; nil for one of no length.
func direction(of vector: SIMD3<Double>) -> SIMD3<Double>? {
  // Scaled first, so that squares of tiny or huge components are neither 0 nor infinite.
  let largest = max(abs(vector.x), abs(vector.y), abs(vector.z))
  guard largest > 0, largest.isFinite else { return nil }
  let scaled = vector / largest
  return scaled / length(scaled)
}
