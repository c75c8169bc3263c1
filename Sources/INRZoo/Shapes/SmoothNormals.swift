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

  private static let leastCosine: Float = 0.5

  init(of mesh: TriangleMesh) {
    triangles = mesh.triangles
    let vectors = mesh.triangles.map { triangle -> SIMD3<Double> in
      let origin = mesh.vertices[Int(triangle.x)]
      let first = mesh.vertices[Int(triangle.y)] - origin
      let second = mesh.vertices[Int(triangle.z)] - origin
      return [
        first.y * second.z - first.z * second.y, first.z * second.x - first.x * second.z,
        first.x * second.y - first.y * second.x,
      ]
    }
    // Of the largest, so that squares of small ones are not lost.
    let largest = vectors.reduce(0) { max($0, abs($1.x), abs($1.y), abs($1.z)) }
    let scale = largest > 0 && largest.isFinite ? 1 / largest : 1
    normals = vectors.map { SIMD3<Float>($0 * scale) }
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
    let own = normals[index]
    let ownSquare = (own * own).sum()
    var sum = SIMD3<Float>.zero
    for place in Int(starts[Int(vertex)])..<Int(starts[Int(vertex) + 1]) {
      let other = normals[Int(around[place])]
      let product = (own * other).sum()
      // The square of the cosine is compared: no root is taken.
      if product > 0,
        product * product >= Self.leastCosine * Self.leastCosine * ownSquare * (other * other).sum()
      {
        sum += other
      }
    }
    let length = (sum * sum).sum().squareRoot()
    return length > 0 ? SIMD3<Double>(sum / length) : SIMD3<Double>(own)
  }
}
