import TensorKit

/// Pictures of a scene with their cameras: some to learn from, some to be measured on.
public struct PosedScene: Sendable {
  /// The views that a field is fitted to.
  public var training: [SceneView]
  /// The views that it is measured on.
  public var test: [SceneView]
  /// Where the scene begins, as a distance from a camera.
  public var near: Double
  /// Where it ends.
  public var far: Double
  /// A box that contains it.
  public var box: BoundingBox

  /// A scene from its parts.
  ///
  /// - Precondition: There is a view to learn from, and `near` is below `far` and not negative.
  public init(
    training: [SceneView], test: [SceneView], near: Double, far: Double, box: BoundingBox
  ) {
    precondition(!training.isEmpty, "a scene without a view to learn from")
    precondition(near >= 0 && near < far, "a scene from \(near) to \(far)")
    self.training = training
    self.test = test
    self.near = near
    self.far = far
    self.box = box
  }

  /// A scene whose bounds follow from its cameras.
  ///
  /// The scene is taken to lie around the point that the cameras look at, the one nearest to their axes. With d
  /// the mean distance of the cameras from it, the box reaches 0.372 d to each side, and distances go from
  /// half of d to 1.5 d. For cameras at the distance of NeRF's synthetic scenes, 4.03, these are the
  /// published bounds: a box from -1.5 to 1.5 and distances from 2 to 6.
  ///
  /// - Precondition: There is a view to learn from.
  public init(training: [SceneView], test: [SceneView]) {
    let poses = training.map(\.camera.pose)
    let center = Self.pointNearest(toAxesOf: poses)
    let distance = poses.map { length($0.position - center) }.reduce(0, +) / Double(poses.count)
    let side = max(distance, 1e-3) * 1.5 / 4.0311
    self.init(
      training: training, test: test, near: max(distance, 1e-3) * 2 / 4.0311,
      far: max(distance, 1e-3) * 6 / 4.0311,
      box: BoundingBox(
        lower: center - SIMD3(repeating: side), upper: center + SIMD3(repeating: side)))
  }

  /// Whether all views to learn from tell how opaque their pixels are.
  public var hasAlpha: Bool { training.allSatisfy(\.hasAlpha) }

  /// The point with the least sum of squared distances from the cameras' axes.
  ///
  /// Where the axes are all parallel, there is no such point, and the middle of what lies before the
  /// cameras at the distance 1 is taken.
  private static func pointNearest(toAxesOf poses: [CameraPose]) -> SIMD3<Double> {
    // Σ (I - d dᵀ) x = Σ (I - d dᵀ) o, solved by Cramer's rule.
    var columns = [SIMD3<Double>](repeating: .zero, count: 3)
    var right = SIMD3<Double>.zero
    for pose in poses {
      for axis in 0..<3 {
        var unit = SIMD3<Double>.zero
        unit[axis] = 1
        columns[axis] += unit - pose.backward * pose.backward[axis]
      }
      right += pose.position - pose.backward * dot(pose.backward, pose.position)
    }
    let determinant = dot(columns[0], cross(columns[1], columns[2]))
    guard determinant > 1e-6 * Double(poses.count * poses.count * poses.count) else {
      return poses.reduce(.zero) { $0 + $1.position - $1.backward } / Double(poses.count)
    }
    return SIMD3(
      dot(right, cross(columns[1], columns[2])), dot(columns[0], cross(right, columns[2])),
      dot(columns[0], cross(columns[1], right))) / determinant
  }
}
