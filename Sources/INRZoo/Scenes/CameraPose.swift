import Foundation

/// Where a camera is and how it is turned: a map from its coordinates to the world's.
///
/// In the camera's coordinates x points to the right, y up, and the camera looks along -z (OpenGL, Blender).
public struct CameraPose: Hashable, Sendable {
  /// The direction to the right of the picture, in the world.
  public var right: SIMD3<Double>
  /// The direction to the top of the picture.
  public var up: SIMD3<Double>
  /// The direction away from what the camera looks at.
  public var backward: SIMD3<Double>
  /// The camera's position.
  public var position: SIMD3<Double>

  /// A pose from its axes and position.
  public init(
    right: SIMD3<Double>, up: SIMD3<Double>, backward: SIMD3<Double>, position: SIMD3<Double>
  ) {
    self.right = right
    self.up = up
    self.backward = backward
    self.position = position
  }

  /// A pose from the first three rows of a matrix from camera to world, as `transforms.json` has it.
  ///
  /// - Parameter rows: Three or four rows of four numbers; the columns are the axes and the position.
  /// - Precondition: There are as many numbers.
  public init(rows: [[Double]]) {
    precondition(
      (3...4).contains(rows.count) && rows.allSatisfy { $0.count == 4 },
      "a pose from \(rows.count) rows of \(rows.map(\.count)) numbers")
    func column(_ index: Int) -> SIMD3<Double> {
      [rows[0][index], rows[1][index], rows[2][index]]
    }
    self.init(right: column(0), up: column(1), backward: column(2), position: column(3))
  }

  /// A camera that looks at a point, upright.
  ///
  /// - Parameters:
  ///   - target: The point in the middle of the picture.
  ///   - position: The camera's position.
  ///   - upright: What is up in the world; z by default.
  /// - Precondition: The camera is not at the point.
  public static func looking(
    at target: SIMD3<Double>, from position: SIMD3<Double>, upright: SIMD3<Double> = [0, 0, 1]
  ) -> CameraPose {
    precondition(target != position, "a camera at \(position) that looks at itself")
    let backward = (position - target) / length(position - target)
    // Any direction to the side serves where the camera looks along what is up.
    let right =
      [upright, SIMD3(1, 0, 0), SIMD3(0, 1, 0)].lazy.map { cross($0, backward) }
      .first { length($0) > 1e-9 }.flatMap(direction(of:)) ?? SIMD3(1, 0, 0)
    return CameraPose(
      right: right, up: cross(backward, right), backward: backward, position: position)
  }

  /// Which way a camera's second and third axes point in a matrix.
  public enum Axes: Sendable {
    /// Up and backward, as in OpenGL and Blender.
    case rightUpBackward
    /// Down and forward, as in computer vision, ngp_pl and torch-ngp.
    case rightDownForward
  }

  /// The first three rows of the matrix from camera to world.
  public func rows(axes: Axes = .rightUpBackward) -> [[Double]] {
    let sign: Double = axes == .rightUpBackward ? 1 : -1
    return (0..<3).map { [right[$0], sign * up[$0], sign * backward[$0], position[$0]] }
  }

  /// The pose in a world that is scaled about its origin.
  public func scaled(by factor: Double) -> CameraPose {
    var copy = self
    copy.position *= factor
    return copy
  }

  /// The pose with its position moved along the line from the origin, to a distance from it.
  ///
  /// Source: the frame of ngp_pl (kwea123/ngp_pl), where cameras have the distance 1.5.
  ///
  /// - Precondition: The camera is not at the origin.
  public func scaled(toDistance distance: Double) -> CameraPose {
    precondition(
      length(position) > 0, "a camera at the origin has no direction to be moved along")
    return scaled(by: distance / length(position))
  }

  /// The pose in a world whose axes y, z, x are called x, y, z.
  ///
  /// Source: the frames of instant-ngp and torch-ngp.
  public var withAxesCycled: CameraPose {
    func cycled(_ vector: SIMD3<Double>) -> SIMD3<Double> { [vector.y, vector.z, vector.x] }
    return CameraPose(
      right: cycled(right), up: cycled(up), backward: cycled(backward), position: cycled(position))
  }

  /// A camera on a sphere around the origin that looks at it, as in NeRF's camera path.
  ///
  /// Source: B. Mildenhall et al., "NeRF", ECCV 2020, released code (`pose_spherical`).
  ///
  /// - Parameters:
  ///   - azimuth: In degrees.
  ///   - elevation: In degrees, negative above the plane z = 0.
  ///   - radius: The distance from the origin.
  public static func spherical(
    azimuth: Double, elevation: Double, radius: Double
  ) -> CameraPose {
    let (theta, phi) = (azimuth / 180 * .pi, elevation / 180 * .pi)
    func placed(_ vector: SIMD3<Double>) -> SIMD3<Double> {
      let turned = SIMD3(
        vector.x, cos(phi) * vector.y - sin(phi) * vector.z,
        sin(phi) * vector.y + cos(phi) * vector.z)
      let around = SIMD3(
        cos(theta) * turned.x - sin(theta) * turned.z, turned.y,
        sin(theta) * turned.x + cos(theta) * turned.z)
      return [-around.x, around.z, around.y]
    }
    return CameraPose(
      right: placed([1, 0, 0]), up: placed([0, 1, 0]), backward: placed([0, 0, 1]),
      position: placed([0, 0, radius]))
  }

  /// NeRF's camera path: once around the object, from above.
  ///
  /// - Parameters:
  ///   - count: The number of cameras; 40 in the published code.
  ///   - elevation: In degrees; -30 in the published code.
  ///   - radius: The distance from the object; 4 in the published code.
  ///   - center: Where the object is; the origin in the published code.
  public static func circle(
    count: Int = 40, elevation: Double = -30, radius: Double = 4,
    around center: SIMD3<Double> = .zero
  ) -> [CameraPose] {
    (0..<max(0, count)).map {
      var pose = spherical(
        azimuth: -180 + 360 * Double($0) / Double(count), elevation: elevation, radius: radius)
      pose.position += center
      return pose
    }
  }
}
