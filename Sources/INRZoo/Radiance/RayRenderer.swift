import AutoDiff
import TensorKit

/// A module that renders rays through one field or several.
///
/// A row of its input is a ray; see ``RayColumns``. Its outputs are red, green and blue, once or more often, and
/// then perhaps terms for the loss; see `ColorLoss`.
public protocol RayRenderer<Scalar>: Module {
  /// How many numbers a ray's row has to draw its samples with.
  var noiseColumns: Int { get }

  /// How often the outputs hold colours.
  var renderings: Int { get }

  /// What is shown to a viewer: colours, depth and opacity, without anything drawn.
  ///
  /// - Parameter input: Rays, of shape [rays, 9] or wider.
  func image(of input: Tensor<Scalar>) -> RenderedRays<Scalar>
}

/// What rays show of a scene.
public struct RenderedRays<Scalar: TensorScalar>: Sendable {
  /// Red, green and blue, of shape [rays, 3].
  public let colors: Tensor<Scalar>
  /// The mean distance of what is seen, in lengths of the ray's direction, times the opacity; of shape [rays, 1].
  public let depth: Tensor<Scalar>
  /// How much of the background is hidden, from 0 to 1, of shape [rays, 1].
  public let opacity: Tensor<Scalar>

  /// What rays show.
  public init(colors: Tensor<Scalar>, depth: Tensor<Scalar>, opacity: Tensor<Scalar>) {
    self.colors = colors
    self.depth = depth
    self.opacity = opacity
  }
}
