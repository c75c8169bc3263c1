import INRZoo
import TensorKit

/// Makes a mesh of triangles that each come with the coordinates of their corners.
struct VertexJoiner {
  private(set) var mesh = TriangleMesh(vertices: [], triangles: [])
  private var indices: [SIMD3<Float>: Int32] = [:]

  /// More vertices than this have no index.
  static let mostVertices = Int(Int32.max)

  /// Makes room for a number of triangles, which have been found to be in the file.
  mutating func reserve(triangles: Int) {
    mesh.triangles.reserveCapacity(triangles)
    // A closed mesh has half as many vertices as triangles.
    mesh.vertices.reserveCapacity(triangles / 2)
    indices.reserveCapacity(triangles / 2)
  }

  /// Returns the index of a vertex with some coordinates, the same one for equal coordinates.
  ///
  /// - Throws: `FileError` if a coordinate is not finite, or there are too many vertices.
  mutating func index(of position: SIMD3<Float>) throws -> Int32 {
    if let index = indices[position] { return index }
    guard position.x.isFinite, position.y.isFinite, position.z.isFinite else {
      throw FileError(
        .malformed,
        reason:
          "it has a vertex at (\(position.x), \(position.y), \(position.z)), which is not finite")
    }
    guard mesh.vertices.count < Self.mostVertices else {
      throw FileError(.unsupported, reason: "it has more than \(Self.mostVertices) vertices")
    }
    let index = Int32(mesh.vertices.count)
    indices[position] = index
    mesh.vertices.append(SIMD3<Double>(position))
    return index
  }

  /// Adds a triangle, unless two of its corners are one.
  mutating func addTriangle(_ first: Int32, _ second: Int32, _ third: Int32) {
    guard first != second, second != third, third != first else { return }
    mesh.triangles.append([first, second, third])
  }
}
