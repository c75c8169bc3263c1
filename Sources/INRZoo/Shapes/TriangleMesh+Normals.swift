import Foundation

extension TriangleMesh {
  /// The unit normal of each triangle; zero for a triangle of no area.
  public var faceNormals: [SIMD3<Double>] {
    triangles.map { direction(of: areaVector(of: $0)) ?? .zero }
  }

  /// The unit normal at each vertex: the mean of its triangles' normals, weighted by their angles there.
  ///
  /// Weights by angle do not depend on how a surface is cut into triangles. A vertex of no triangle, or of
  /// none with an area, has a normal of zero. Source: Thürmer and Wüthrich, "Computing vertex normals from
  /// polygonal facets", Journal of Graphics Tools 3(1), 1998.
  public var vertexNormals: [SIMD3<Double>] {
    var sums = [SIMD3<Double>](repeating: .zero, count: vertices.count)
    for (triangle, normal) in zip(triangles, faceNormals) where normal != .zero {
      for corner in 0..<3 {
        let vertex = vertices[Int(triangle[corner])]
        let next = vertices[Int(triangle[(corner + 1) % 3])] - vertex
        let last = vertices[Int(triangle[(corner + 2) % 3])] - vertex
        let angle = atan2(length(cross(next, last)), dot(next, last))
        sums[Int(triangle[corner])] += normal * angle
      }
    }
    return sums.map { direction(of: $0) ?? .zero }
  }
}
