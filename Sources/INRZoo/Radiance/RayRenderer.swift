import AutoDiff
import GradientAdjusters
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

  /// How many terms for the loss follow the colours, and the weight of each.
  var termWeights: [Double] { get }

  /// Does what is to be done between steps, such as noting where the field is empty, or refining it.
  ///
  /// What it draws depends on the step alone.
  ///
  /// - Parameters:
  ///   - step: How many steps were made.
  ///   - share: Which share of the training is done, from 0 to 1, in steps or in time.
  ///   - workers: The threads that share the work.
  /// - Returns: What has changed.
  mutating func maintain(
    beforeStep step: Int, share: Double, workers: Workers
  ) throws -> RendererChange

  /// What is shown to a viewer: colours, depth and opacity, without anything drawn.
  ///
  /// - Parameter input: Rays, of shape [rays, 9] or wider.
  func image(of input: Tensor<Scalar>) -> RenderedRays<Scalar>
}

extension RayRenderer {
  /// None.
  public var termWeights: [Double] { [] }

  /// Nothing.
  public mutating func maintain(
    beforeStep step: Int, share: Double, workers: Workers
  ) throws -> RendererChange { .nothing }

  /// The loss of what is rendered: squared errors of colours, and the terms.
  public var loss: ColorLoss<Scalar> {
    ColorLoss(renderings: renderings, termWeights: termWeights)
  }
}

/// What a renderer changed of itself between steps.
public enum RendererChange: Sendable, Equatable {
  /// Nothing.
  case nothing
  /// What is no parameter, such as where rays have samples; an optimizer does not notice.
  case structure
  /// Parameters have other shapes, so that a fresh optimizer is needed.
  case parameters
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
