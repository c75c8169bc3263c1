import TensorKit

extension OccupancyGrid {
  /// Samples at constant steps along rays, where cells are occupied.
  ///
  /// A ray enters the box at `max(entry, near)`, and its places are `enter + (jitter + k) · step` for k = 0, 1, …
  /// before it leaves the box or comes to `far`. In an occupied cell a place is a sample; from an empty one the ray
  /// goes on to the first place beyond that cell. Rays that miss the box, and rays of no or infinite direction,
  /// have no samples.
  ///
  /// Source: ngp_pl's `raymarching_train` with constant steps (`exp_step_factor` 0).
  ///
  /// - Parameters:
  ///   - origins: Shape: [rays, 3].
  ///   - directions: Of any lengths; all distances are in units of them. Shape: [rays, 3].
  ///   - near: The least distance of a ray's first place before the jitter, not negative.
  ///   - far: The distance at which rays end.
  ///   - step: The distance from one place to the next.
  ///   - jitter: By which share of a step each ray's places are moved on, from 0 to 1. Shape: [rays] or [rays, 1].
  ///   - limit: The most samples of a ray, which then ends.
  /// - Returns: The first sample of each ray, from 0 on, and the number of samples at the end; and the samples'
  ///   distances, ray after ray, ascending.
  /// - Precondition: The shapes are as said, and the step is positive and at least 10⁻⁹ of a ray's length in the
  ///   box.
  public func samples<Scalar: TensorScalar>(
    alongRaysFrom origins: Tensor<Scalar>, directions: Tensor<Scalar>, near: Scalar = 0,
    far: Scalar = .infinity, step: Scalar, jitter: Tensor<Scalar>, atMost limit: Int = 1024
  ) -> (bounds: [Int], distances: [Scalar]) {
    let rays = origins.shape.first ?? 0
    precondition(
      origins.shape == [rays, 3] && directions.shape == [rays, 3] && jitter.count == rays,
      """
      rays of origins \(origins.shape), directions \(directions.shape) and jitter \(jitter.shape)
      """)
    precondition(
      step > 0 && near >= 0, "rays from the distance \(near) on in steps of \(step)")
    let (bounds, distances) = places(
      Tensor<Double>(origins), Tensor<Double>(directions), near: Double(near), far: Double(far),
      step: Double(step), jitter: Tensor<Double>(jitter), atMost: limit)
    return (bounds, Tensor<Scalar>(Tensor<Double>(distances)).elements)
  }

  private func places(
    _ origins: Tensor<Double>, _ directions: Tensor<Double>, near: Double, far: Double,
    step: Double, jitter: Tensor<Double>, atMost limit: Int
  ) -> (bounds: [Int], distances: [Double]) {
    let rays = origins.shape[0]
    var bounds = [0]
    bounds.reserveCapacity(rays + 1)
    var distances: [Double] = []
    distances.reserveCapacity(rays * 64)
    origins.withUnsafeElements { origins in
      directions.withUnsafeElements { directions in
        jitter.withUnsafeElements { jitter in
          for ray in 0..<rays {
            let march = March(
              from: SIMD3(origins[3 * ray], origins[3 * ray + 1], origins[3 * ray + 2]),
              along: SIMD3(directions[3 * ray], directions[3 * ray + 1], directions[3 * ray + 2]),
              near: near, far: far, step: step, jitter: jitter[ray], through: self)
            if let march {
              walk(march, atMost: limit) { distances.append($0) }
            }
            bounds.append(distances.count)
          }
        }
      }
    }
    return (bounds, distances)
  }

  /// Shows the samples of one ray.
  private func walk(_ march: March, atMost limit: Int, _ body: (Double) -> Void) {
    var (place, samples) = (0.0, 0)
    let (start, end, step) = (march.start, march.end, march.step)
    let (x, y, z) = (march.origin.x, march.origin.y, march.origin.z)
    let (u, v, w) = (march.direction.x, march.direction.y, march.direction.z)
    let (i, j, k) = (extents.x - 1, extents.y - 1, extents.z - 1)
    while samples < limit {
      let distance = start + place * step
      guard distance < end else { return }
      // Rounded towards zero, which differs from down where the first cell is taken anyway.
      let (a, b, c) = (
        min(max(Int(x + distance * u), 0), i), min(max(Int(y + distance * v), 0), j),
        min(max(Int(z + distance * w), 0), k)
      )
      if isOccupied((a * extents.y + b) * extents.z + c) {
        body(distance)
        samples += 1
        place += 1
      } else {
        func exit(_ cell: Int, _ origin: Double, _ direction: Double) -> Double {
          direction == 0
            ? .infinity : (Double(direction > 0 ? cell + 1 : cell) - origin) / direction
        }
        let exit = min(exit(a, x, u), exit(b, y, v), exit(c, z, w))
        place = max(place + 1, ((exit - start) / step).rounded(.up))
      }
    }
  }

  /// A ray in units of cells, from its first place to its end.
  private struct March {
    let origin: SIMD3<Double>
    let direction: SIMD3<Double>
    let start: Double
    let end: Double
    let step: Double

    /// The ray's way through a grid; nil if it has none.
    init?(
      from origin: SIMD3<Double>, along direction: SIMD3<Double>, near: Double, far: Double,
      step: Double, jitter: Double, through grid: OccupancyGrid
    ) {
      let crossing = grid.box.crossing(ofRayFrom: origin, along: direction)
      start = max(crossing.entry, near) + jitter * step
      end = min(crossing.exit, far)
      self.step = step
      // False too for what is no number.
      guard start < end, end - start < .infinity else { return nil }
      precondition(
        (end - start) / step < 1e9, "steps of \(step) along \(end - start) of a ray in a box")
      let cells = SIMD3<Double>(grid.extents) / grid.box.size
      self.origin = (origin - grid.box.lower) * cells
      self.direction = direction * cells
    }
  }
}
