/// A surface made of triangles.
///
/// A triangle's corners run counter-clockwise as seen from outside, so that the normals of a closed mesh point
/// outwards and its ``volume`` is positive.
public struct TriangleMesh: Hashable, Sendable {
  /// The vertices' coordinates.
  public var vertices: [SIMD3<Double>]
  /// The vertices' indices at the corners of each triangle.
  public var triangles: [SIMD3<Int32>]

  /// A mesh of some triangles.
  ///
  /// - Precondition: The indices are those of vertices.
  public init(vertices: [SIMD3<Double>], triangles: [SIMD3<Int32>]) {
    let indices = 0..<Int32(vertices.count)
    for (index, triangle) in triangles.enumerated() {
      precondition(
        (0..<3).allSatisfy { indices.contains(triangle[$0]) },
        "triangle \(index) has corners \(triangle) in a mesh of \(vertices.count) vertices")
    }
    self.vertices = vertices
    self.triangles = triangles
  }

  /// A mesh whose indices are known to be those of vertices.
  init(unchecked vertices: [SIMD3<Double>], _ triangles: [SIMD3<Int32>]) {
    self.vertices = vertices
    self.triangles = triangles
  }
}
