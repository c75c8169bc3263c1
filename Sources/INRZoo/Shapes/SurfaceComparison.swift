import TensorKit

/// How two surfaces differ, measured by points of each.
///
/// Each point of one cloud is paired with the nearest one of the other. Published measures of the same name
/// differ in what they square and how they average; here each name says it. Distances are in the units of the
/// points, so state to which size shapes were scaled, and how many points there were.
public struct SurfaceComparison: Hashable, Sendable {
  /// The distance of each point of the first cloud from the nearest one of the second.
  public let distancesFromFirst: [Double]
  /// The distance of each point of the second cloud from the nearest one of the first.
  public let distancesFromSecond: [Double]
  /// The index of the point of the second cloud that is nearest to each of the first.
  public let nearestToFirst: [Int32]
  /// The index of the point of the first cloud that is nearest to each of the second.
  public let nearestToSecond: [Int32]
  /// Half the sum of the two means of |cosine| of the angle between a point's normal and its nearest point's.
  ///
  /// Source: Mescheder et al., "Occupancy networks", CVPR 2019.
  public let normalConsistency: Double

  /// Compares two clouds.
  ///
  /// - Precondition: Neither is empty, and coordinates are finite.
  public init(between first: PointCloud, and second: PointCloud, workers: Workers = Workers()) {
    precondition(
      !first.points.isEmpty && !second.points.isEmpty,
      "clouds of \(first.points.count) and \(second.points.count) points are compared")
    let toSecond = PointSearch(second.points).nearest(to: first.points, workers: workers)
    let toFirst = PointSearch(first.points).nearest(to: second.points, workers: workers)
    distancesFromFirst = toSecond.squaredDistances.map { $0.squareRoot() }
    distancesFromSecond = toFirst.squaredDistances.map { $0.squareRoot() }
    (nearestToFirst, nearestToSecond) = (toSecond.indices, toFirst.indices)
    func meanCosine(_ from: PointCloud, _ to: PointCloud, _ nearest: [Int32]) -> Double {
      zip(from.normals, nearest).reduce(0) { $0 + abs(dot($1.0, to.normals[Int($1.1)])) }
        / Double(nearest.count)
    }
    normalConsistency =
      0.5 * (meanCosine(first, second, nearestToFirst) + meanCosine(second, first, nearestToSecond))
  }

  /// Compares two meshes by points drawn from them, by area.
  ///
  /// - Parameters:
  ///   - first: A mesh.
  ///   - second: The other one.
  ///   - samples: How many points are drawn of each.
  ///   - seed: What they follow from; those of the two meshes are drawn independently.
  ///   - workers: What searches.
  /// - Precondition: Both have an area.
  public init(
    between first: TriangleMesh, and second: TriangleMesh, samples: Int = 100_000,
    seed: UInt64 = 1, workers: Workers = Workers()
  ) {
    let generator = SeededGenerator(seed: seed)
    var (firstDraws, secondDraws) = (generator.branch(1), generator.branch(2))
    self.init(
      between: first.sampledSurface(count: samples, using: &firstDraws),
      and: second.sampledSurface(count: samples, using: &secondDraws), workers: workers)
  }

  /// Chamfer-L2: the sum of the two mean squared nearest distances.
  ///
  /// As ACORN, BACON and FINER report it.
  public var sumOfMeanSquaredDistances: Double {
    Self.mean(distancesFromFirst.lazy.map { $0 * $0 }, distancesFromFirst.count)
      + Self.mean(distancesFromSecond.lazy.map { $0 * $0 }, distancesFromSecond.count)
  }

  /// Chamfer-L1: half the sum of the two mean nearest distances, not squared.
  ///
  /// Source: Mescheder et al., "Occupancy networks", CVPR 2019.
  public var halfSumOfMeanDistances: Double {
    0.5
      * (Self.mean(distancesFromFirst, distancesFromFirst.count)
        + Self.mean(distancesFromSecond, distancesFromSecond.count))
  }

  /// The largest nearest distance: the Hausdorff distance of the points.
  public var largestDistance: Double {
    max(distancesFromFirst.max() ?? 0, distancesFromSecond.max() ?? 0)
  }

  /// How many points lie within a distance of the other cloud, as shares.
  public struct Agreement: Hashable, Sendable {
    /// The share of the first cloud's points that are near the second.
    public let firstShare: Double
    /// The share of the second cloud's points that are near the first.
    public let secondShare: Double
    /// The harmonic mean of the two, 0 if both are.
    public var fScore: Double {
      let sum = firstShare + secondShare
      return sum > 0 ? 2 * firstShare * secondShare / sum : 0
    }
  }

  /// Returns the shares of points that lie nearer than a threshold, of which the F-score is the harmonic mean.
  ///
  /// Source: Knapitsch et al., "Tanks and temples", ACM Transactions on Graphics 36(4), 2017.
  ///
  /// - Parameter threshold: The distance; often 1% of a side of the box.
  public func agreement(within threshold: Double) -> Agreement {
    func share(_ distances: [Double]) -> Double {
      Double(distances.lazy.filter { $0 < threshold }.count) / Double(distances.count)
    }
    return Agreement(
      firstShare: share(distancesFromFirst), secondShare: share(distancesFromSecond))
  }

  private static func mean(_ values: some Sequence<Double>, _ count: Int) -> Double {
    values.reduce(0, +) / Double(count)
  }
}
