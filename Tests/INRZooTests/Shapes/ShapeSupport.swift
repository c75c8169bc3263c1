import INRZoo
import TensorKit

extension Tensor where Scalar == Double {
  /// The rows of three columns as points.
  var points: [SIMD3<Double>] {
    precondition(shape.count == 2 && shape[1] == 3)
    let elements = elements
    return (0..<shape[0]).map {
      SIMD3(elements[3 * $0], elements[3 * $0 + 1], elements[3 * $0 + 2])
    }
  }
}

/// Points drawn uniformly from a box.
func randomPoints(_ count: Int, in box: BoundingBox, seed: UInt64) -> [SIMD3<Double>] {
  var generator = SeededGenerator(seed: seed)
  return (0..<count).map { _ in
    var point = SIMD3<Double>.zero
    for axis in 0..<3 {
      point[axis] = .random(in: box.lower[axis]...box.upper[axis], using: &generator)
    }
    return point
  }
}

/// Bumpy, with parts of very different sizes: a torus whose vertices were moved.
func bumpyTorus() -> TriangleMesh {
  var mesh = TriangleMesh.torus(segments: 60, sides: 31)
  for index in mesh.vertices.indices {
    let vertex = mesh.vertices[index]
    mesh.vertices[index] += vertex * (0.05 * (vertex.x * 9).rounded(.down))
  }
  return mesh
}

extension SIMD3<Double> {
  /// The Euclidean norm.
  var norm: Double { (x * x + y * y + z * z).squareRoot() }
}
