import Foundation
import TensorKit

/// A scene that the package makes: a chequered ball, a striped ring and a brick block on a disc.
///
/// Its pictures are rendered by following rays to the surfaces, with shading and a highlight that depends on the
/// direction of view, on a transparent background. Nothing is read from files, and any size can be had.
public enum ProceduralScene {
  /// The scene, with cameras around it on a sphere of radius 4.
  ///
  /// - Parameters:
  ///   - resolution: The number of pixels of a side.
  ///   - trainingViews: How many views there are to learn from.
  ///   - testViews: How many there are to be measured on, between these.
  ///   - samplesPerSide: Each pixel is the mean of a square of so many rays a side.
  ///   - workers: The threads that share the views.
  /// - Precondition: The numbers are positive.
  public static func scene(
    resolution: Int = 100, trainingViews: Int = 24, testViews: Int = 4, samplesPerSide: Int = 2,
    workers: Workers = Workers()
  ) throws -> PosedScene {
    precondition(
      resolution > 0 && trainingViews > 0 && testViews >= 0 && samplesPerSide > 0,
      "\(trainingViews) and \(testViews) views of \(resolution) pixels")
    func views(_ count: Int, _ name: String, turnedBy turn: Double) throws -> [SceneView] {
      try workers.map(count) { index in
        let camera = Camera(
          width: resolution, height: resolution, horizontalFieldOfView: 0.6911112,
          pose: pose(index, of: count, turnedBy: turn))
        return SceneView(
          name: "\(name)-\(index)", picture: picture(from: camera, samplesPerSide), camera: camera)
      }
    }
    return PosedScene(
      training: try views(trainingViews, "train", turnedBy: 0),
      test: try views(testViews, "test", turnedBy: 0.37), near: 2, far: 6,
      box: BoundingBox(lower: SIMD3(repeating: -1.5), upper: SIMD3(repeating: 1.5)))
  }

  /// Cameras on the upper half of a sphere, spread along a spiral.
  private static func pose(_ index: Int, of count: Int, turnedBy turn: Double) -> CameraPose {
    let golden = Double.pi * (3 - 5.0.squareRoot())
    let height = 0.12 + 0.78 * (Double(index) + 0.5) / Double(count)
    let radius = (1 - height * height).squareRoot()
    let angle = golden * (Double(index) + turn * Double(count)) + turn
    return .looking(
      at: .zero,
      from: SIMD3(radius * cos(angle), radius * sin(angle), height) * 4.0311)
  }

  private static func picture(from camera: Camera, _ samplesPerSide: Int) -> Picture {
    let samples = samplesPerSide
    let values = Tensor<Double>(shape: [camera.height, camera.width, 4]) { elements in
      for pixel in 0..<camera.pixelCount {
        var (color, alpha) = (SIMD3<Double>.zero, 0.0)
        for sample in 0..<(samples * samples) {
          let column = (Double(sample % samples) + 0.5) / Double(samples)
          let row = (Double(sample / samples) + 0.5) / Double(samples)
          let direction = camera.direction(
            column: Double(pixel % camera.width) + column,
            row: Double(pixel / camera.width) + row)
          guard
            let seen = seen(from: camera.pose.position, along: direction / length(direction))
          else { continue }
          color += seen
          alpha += 1
        }
        if alpha > 0 { color /= alpha }
        for channel in 0..<3 { elements[4 * pixel + channel] = color[channel] }
        elements[4 * pixel + 3] = alpha / Double(samples * samples)
      }
    }
    return Picture(values)
  }

  // MARK: - The bodies

  private enum Body: CaseIterable {
    case ball, ring, block, disc

    /// The signed distance of a point from the surface, or less outside.
    func distance(_ point: SIMD3<Double>) -> Double {
      switch self {
      case .ball: return length(point - SIMD3(-0.45, -0.3, 0.1)) - 0.5
      case .ring:
        let local = point - SIMD3(0.45, -0.45, -0.1)
        let across = (local.x * local.x + local.z * local.z).squareRoot() - 0.32
        return (across * across + local.y * local.y).squareRoot() - 0.11
      case .block:
        let local = point - SIMD3(0.25, 0.5, -0.05)
        let turned = SIMD3(
          0.866 * local.x + 0.5 * local.y, 0.866 * local.y - 0.5 * local.x, local.z)
        return Self.box(turned, half: SIMD3(0.42, 0.22, 0.35)) - 0.02
      case .disc:
        let across = (point.x * point.x + point.y * point.y).squareRoot() - 1.1
        return Self.box(SIMD3(across, 0, point.z + 0.47), half: SIMD3(0.01, 1, 0.05)) - 0.01
      }
    }

