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
    origins.withUnsafeElements { origins in
      directions.withUnsafeElements { directions in
        var (first, last) = (-Scalar.infinity, Scalar.infinity)
        for axis in 0..<3 {
          let (origin, direction) = (origins[3 * ray + axis], directions[3 * ray + axis])
          let (lower, upper) = (Scalar(box.lower[axis]), Scalar(box.upper[axis]))
          if direction == 0 {
            // Beside the slab, or within it all the way.
            if origin < lower || origin > upper { (first, last) = (.infinity, -.infinity) }
            continue
          }
          let (one, other) = ((lower - origin) / direction, (upper - origin) / direction)
          first = max(first, min(one, other))
          last = min(last, max(one, other))
        }
        return (first, last)
      }
    }
  }
}
