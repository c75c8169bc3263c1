import Foundation
import TensorKit

/// A solid that needs no file: given by a formula, of any fineness.
///
/// Each has coarse parts, which a network learns soon, and fine ridges on them, which it learns late.
///
/// ```swift
/// let volume = ProceduralShape.ridgedKnot.volume(extents: [128, 128, 128])
/// let mesh = try ProceduralShape.ridgedKnot.mesh(extents: [256, 256, 256])
/// ```
public enum ProceduralShape: String, CaseIterable, Sendable {
  /// A trefoil knot of a tube that swells three times a turn. Rings around it go from coarse to fine along its
  /// length, so that the ring where a fit fades tells what it has reached; a fine thread winds along it.
  case ridgedKnot
  /// A ball cut out of a thick wall along a gyroid, with a fine relief everywhere.
  case gyroidBall

  /// The cube over which the solid is sampled; it stays clear of the faces.
  public var box: BoundingBox { .symmetricUnit }

  /// The value at a place: above 0 inside, 0 on the surface.
  ///
  /// It is continuous, and no distance.
  public func value(at point: SIMD3<Double>) -> Double {
    switch self {
    case .ridgedKnot: Self.knot(point)
    case .gyroidBall: Self.gyroid(point)
    }
  }

  /// Returns the values at the samples of a grid, in the order of a volume's voxels.
  public func values(at grid: SampleGrid, workers: Workers = Workers()) -> [Double] {
    grid.values(workers: workers) { value(at: $0) }
  }

  /// Returns the solid as a volume: 255 where a sample is inside, and 0 outside.
  ///
  /// - Parameters:
  ///   - extents: The number of samples along each axis, over ``box`` with both ends.
  ///   - workers: What computes layers.
  public func volume(extents: [Int], workers: Workers = Workers()) -> VoxelVolume {
    // Bytes at once, as numbers would take eight times the room.
    let bytes: [UInt8] = SampleGrid(extents: extents, box: box).values(workers: workers) {
      value(at: $0) > 0 ? 255 : 0
    }
    return VoxelVolume(extents: extents, values: bytes)
  }

  /// Returns the surface, by marching cubes.
  ///
  /// - Parameters:
  ///   - extents: The number of samples along each axis, over ``box`` with both ends.
  ///   - workers: What computes layers.
  public func mesh(extents: [Int], workers: Workers = Workers()) throws -> TriangleMesh {
    let grid = SampleGrid(extents: extents, box: box)
    return try .isosurface(
      of: values(at: grid, workers: workers), grid: grid, workers: workers)
  }

  // MARK: Knot

  /// A tube around the curve of cylinder coordinates radius 0.53 + 0.25 cos 3t, height 0.25 sin 3t, angle 2t.
  ///
  /// A half plane through the axis cuts the curve twice. The distance from the curve is taken within that plane,
  /// and shortened along the direction in which the tube leans there.
  private static func knot(_ point: SIMD3<Double>) -> Double {
    let distance = (point.x * point.x + point.y * point.y).squareRoot()
    let angle = atan2(point.y, point.x)
    var value = -Double.infinity
    for strand in 0..<2 {
      let t = angle / 2 + Double(strand) * .pi
      let (towards, along) = (cos(3 * t), sin(3 * t))
      let (dx, dz) = (distance - 0.53 - 0.25 * towards, point.z - 0.25 * along)
      let outward = dx * towards + dz * along
      // The curve leans by the ratio of its speeds across the plane and within it.
      let across = 2 * (0.53 + 0.25 * towards)
      let lean = across / (across * across + 0.75 * 0.75).squareRoot()
      let beside = (dz * towards - dx * along) * lean
      let radius = (outward * outward + beside * beside).squareRoot()
      let around = atan2(beside, outward)
      let swelling = 0.018 * cos(9 * t)
      // From 16 to 96 rings to a turn of t: phases whose rate is 56 - 40 cos t.
      let rings = 0.009 * cos(56 * t - 40 * sin(t))
      let thread = 0.006 * cos(14 * around + 30 * t)
      // Near the curve itself the direction around it says nothing.
      let strength = min(radius / 0.06, 1)
      value = max(value, 0.135 + swelling + strength * (rings + thread) - radius)
    }
    return value
  }

  // MARK: Gyroid

  /// Walls around the surface sin x cos y + sin y cos z + sin z cos x = 0, within a ball of the radius 0.88.
  private static func gyroid(_ point: SIMD3<Double>) -> Double {
    func gyroid(_ frequency: Double) -> Double {
      let (x, y, z) = (point.x * frequency, point.y * frequency, point.z * frequency)
      return sin(x) * cos(y) + sin(y) * cos(z) + sin(z) * cos(x)
    }
    let wall = 0.55 - abs(gyroid(7)) + 0.09 * gyroid(38)
    // Both terms have slopes of about 1, so that neither edge is blurred.
    return min(wall / 7, 0.88 - length(point) + 0.008 * gyroid(38))
  }
}
