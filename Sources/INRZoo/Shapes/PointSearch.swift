import TensorKit

/// Finds the nearest of many points.
///
/// ```swift
/// let search = PointSearch(cloud.points)
/// let found = search.nearest(3, to: queries)
/// let index = found.indices[query * 3]               // the nearest one
/// ```
///
/// Equally near points are told apart by their indices, the lower one first, so that results do not depend
/// on the search.
public struct PointSearch: Sendable {
  /// The nearest points of each query, side by side, the nearest first.
  public struct Neighbors: Hashable, Sendable {
    /// How many points there are for each query.
    public let count: Int
    /// The points' indices, of the shape [queries, count].
    public let indices: [Int32]
    /// The squares of their distances, of the same shape.
    public let squaredDistances: [Double]
  }

  /// The points that are searched.
  public let points: [SIMD3<Double>]
  let tree: BoundingVolumeTree
  /// The points in the order of the tree.
  private let placed: [SIMD3<Double>]

  /// Prepares a search.
  ///
  /// - Precondition: The coordinates are finite.
  public init(_ points: [SIMD3<Double>]) {
    preconditionFinite(points)
    self.points = points
    tree = BoundingVolumeTree(lower: points, upper: points, leafSize: 8)
    placed = tree.order.map { points[Int($0)] }
  }

  /// Returns the nearest points of each query.
  ///
  /// - Parameters:
  ///   - count: How many points, from 1 to as many as there are.
  ///   - queries: The places from which distances are measured, finite.
  ///   - workers: What computes runs of the queries.
  public func nearest(
    _ count: Int = 1, to queries: [SIMD3<Double>], workers: Workers = Workers()
  ) -> Neighbors {
    precondition(
      (1...max(points.count, 1)).contains(count) && !points.isEmpty,
      "\(count) nearest points of \(points.count)")
    preconditionFinite(queries)
    let found: [Candidate] = workers.filling(
      queries.count * count, pieceLength: 512 * count
    ) { range, found in
      // Buffers without bounds checks: the indices are those that the tree was built with.
      tree.nodes.withUnsafeBufferPointer { nodes in
        placed.withUnsafeBufferPointer { placed in
          tree.order.withUnsafeBufferPointer { order in
            withUnsafeTemporaryAllocation(
              of: Pending.self, capacity: BoundingVolumeTree.mostLevels
            ) { stack in
              for query in (range.lowerBound / count)..<(range.upperBound / count) {
                let nearest = found + (query * count - range.lowerBound)
                Self.find(
                  queries[query], count, nearest, nodes: nodes, placed: placed, order: order,
                  stack: stack)
              }
            }
          }
        }
      }
    }
    return Neighbors(
      count: count, indices: found.map(\.index), squaredDistances: found.map(\.squaredDistance))
  }

  /// A point that may be among the nearest.
  private struct Candidate: BitwiseCopyable {
    var squaredDistance = Double.infinity
    var index = Int32.max

    @inline(__always)
    func precedes(_ other: Candidate) -> Bool {
      squaredDistance == other.squaredDistance
        ? index < other.index : squaredDistance < other.squaredDistance
    }
  }

  /// A node to be looked at, unless something nearer was found.
  private struct Pending: BitwiseCopyable {
    var bound: Double
    var node: Int32
  }

  /// Finds the nearest points of one query, the nearer half of each node first.
  @inline(__always)
  private static func find(
    _ query: SIMD3<Double>, _ count: Int, _ nearest: UnsafeMutablePointer<Candidate>,
    nodes: UnsafeBufferPointer<BoundingVolumeTree.Node>,
    placed: UnsafeBufferPointer<SIMD3<Double>>, order: UnsafeBufferPointer<Int32>,
    stack: UnsafeMutableBufferPointer<Pending>
  ) {
    nearest.initialize(repeating: Candidate(), count: count)
    let (x, y, z) = (query.x, query.y, query.z)
    var pending = 1
    stack[0] = Pending(bound: 0, node: 0)
    while pending > 0 {
      pending -= 1
      // A node as far as the farthest found may hold a point of a lower index.
      guard stack[pending].bound <= nearest[count - 1].squaredDistance else { continue }
      var node = nodes[Int(stack[pending].node)]
      while node.count == 0 {
        let first = Int(node.first)
        let near = nodes[first].squaredDistance(x, y, z)
        let far = nodes[first + 1].squaredDistance(x, y, z)
        stack[pending] =
          near <= far
          ? Pending(bound: far, node: Int32(first + 1)) : Pending(bound: near, node: Int32(first))
        pending += 1
        node = nodes[near <= far ? first : first + 1]
      }
      for place in Int(node.first)..<Int(node.first + node.count) {
        let point = placed[place]
        let (dx, dy, dz) = (point.x - x, point.y - y, point.z - z)
        let candidate = Candidate(
          squaredDistance: dx * dx + dy * dy + dz * dz, index: order[place])
        guard candidate.precedes(nearest[count - 1]) else { continue }
        var slot = count - 1
        while slot > 0, candidate.precedes(nearest[slot - 1]) {
          nearest[slot] = nearest[slot - 1]
          slot -= 1
        }
        nearest[slot] = candidate
      }
    }
  }
}

/// Stops with the first point that has a coordinate that is not finite.
func preconditionFinite(_ points: [SIMD3<Double>]) {
  for (index, point) in points.enumerated() {
    precondition(
      point.x.isFinite && point.y.isFinite && point.z.isFinite, "point \(index) is \(point)")
  }
}
