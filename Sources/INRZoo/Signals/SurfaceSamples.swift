import AutoDiff
import GradientAdjusters
import TensorKit

/// Points around a surface with their signed distances, drawn anew at each step.
///
/// Points of the surface are moved by Laplace noise along each coordinate: those in even rows far (coarse ones),
/// those in odd rows a little (fine ones). One that leaves the cube [-0.5, 0.5]³ comes in again at the other side. A
/// target is the distance, negative inside. Rows are weighted so that the mean squared error is the sum over fine rows
/// plus ``coarseWeight`` times that over coarse ones.
///
/// Rows that lie near each other form groups, level by level, for adjusters.
///
/// Source: D. Lindell et al., "BACON: band-limited coordinate networks for multiscale scene representation", CVPR
/// 2022, and Z. Liu et al., "FINER", CVPR 2024, which has the same setup.
public struct SurfaceSamples<Scalar: TensorScalar>: BatchSource {
  /// Gives the signed distance of each of some points, negative inside.
  public typealias Distances = @Sendable (_ points: [SIMD3<Double>]) -> [Double]

  /// How many points a batch has.
  public var rowCount = 10_000
  /// The scale of the noise of coarse points.
  public var coarseScale = 0.1
  /// The scale of the noise of fine points.
  public var fineScale = 1e-3
  /// What the squared errors of coarse points are multiplied by.
  public var coarseWeight = 0.01
  /// How many points the smallest groups have at most, on average; groups are halved from level to level.
  public var groupSize = standardGroupSize
  /// How many points the smallest groups have by default.
  public static var standardGroupSize: Int { 32 }
  private let surface: [SIMD3<Double>]
  private let distances: Distances
  private var generator: SeededGenerator

  /// Samples around a surface.
  ///
  /// - Parameters:
  ///   - surface: Points of the surface, within [-0.5, 0.5]³.
  ///   - seed: Seeds the draws.
  ///   - distances: Gives the signed distances of points.
  /// - Precondition: There is a point.
  public init(
    around surface: [SIMD3<Double>], seed: UInt64 = 0, distances: @escaping Distances
  ) {
    precondition(!surface.isEmpty, "samples around a surface of no points")
    self.surface = surface
    self.distances = distances
    generator = SeededGenerator(seed: seed)
  }

  /// The next points.
  public mutating func nextBatch() throws -> Batch<Scalar> {
    var points: [SIMD3<Double>] = []
    points.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      let start = surface[Int.random(in: surface.indices, using: &generator)]
      let scale = row % 2 == 0 ? coarseScale : fineScale
      var noise = SIMD3<Double>.zero
      for axis in 0..<3 { noise[axis] = scale * laplace(using: &generator) }
      points.append(wrapped(start + noise))
    }
    return batch(at: points)
  }

  /// Points with their targets, in groups: those in even rows are coarse.
  func batch(at points: [SIMD3<Double>]) -> Batch<Scalar> {
    let count = points.count
    let (coarse, fine) = (coarseWeight * Double(count), Double(count))
    let inputs = Tensor<Scalar>(points)
    let targets = Tensor(distances(points).map { Scalar($0) }).reshaped(to: [count, 1])
    let weights = Tensor((0..<count).map { Scalar($0 % 2 == 0 ? coarse : fine) })
    return Batch(
      inputs: inputs, targets: targets,
      groups: .bisecting(inputs, cutsPerLevel: 1, pointsPerGroup: groupSize),
      weights: weights.reshaped(to: [count, 1]))
  }

  private func wrapped(_ point: SIMD3<Double>) -> SIMD3<Double> {
    var point = point
    for axis in 0..<3 {
      if point[axis] > 0.5 { point[axis] -= 1 } else if point[axis] < -0.5 { point[axis] += 1 }
    }
    return point
  }

  /// Shows the generator.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
  }
}