    private static func box(_ point: SIMD3<Double>, half: SIMD3<Double>) -> Double {
      let outside = SIMD3(
        max(abs(point.x) - half.x, 0), max(abs(point.y) - half.y, 0),
        max(abs(point.z) - half.z, 0))
      let inside = max(abs(point.x) - half.x, abs(point.y) - half.y, abs(point.z) - half.z)
      return length(outside) + min(inside, 0)
    }

    /// The colour of the surface at a point.
    func color(_ point: SIMD3<Double>) -> SIMD3<Double> {
      switch self {
      case .ball:
        let local = point - SIMD3(-0.45, -0.3, 0.1)
        let around = Int((atan2(local.y, local.x) / .pi * 8).rounded(.down))
        let up = Int((acos(max(-1, min(1, local.z / 0.5))) / .pi * 8).rounded(.down))
        return (around + up) & 1 == 0 ? [0.85, 0.18, 0.15] : [0.95, 0.92, 0.8]
      case .ring:
        let local = point - SIMD3(0.45, -0.45, -0.1)
        let stripe = 0.5 + 0.5 * sin(atan2(local.z, local.x) * 14)
        return SIMD3(0.1, 0.35, 0.75) * stripe + SIMD3(0.95, 0.75, 0.15) * (1 - stripe)
      case .block:
        let row = (point.z / 0.11).rounded(.down)
        let shift = Int(row) & 1 == 0 ? 0.0 : 0.11
        let along = ((0.866 * point.x + 0.5 * point.y + shift) / 0.22)
        let across = ((0.866 * point.y - 0.5 * point.x + shift) / 0.22)
        func joint(_ value: Double, _ width: Double) -> Bool {
          value - value.rounded(.down) < width
        }
        let isJoint = joint(point.z / 0.11, 0.15) || joint(along, 0.08) && joint(across, 0.6)
        return isJoint || joint(along, 0.06) ? [0.8, 0.78, 0.72] : [0.55, 0.27, 0.18]
      case .disc:
        let rings = 0.5 + 0.5 * sin(40 * (point.x * point.x + point.y * point.y).squareRoot())
        return SIMD3(0.2, 0.45, 0.3) * rings + SIMD3(0.75, 0.8, 0.7) * (1 - rings)
      }
    }
  }

  private static func nearest(_ point: SIMD3<Double>) -> (body: Body, distance: Double) {
    Body.allCases.map { ($0, $0.distance(point)) }.min { $0.1 < $1.1 } ?? (.ball, .infinity)
  }

  /// The shaded colour of what is seen along a ray; nil if nothing is.
  private static func seen(
    from origin: SIMD3<Double>, along direction: SIMD3<Double>
  ) -> SIMD3<Double>? {
    // All bodies lie within a ball of radius 1.25.
    let half = dot(origin, direction)
    let discriminant = half * half - dot(origin, origin) + 1.5625
    guard discriminant > 0 else { return nil }
    var distance = max(-half - discriminant.squareRoot(), 0)
    let end = -half + discriminant.squareRoot()
    while distance < end {
      let point = origin + direction * distance
      let (body, gap) = nearest(point)
      if gap < 1e-4 { return shaded(body, at: point, from: direction) }
      distance += gap
    }
    return nil
  }

  private static func shaded(
    _ body: Body, at point: SIMD3<Double>, from direction: SIMD3<Double>
  ) -> SIMD3<Double> {
    var normal = SIMD3<Double>.zero
    for axis in 0..<3 {
      var step = SIMD3<Double>.zero
      step[axis] = 1e-4
      normal[axis] = body.distance(point + step) - body.distance(point - step)
    }
    normal /= max(length(normal), 1e-12)
    let light = SIMD3(0.48, -0.36, 0.8)
    let diffuse = max(0, dot(normal, light))
    let mirrored = direction - normal * (2 * dot(normal, direction))
    let highlight = max(0, dot(mirrored, light)).raised(to: 24) * 0.35
    let color = body.color(point) * (0.35 + 0.65 * diffuse) + SIMD3(repeating: highlight)
    return pointwiseMin(color, SIMD3(repeating: 1))
  }
}
