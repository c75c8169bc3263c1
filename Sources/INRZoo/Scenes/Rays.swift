import TensorKit

/// Rays: points at `origin + distance · direction` for distances from zero on.
public struct Rays<Scalar: TensorScalar>: Sendable {
  /// Where they start, of shape [rays, 3].
  public let origins: Tensor<Scalar>
  /// Their directions, of any length, of shape [rays, 3].
  public let directions: Tensor<Scalar>

  /// Rays from their starts and directions.
  ///
  /// - Precondition: Both have the shape [rays, 3].
  public init(origins: Tensor<Scalar>, directions: Tensor<Scalar>) {
    precondition(
      origins.rank == 2 && origins.shape[1] == 3 && directions.shape == origins.shape,
      "rays from origins of shape \(origins.shape) and directions of shape \(directions.shape)")
    self.origins = origins
    self.directions = directions
  }

  /// The number of rays.
  public var count: Int { origins.shape[0] }

  /// The lengths of the directions, of shape [rays, 1].
  public var lengths: Tensor<Scalar> {
    directions.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
  }

  /// The same rays with directions of unit length.
  public var normalized: Rays { Rays(origins: origins, directions: directions / lengths) }

  /// Where the rays enter a box and leave it, as distances along them.
  ///
  /// A ray that starts inside enters at a negative distance. One that misses leaves before it enters.
  ///
  /// - Returns: Both of shape [rays].
  public func crossings(
    of box: BoundingBox
  ) -> (entry: Tensor<Scalar>, exit: Tensor<Scalar>) {
    let crossings = (0..<count).map { crossing(ofRay: $0, box) }
    return (Tensor(crossings.map(\.entry)), Tensor(crossings.map(\.exit)))
  }

  private func crossing(ofRay ray: Int, _ box: BoundingBox) -> (entry: Scalar, exit: Scalar) {
    func vector(_ tensor: Tensor<Scalar>) -> SIMD3<Double> {
      tensor.withUnsafeElements {
        SIMD3(Double($0[3 * ray]), Double($0[3 * ray + 1]), Double($0[3 * ray + 2]))
      }
    }
    let crossing = box.crossing(ofRayFrom: vector(origins), along: vector(directions))
    return (Scalar(crossing.entry), Scalar(crossing.exit))
  }
}

extension BoundingBox {
  /// The distances, in units of the direction's length, at which a ray enters and leaves the box.
  ///
  /// A ray that starts inside enters at a negative distance. One that misses leaves before it enters; so does one
  /// of which a number is none.
  public func crossing(
    ofRayFrom origin: SIMD3<Double>, along direction: SIMD3<Double>
  ) -> (entry: Double, exit: Double) {
    var (entry, exit) = (-Double.infinity, Double.infinity)
    for axis in 0..<3 {
      if direction[axis] == 0 {
        // Beside the slab, or within it all the way.
        guard origin[axis] >= lower[axis], origin[axis] <= upper[axis] else {
          return (.infinity, -.infinity)
        }
        continue
      }
      let one = (lower[axis] - origin[axis]) / direction[axis]
      let other = (upper[axis] - origin[axis]) / direction[axis]
      guard !one.isNaN, !other.isNaN else { return (.infinity, -.infinity) }
      entry = max(entry, min(one, other))
      exit = min(exit, max(one, other))
    }
    return (entry, exit)
  }
}
