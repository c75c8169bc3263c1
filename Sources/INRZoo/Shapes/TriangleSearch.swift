import TensorKit

/// Answers questions about places near a mesh: the nearest point of its surface, and how often it goes around.
///
/// ```swift
/// let search = TriangleSearch(mesh)
/// let nearest = search.nearest(to: points)           // distance, foot point and triangle of each
/// let winding = search.windingNumbers(at: points)    // above 0.5 inside
/// ```
///
/// One tree serves both. Answers do not depend on the number of threads.
public struct TriangleSearch: Sendable {
  /// The point of a surface that is nearest to a query.
  public struct Nearest: Hashable, Sendable, BitwiseCopyable {
    /// Its distance from the query, not negative.
    public var distance: Double
    /// Its coordinates.
    public var point: SIMD3<Double>
    /// The index of its triangle; of equally near ones the lowest.
    public var triangle: Int32
  }

  /// The mesh that is searched.
  public let mesh: TriangleMesh
  let tree: BoundingVolumeTree
  /// The coordinates of the corners of each triangle, nine numbers each, in the order of the tree.
  let corners: [Double]
  /// What the triangles of each node amount to from afar.
  let moments: [WindingMoments]

  /// Prepares a search.
  ///
  /// - Precondition: The coordinates are finite.
  public init(_ mesh: TriangleMesh, workers: Workers = Workers()) {
    preconditionFinite(mesh.vertices)
    self.mesh = mesh
    var lower: [SIMD3<Double>] = []
    var upper: [SIMD3<Double>] = []
    lower.reserveCapacity(mesh.triangles.count)
    upper.reserveCapacity(mesh.triangles.count)
    for triangle in mesh.triangles {
      let (first, second, third) = mesh.corners(of: triangle)
      lower.append(pointwiseMin(pointwiseMin(first, second), third))
      upper.append(pointwiseMax(pointwiseMax(first, second), third))
    }
    tree = BoundingVolumeTree(lower: lower, upper: upper, leafSize: 4)
    let tree = tree
    let corners: [Double] = workers.filling(
      9 * tree.order.count, pieceLength: 9 * 4096
    ) { range, corners in
      for place in (range.lowerBound / 9)..<(range.upperBound / 9) {
        let (a, b, c) = mesh.corners(of: mesh.triangles[Int(tree.order[place])])
        let target = corners + (9 * place - range.lowerBound)
        (target[0], target[1], target[2]) = (a.x, a.y, a.z)
        (target[3], target[4], target[5]) = (b.x, b.y, b.z)
        (target[6], target[7], target[8]) = (c.x, c.y, c.z)
      }
    }
    self.corners = corners
    moments = workers.filling(tree.nodes.count, pieceLength: 256) { range, moments in
      corners.withUnsafeBufferPointer { corners in
        for node in range {
          let places = tree.ranges[node]
          moments[node - range.lowerBound] = WindingMoments(
            corners, places: Int(places.lowerBound)..<Int(places.upperBound))
        }
      }
    }
  }

  /// Returns the nearest point of the surface for each query.
  ///
  /// - Parameters:
  ///   - queries: The places from which distances are measured, finite.
  ///   - workers: What computes runs of the queries.
  /// - Precondition: The mesh has a triangle.
  public func nearest(
    to queries: [SIMD3<Double>], workers: Workers = Workers()
  ) -> [Nearest] {
    precondition(!mesh.triangles.isEmpty, "the nearest point of a mesh without triangles")
    preconditionFinite(queries)
    return workers.filling(queries.count, pieceLength: 512) { range, nearest in
      withNearestFinder { finder in
        for query in range { nearest[query - range.lowerBound] = finder.find(queries[query]) }
      }
    }
  }

  /// Calls a closure with what finds nearest points, and is not to outlive the call.
  func withNearestFinder<Result>(_ body: (NearestTriangleFinder) -> Result) -> Result {
    // Buffers without bounds checks: the indices are those that the tree was built with.
    tree.nodes.withUnsafeBufferPointer { nodes in
      corners.withUnsafeBufferPointer { corners in
        tree.order.withUnsafeBufferPointer { order in
          withUnsafeTemporaryAllocation(
            of: NearestTriangleFinder.Pending.self, capacity: BoundingVolumeTree.mostLevels
          ) { stack in
            body(
              NearestTriangleFinder(nodes: nodes, corners: corners, order: order, stack: stack))
          }
        }
      }
    }
  }
}