/// A number of Laplace's distribution with the mean 0 and the scale 1, by inversion.
private func laplace(using generator: inout SeededGenerator) -> Double {
  let uniform = Double.random(in: -0.5..<0.5, using: &generator)
  // At the open end itself the logarithm would be infinite.
  let size = -(1 - 2 * min(abs(uniform), 0.5.nextDown)).logarithm()
  return uniform < 0 ? -size : size
}

/// Points of a surface with their normals, and points elsewhere, drawn anew at each step, for
/// ``/GradientAdjusters/EikonalLoss``.
///
/// The first half of the rows are points of the cloud, the others even over the cube [-1, 1]³. A target is 1 and the
/// normal, or zeros.
///
/// Source: V. Sitzmann et al., NeurIPS 2020, section 4.2; the released code draws 1400 of each.
public struct OrientedPoints<Scalar: TensorScalar>: BatchSource {
  /// How many points of each kind a batch has.
  public var pointsOfEachKind = 1400
  /// How many points the smallest groups have at most, on average; groups are halved from level to level.
  public var groupSize = 32
  private let cloud: PointCloud
  private var generator: SeededGenerator

  /// Points of a cloud, and elsewhere.
  ///
  /// - Parameters:
  ///   - cloud: Points of the surface, within [-1, 1]³.
  ///   - seed: Seeds the draws.
  /// - Precondition: There is a point.
  public init(of cloud: PointCloud, seed: UInt64 = 0) {
    precondition(!cloud.points.isEmpty, "a cloud without points")
    self.cloud = cloud
    generator = SeededGenerator(seed: seed)
  }

  /// The next points.
  public mutating func nextBatch() throws -> Batch<Scalar> {
    let drawn = (0..<pointsOfEachKind).map { _ in
      Int.random(in: cloud.points.indices, using: &generator)
    }
    let elsewhere = drawn.map { _ in
      SIMD3<Double>.random(in: -1...1, using: &generator)
    }
    let inputs = Tensor<Scalar>(drawn.map { cloud.points[$0] } + elsewhere)
    let targets = Tensor<Scalar>(shape: [2 * drawn.count, 4]) { elements in
      elements.update(repeating: 0)
      for (row, index) in drawn.enumerated() {
        elements[4 * row] = 1
        for axis in 0..<3 { elements[4 * row + 1 + axis] = Scalar(cloud.normals[index][axis]) }
      }
    }
    return Batch(
      inputs: inputs, targets: targets,
      groups: .bisecting(inputs, cutsPerLevel: 1, pointsPerGroup: groupSize))
  }

  /// Shows the generator.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
  }
}

extension PointCloud {
  /// Signed distances by the normals of the three nearest points: (x - nearest) · mean of their normals.
  ///
  /// The mean is not scaled to the length 1, so that distances near edges are too small; published results rest on
  /// that. Source: D. Lindell et al., CVPR 2022, released code.
  ///
  /// - Parameters:
  ///   - queries: The places, finite.
  ///   - search: A search of this cloud's points.
  ///   - workers: The threads that share the work.
  /// - Precondition: The cloud has a point.
  public func distances(
    to queries: [SIMD3<Double>], by search: PointSearch, workers: Workers = Workers()
  ) -> [Double] {
    let count = min(3, points.count)
    let neighbors = search.nearest(count, to: queries, workers: workers)
    return queries.indices.map { query in
      let nearest = neighbors.indices[(query * count)..<((query + 1) * count)]
      var normal = SIMD3<Double>.zero
      for index in nearest { normal += normals[Int(index)] }
      let offset = queries[query] - points[Int(nearest[nearest.startIndex])]
      return (offset * (normal / Double(count))).sum()
    }
  }
}

extension Tensor {
  /// Points as rows, of shape [points, 3].
  public init(_ points: [SIMD3<Double>]) {
    self.init(shape: [points.count, 3]) { elements in
      for (row, point) in points.enumerated() {
        for axis in 0..<3 { elements[3 * row + axis] = Scalar(point[axis]) }
      }
    }
  }
}
