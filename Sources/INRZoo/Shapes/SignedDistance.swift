import TensorKit

/// The signed distance of a solid: that of its surface, negative inside.
///
/// Its sign comes from winding numbers, so that meshes with small holes have an inside as well.
///
/// ```swift
/// let distance = SignedDistance(of: mesh)
/// let values = distance.values(at: points)
/// ```
public struct SignedDistance: Sendable {
  /// What finds nearest triangles and sums winding numbers.
  public let search: TriangleSearch

  /// The distance of a mesh.
  ///
  /// - Precondition: The mesh has a triangle, and its coordinates are finite.
  public init(of mesh: TriangleMesh) {
    self.init(TriangleSearch(mesh))
  }

  /// The distance of a mesh that a search was prepared for.
  ///
  /// - Precondition: The mesh has a triangle.
  public init(_ search: TriangleSearch) {
    precondition(!search.mesh.triangles.isEmpty, "the distance of a mesh without triangles")
    self.search = search
  }

  /// Returns the signed distance at each place, in the units of the mesh.
  ///
  /// - Parameters:
  ///   - points: The places, finite.
  ///   - workers: What computes runs of them.
  public func values(at points: [SIMD3<Double>], workers: Workers = Workers()) -> [Double] {
    preconditionFinite(points)
    return workers.filling(points.count, pieceLength: 512) { range, values in
      search.withNearestFinder { finder in
        search.withWindingSummer(openingRatio: 2) { summer in
          for index in range {
            let distance = finder.find(points[index]).distance
            values[index - range.lowerBound] =
              summer.sum(points[index]) > 0.5 ? -distance : distance
          }
        }
      }
    }
  }

  /// Returns the signed distance at the samples of a grid, in the order of a volume's voxels.
  public func values(at grid: SampleGrid, workers: Workers = Workers()) -> [Double] {
    values(at: grid.points, workers: workers)
  }
}
