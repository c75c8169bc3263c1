import AutoDiff
import TensorKit

extension RayRenderer {
  /// What a camera sees of the scene.
  ///
  /// - Parameters:
  ///   - camera: The camera.
  ///   - background: The colour behind the scene.
  ///   - position: Which point of a pixel a ray goes through.
  ///   - isNormalized: Whether directions have unit length, so that depths are distances.
  ///   - workers: The threads that share the rows of pixels.
  public func view(
    from camera: Camera, over background: SIMD3<Double>, through position: PixelPosition = .center,
    isNormalized: Bool = false, workers: Workers = Workers()
  ) throws -> RenderedView<Scalar> {
    let rendered = try rays(
      from: camera, over: background, through: position, isNormalized: isNormalized,
      workers: workers)
    let shape = [camera.height, camera.width]
    return RenderedView(
      colors: rendered.colors.reshaped(to: shape + [3]),
      depth: rendered.depth.reshaped(to: shape), opacity: rendered.opacity.reshaped(to: shape))
  }

  /// What rays through some of a camera's pixels show.
  ///
  /// - Parameters:
  ///   - camera: The camera.
  ///   - pixels: Their places, in rows from the upper left corner; all by default.
  ///   - background: The colour behind the scene.
  ///   - position: Which point of a pixel a ray goes through.
  ///   - isNormalized: Whether directions have unit length, so that depths are distances.
  ///   - workers: The threads that share the pixels.
  /// - Precondition: There is a pixel.
  public func rays(
    from camera: Camera, atPixels pixels: [Int]? = nil, over background: SIMD3<Double>,
    through position: PixelPosition = .center, isNormalized: Bool = false,
    workers: Workers = Workers()
  ) throws -> RenderedRays<Scalar> {
    let pixels = pixels ?? Array(0..<camera.pixelCount)
    precondition(!pixels.isEmpty, "a view of no pixels")
    let raysPerPart = 128
    let behind = Tensor((0..<3).map { Scalar(background[$0]) }).reshaped(to: [1, 3])
    let parts = try workers.map((pixels.count + raysPerPart - 1) / raysPerPart) { part in
      let some = pixels[(part * raysPerPart)..<min((part + 1) * raysPerPart, pixels.count)]
      let rays: Rays<Scalar> = camera.rays(
        atPixels: Array(some), through: position, isNormalized: isNormalized)
      return image(of: RayColumns.rows(rays, background: behind))
    }
    return RenderedRays(
      colors: .concatenated(parts.map(\.colors)), depth: .concatenated(parts.map(\.depth)),
      opacity: .concatenated(parts.map(\.opacity)))
  }
}

/// What a camera sees of a field.
public struct RenderedView<Scalar: TensorScalar>: Sendable {
  /// Red, green and blue, of shape [height, width, 3]; not clamped.
  public let colors: Tensor<Scalar>
  /// The mean distance of what is seen times the opacity, of shape [height, width].
  public let depth: Tensor<Scalar>
  /// How much of the background is hidden, of shape [height, width].
  public let opacity: Tensor<Scalar>

  /// How far away what is seen is, of shape [height, width]; not a number where nothing is.
  public var distance: Tensor<Scalar> {
    let seen = opacity.elements
    return Tensor(
      zip(depth.elements, seen).map { $1 > 1e-3 ? $0 / $1 : Scalar.nan }
    ).reshaped(to: depth.shape)
  }
}
