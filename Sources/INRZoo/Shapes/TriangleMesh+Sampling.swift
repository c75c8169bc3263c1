import TensorKit

extension TriangleMesh {
  /// Returns points drawn uniformly over the surface, with the normals of their triangles.
  ///
  /// A triangle is drawn with a probability in proportion to its area, then a point uniformly in it. Source:
  /// Turk, "Generating random points in triangles", Graphics Gems, 1990.
  ///
  /// - Parameters:
  ///   - count: The number of points.
  ///   - generator: What they are drawn from; three numbers for a point.
  /// - Precondition: The mesh has an area if there are points to draw.
  public func sampledSurface(
    count: Int, using generator: inout SeededGenerator
  ) -> PointCloud {
    precondition(count >= 0, "\(count) points of a surface")
    var ends: [Double] = []
    ends.reserveCapacity(triangles.count)
    var total = 0.0
    for triangle in triangles {
      total += length(areaVector(of: triangle))
      ends.append(total)
    }
    precondition(
      count == 0 || (total > 0 && total.isFinite), "points of a surface of the area \(total)")
    var points: [SIMD3<Double>] = []
    var normals: [SIMD3<Double>] = []
    points.reserveCapacity(count)
    normals.reserveCapacity(count)
    for _ in 0..<count {
      let place = generator.nextUnit() * total
      // The first triangle that ends above the place; one of no area never does.
      var (low, high) = (0, ends.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] > place { high = middle } else { low = middle + 1 }
      }
      let (first, second, third) = corners(of: triangles[low])
      let root = generator.nextUnit().squareRoot()
      let along = generator.nextUnit()
      // From one corner, so that a point of a triangle parallel to an axis lies in its plane exactly.
      points.append(
        first + (second - first) * (root * (1 - along)) + (third - first) * (root * along))
      normals.append(direction(of: areaVector(of: triangles[low])) ?? SIMD3(0, 0, 1))
    }
    return PointCloud(points: points, normals: normals)
  }

  /// Returns points drawn uniformly over the surface, which follow from a seed.
  public func sampledSurface(count: Int, seed: UInt64) -> PointCloud {
    var generator = SeededGenerator(seed: seed)
    return sampledSurface(count: count, using: &generator)
  }
}

extension SeededGenerator {
  /// A number uniform over [0, 1), of 53 random bits.
  fileprivate mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
