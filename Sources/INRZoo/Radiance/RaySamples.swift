import AutoDiff
import TensorKit

/// Points along rays: for each ray a run of rows, which may be empty.
public struct RaySamples<Scalar: TensorScalar>: Sendable {
  /// The first sample of each ray, from 0 on, and the number of samples at the end.
  public let bounds: [Int]
  /// How far along its ray each sample is, in lengths of the ray's direction, of shape [samples, 1].
  public let distances: Tensor<Scalar>
  /// How much of its ray each sample stands for, in units of the world, of shape [samples, 1].
  public let intervals: Tensor<Scalar>

  /// Samples of rays.
  ///
  /// - Precondition: Bounds ascend from 0 to the number of samples, and there are as many distances and
  ///   intervals.
  public init(bounds: [Int], distances: Tensor<Scalar>, intervals: Tensor<Scalar>) {
    precondition(
      bounds.first == 0 && distances.shape == [bounds[bounds.count - 1], 1]
        && intervals.shape == distances.shape,
      "samples with distances of shape \(distances.shape) and intervals of shape "
        + "\(intervals.shape) in runs up to \(bounds.last ?? 0)")
    self.bounds = bounds
    self.distances = distances
    self.intervals = intervals
  }

  /// As many samples for each ray, with the interval from each to the next.
  ///
  /// - Parameters:
  ///   - distances: Ascending along each row, of shape [rays, samples].
  ///   - last: The interval of the last sample, in lengths of the direction; nearly infinite as in NeRF by
  ///     default, so that whatever is dense there closes the ray.
  ///   - lengths: The lengths of the rays' directions, of shape [rays, 1].
  /// - Precondition: The shapes agree, and there is a sample.
  public init(
    distances: Tensor<Scalar>, lastInterval last: Scalar = 1e10, lengths: Tensor<Scalar>
  ) {
    precondition(
      distances.rank == 2 && distances.shape[1] > 0 && lengths.shape == [distances.shape[0], 1],
      "distances of shape \(distances.shape) along rays with lengths of shape \(lengths.shape)")
    let (rays, count) = (distances.shape[0], distances.shape[1])
    let steps =
      distances.slice(1..<count, alongAxis: 1) - distances.slice(0..<(count - 1), alongAxis: 1)
    let intervals =
      Tensor.concatenated([steps, Tensor(repeating: last, shape: [rays, 1])], alongAxis: 1)
      * lengths
    self.init(
      bounds: (0...rays).map { $0 * count }, distances: distances.reshaped(to: [-1, 1]),
      intervals: intervals.reshaped(to: [-1, 1]))
  }

  /// The number of rays.
  public var rayCount: Int { bounds.count - 1 }

  /// The number of samples.
  public var count: Int { distances.shape[0] }

  /// Where the samples are, of shape [samples, 3].
  ///
  /// - Parameters:
  ///   - origins: Shape: [rays, 3].
  ///   - directions: Shape: [rays, 3].
  public func points(
    origins: Variable<Scalar>, directions: Variable<Scalar>
  ) -> Variable<Scalar> {
    origins.repeatedOverRuns(bounds: bounds)
      + directions.repeatedOverRuns(bounds: bounds) * Variable(distances)
  }

  /// Some of the samples.
  ///
  /// - Parameter indices: Which, ascending.
  public func selecting(_ indices: [Int]) -> RaySamples {
    RaySamples(
      bounds: runs(of: indices), distances: distances.rows(at: indices),
      intervals: intervals.rows(at: indices))
  }

  /// The bounds of the runs that some of the samples form.
  ///
  /// - Parameter indices: Which, ascending.
  public func runs(of indices: [Int]) -> [Int] {
    var result = [0]
    result.reserveCapacity(bounds.count)
    var place = 0
    for end in bounds.dropFirst() {
      while place < indices.count && indices[place] < end { place += 1 }
      result.append(place)
    }
    return result
  }

  /// The samples up to the one that leaves next to no light, that one included.
  ///
  /// - Parameters:
  ///   - density: The density at each sample, not negative, of shape [samples, 1].
  ///   - transmittance: A ray ends once no more than this share of the light is left.
  /// - Returns: Their indices, ascending.
  public func indices(
    untilTransmittanceOf density: Tensor<Scalar>, isAtMost transmittance: Double
  ) -> [Int] {
    let most = Scalar(-transmittance.logarithm())
    let depths = (density * intervals).elements
    var kept: [Int] = []
    kept.reserveCapacity(count)
    for ray in 0..<rayCount {
      var depth: Scalar = 0
      for sample in bounds[ray]..<bounds[ray + 1] {
        kept.append(sample)
        depth += depths[sample]
        if depth >= most { break }
      }
    }
    return kept
  }
}
