import Foundation

/// Normals at the corners of triangles, smooth but for sharp edges.
///
/// A corner's normal is the mean, by area, of those of the triangles at its vertex that differ from its own
/// triangle's by less than 60 degrees.
struct SmoothNormals: Sendable {
  private let triangles: [SIMD3<Int32>]
  /// By triangle: the normal, as long as the area in proportion.
  private let normals: [SIMD3<Float>]
  /// Where the triangles of each vertex begin in ``around``.
  private let starts: [Int32]
  private let around: [Int32]

  private static let leastCosine = 0.5

  /// Normals of a mesh.
  ///
  /// - Parameters:
  ///   - mesh: The mesh.
  ///   - unit: What makes its size about 1, so that squares are neither lost nor too large.
  ///   - isDrawn: Whether a triangle counts.
  init(
    of mesh: TriangleMesh, unit: Double, where isDrawn: (_ triangle: SIMD3<Int32>) -> Bool
  ) {
    triangles = mesh.triangles
    normals = mesh.triangles.map { triangle in
      guard isDrawn(triangle) else { return .zero }
      let origin = mesh.vertices[Int(triangle.x)]
      let first = (mesh.vertices[Int(triangle.y)] - origin) * unit
      let second = (mesh.vertices[Int(triangle.z)] - origin) * unit
      let normal = SIMD3<Float>(
        SIMD3<Double>(
          first.y * second.z - first.z * second.y, first.z * second.x - first.x * second.z,
          first.x * second.y - first.y * second.x))
      return normal.sum().isFinite ? normal : .zero
    }
    var starts = [Int32](repeating: 0, count: mesh.vertices.count + 1)
    for triangle in triangles {
      for corner in 0..<3 { starts[Int(triangle[corner]) + 1] += 1 }
    }
    for vertex in mesh.vertices.indices { starts[vertex + 1] += starts[vertex] }
    var (next, around) = (starts, [Int32](repeating: 0, count: 3 * triangles.count))
    for (index, triangle) in triangles.enumerated() {
      for corner in 0..<3 {
        let vertex = Int(triangle[corner])
        around[Int(next[vertex])] = Int32(index)
        next[vertex] += 1
      }
    }
    self.starts = starts
    self.around = around
  }

  /// The normals at the three corners of a triangle; of any length, and zero without an area.
  func corners(of index: Int) -> (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    let triangle = triangles[index]
    return (
      normal(at: triangle.x, of: index), normal(at: triangle.y, of: index),
      normal(at: triangle.z, of: index)
    )
  }

  private func normal(at vertex: Int32, of index: Int) -> SIMD3<Double> {
    // The products of four areas are beyond the range of `Float`.
    let own = SIMD3<Double>(normals[index])
    let ownSquare = (own * own).sum()
    var sum = SIMD3<Double>.zero
    for place in Int(starts[Int(vertex)])..<Int(starts[Int(vertex) + 1]) {
      let other = SIMD3<Double>(normals[Int(around[place])])
      let product = (own * other).sum()
      // The square of the cosine is compared: no root is taken.
      if product > 0,
        product * product >= Self.leastCosine * Self.leastCosine * ownSquare * (other * other).sum()
      {
        sum += other
      }
    }
    let length = (sum * sum).sum().squareRoot()
    return length > 0 ? sum / length : own
  }
}
