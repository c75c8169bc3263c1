import Foundation
import TensorKit

extension TriangleSearch {
  /// Returns how often the surface goes around each query, nearly, far triangles being summed in groups.
  ///
  /// Inside a closed mesh it is 1, outside 0; an open mesh gives the natural fraction, and 0.5 is where to cut. A
  /// group is far if the query's distance from its middle is above its radius times the opening ratio. With a
  /// ratio of 2 errors are about 1e-3.
  ///
  /// Source: G. Barill et al., "Fast winding numbers for soups and clouds", SIGGRAPH 2018.
  ///
  /// - Parameters:
  ///   - queries: The places, finite.
  ///   - openingRatio: The ratio, above 1; the larger, the more exact.
  ///   - workers: What computes runs of the queries.
  public func windingNumbers(
    at queries: [SIMD3<Double>], openingRatio: Double = 2, workers: Workers = Workers()
  ) -> [Double] {
    precondition(openingRatio > 1, "an opening ratio of \(openingRatio)")
    preconditionFinite(queries)
    return workers.filling(queries.count, pieceLength: 512) { range, numbers in
      withWindingSummer(openingRatio: openingRatio) { summer in
        for query in range { numbers[query - range.lowerBound] = summer.sum(queries[query]) }
      }
    }
  }

  /// Calls a closure with what sums winding numbers, and is not to outlive the call.
  func withWindingSummer<Result>(
    openingRatio: Double, _ body: (WindingSummer) -> Result
  ) -> Result {
    // Buffers without bounds checks: the indices are those that the tree was built with.
    tree.nodes.withUnsafeBufferPointer { nodes in
      moments.withUnsafeBufferPointer { moments in
        corners.withUnsafeBufferPointer { corners in
          withUnsafeTemporaryAllocation(of: Int32.self, capacity: BoundingVolumeTree.mostLevels) {
            body(
              WindingSummer(
                nodes: nodes, moments: moments, corners: corners, stack: $0,
                squaredRatio: openingRatio * openingRatio))
          }
        }
      }
    }
  }
}

/// Sums the winding number of a place over a tree.
struct WindingSummer {
  let nodes: UnsafeBufferPointer<BoundingVolumeTree.Node>
  let moments: UnsafeBufferPointer<WindingMoments>
  let corners: UnsafeBufferPointer<Double>
  let stack: UnsafeMutableBufferPointer<Int32>
  let squaredRatio: Double

  func sum(_ query: SIMD3<Double>) -> Double {
    guard !nodes.isEmpty else { return 0 }
    let (x, y, z) = (query.x, query.y, query.z)
    var (far, near) = (0.0, 0.0)
    var pending = 1
    stack[0] = 0
    while pending > 0 {
      pending -= 1
      let index = Int(stack[pending])
      let (rx, ry, rz) = (moments[index].x - x, moments[index].y - y, moments[index].z - z)
      let squared = rx * rx + ry * ry + rz * rz
      if squared > squaredRatio * moments[index].squaredRadius {
        far += moments[index].solidAngle(rx, ry, rz, squared)
        continue
      }
      let (first, count) = (nodes[index].first, nodes[index].count)
      if count == 0 {
        stack[pending] = first + 1
        stack[pending + 1] = first
        pending += 2
      } else {
        for place in Int(first)..<Int(first + count) {
          let base = 9 * place
          near += halfSolidAngle(
            SIMD3(corners[base] - x, corners[base + 1] - y, corners[base + 2] - z),
            SIMD3(corners[base + 3] - x, corners[base + 4] - y, corners[base + 5] - z),
            SIMD3(corners[base + 6] - x, corners[base + 7] - y, corners[base + 8] - z))
        }
      }
    }
    return far / (4 * .pi) + near / (2 * .pi)
  }
}

extension TriangleMesh {
  /// Returns how often the surface goes around each query: the sum of all triangles' solid angles over 4π.
  ///
  /// Its cost is the number of queries times that of triangles, 20 ns each; ``TriangleSearch`` is faster for
  /// more than a few. On the surface itself the number is between those of its two sides.
  ///
  /// Source: Jacobson, Kavan and Sorkine-Hornung, "Robust inside-outside segmentation using generalized winding
  /// numbers", ACM Transactions on Graphics 32(4), 2013; van Oosterom and Strackee, "The solid angle of a plane
  /// triangle", IEEE Transactions on Biomedical Engineering 30(2), 1983.
  ///
  /// - Parameters:
  ///   - queries: The places, finite.
  ///   - workers: What computes runs of the queries.
  public func windingNumbers(
    at queries: [SIMD3<Double>], workers: Workers = Workers()
  ) -> [Double] {
    preconditionFinite(queries)
    return workers.filling(queries.count, pieceLength: 16) { range, numbers in
      for query in range {
        let place = queries[query]
        var sum = 0.0
        for triangle in triangles {
          let (first, second, third) = corners(of: triangle)
          sum += halfSolidAngle(first - place, second - place, third - place)
        }
        numbers[query - range.lowerBound] = sum / (2 * .pi)
      }
    }
  }
}

/// Half the solid angle of a triangle seen from the origin: positive if it runs clockwise as seen from there.
@inline(__always)
func halfSolidAngle(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>) -> Double {
  let (la, lb, lc) = (length(a), length(b), length(c))
  return atan2(
    dot(a, cross(b, c)), la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb)
}
