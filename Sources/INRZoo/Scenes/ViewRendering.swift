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
    let raysPerPart = 128
    let parts = (camera.pixelCount + raysPerPart - 1) / raysPerPart
    let behind = Tensor<Scalar>((0..<3).map { Scalar(background[$0]) }).reshaped(to: [1, 3])
    let rendered = try workers.map(parts) { part in
      let pixels = (part * raysPerPart)..<min((part + 1) * raysPerPart, camera.pixelCount)
      let rays: Rays<Scalar> = camera.rays(
        atPixels: Array(pixels), through: position, isNormalized: isNormalized)
      return image(of: RayColumns.rows(rays, background: behind))
    }
    let shape = [camera.height, camera.width]
    return RenderedView(
      colors: Tensor.concatenated(rendered.map(\.colors)).reshaped(to: shape + [3]),
      depth: Tensor.concatenated(rendered.map(\.depth)).reshaped(to: shape),
      opacity: Tensor.concatenated(rendered.map(\.opacity)).reshaped(to: shape))
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
