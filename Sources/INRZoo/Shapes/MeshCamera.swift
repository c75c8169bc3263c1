import Foundation

/// A camera: the axes of its view, and how the view is laid out over the samples of a picture.
///
/// In the view x points to the right, y up and z towards the camera; the origin is the middle of what fills the
/// picture, whose farthest point has the distance 1.
struct MeshCamera: Sendable {
  /// The number of samples along each side of a pixel.
  static let samplesPerPixel = 2
  /// How much of the picture is left free at each side.
  private static let margin = 0.05

  /// The number of samples in a row.
  let columns: Int
  /// The number of rows of samples.
  let rows: Int
  /// The distance of the camera from the origin, or `nil` where lines are parallel.
  let distance: Double?
  private let axes: [SIMD3<Double>]
  private let center: SIMD3<Double>
  /// What makes the farthest point have the distance 1.
  let unit: Double
  /// The number of samples to a unit of the view at the depth of the origin.
  private(set) var scale = 1.0
  /// Where the origin is in the picture, in samples.
  private var origin = SIMD2<Double>(0, 0)

  /// A camera that sees all of some points.
  init(_ rendering: MeshRendering, framing points: [SIMD3<Double>]) {
    columns = rendering.width * Self.samplesPerPixel
    rows = rendering.height * Self.samplesPerPixel
    axes = Self.axes(of: rendering)
    let points = points.filter { $0.x.isFinite && $0.y.isFinite && $0.z.isFinite }
    var (low, high) = (points.first ?? .zero, points.first ?? .zero)
    for point in points {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    // Halved first, as the sum of two large coordinates may not be finite.
    let center = low * 0.5 + high * 0.5
    let radius = points.reduce(0) { max($0, ($1 - center).norm) }
    self.center = center
    unit = radius > 0 && radius.isFinite ? 1 / radius : 1
    if case .perspective(let field) = rendering.projection {
      distance = 1 / sin(field / 360 * .pi)
    } else {
      distance = nil
    }
    frame(points)
  }

  /// Lays the view out so that points fill the picture.
  private mutating func frame(_ points: [SIMD3<Double>]) {
    var low = SIMD2(repeating: Double.infinity)
    var high = SIMD2(repeating: -Double.infinity)
    for point in points {
      let view = view(of: point)
      let place = SIMD2(view.x, view.y) * magnification(at: view.z)
      low = pointwiseMin(low, place)
      high = pointwiseMax(high, place)
    }
    let size = high - low
    guard size.x >= 0, size.y >= 0, size.max() > 0 else {
      origin = SIMD2(Double(columns), Double(rows)) / 2
      scale = Double(min(columns, rows)) / 2
      return
    }
    let room = 1 - 2 * Self.margin
    scale = min(
      Double(columns) * room / max(size.x, 1e-12), Double(rows) * room / max(size.y, 1e-12))
    let middle = (low + high) / 2 * scale
    origin = [Double(columns) / 2 - middle.x, Double(rows) / 2 + middle.y]
  }

  /// The coordinates of a point in the view.
  func view(of point: SIMD3<Double>) -> SIMD3<Double> {
    let offset = (point - center) * unit
    return [(offset * axes[0]).sum(), (offset * axes[1]).sum(), (offset * axes[2]).sum()]
  }

  /// How much larger a thing at a depth of the view looks than at the origin's; not positive behind the camera.
  func magnification(at depth: Double) -> Double {
    distance.map { $0 / ($0 - depth) } ?? 1
  }

  /// The place of a point of the view in the picture, in samples from the upper left corner.
  func place(of view: SIMD3<Double>) -> SIMD2<Double> {
    let factor = scale * magnification(at: view.z)
    return [origin.x + view.x * factor, origin.y - view.y * factor]
  }

  /// The point of the view that is seen at a place with a depth.
  func view(column: Double, row: Double, depth: Double) -> SIMD3<Double> {
    let factor = scale * magnification(at: depth)
    return [(column - origin.x) / factor, (origin.y - row) / factor, depth]
  }

  /// A direction in the view.
  func direction(of vector: SIMD3<Double>) -> SIMD3<Double> {
    [(vector * axes[0]).sum(), (vector * axes[1]).sum(), (vector * axes[2]).sum()]
  }

  /// The directions to the right, up and towards the camera.
  private static func axes(of rendering: MeshRendering) -> [SIMD3<Double>] {
    func unit(_ axis: Int) -> SIMD3<Double> {
      var vector = SIMD3<Double>.zero
      vector[axis % 3] = 1
      return vector
    }
    let up = unit(rendering.up.rawValue)
    let front = unit(rendering.up.rawValue + 1)
    let right = unit(rendering.up.rawValue + 2)
    let (azimuth, elevation) = (rendering.azimuth / 180 * .pi, rendering.elevation / 180 * .pi)
    let outward = right * sin(azimuth) + front * cos(azimuth)
    return [
      right * cos(azimuth) - front * sin(azimuth),
      up * cos(elevation) - outward * sin(elevation),
      outward * cos(elevation) + up * sin(elevation),
    ]
  }
}

extension SIMD3<Double> {
  /// The Euclidean norm.
  fileprivate var norm: Double { (self * self).sum().squareRoot() }
}
