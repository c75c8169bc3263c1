import AutoDiff
import TensorKit

/// Shortens gradients that are longer than a bound.
///
/// Those of all batches, as one that is left over at the end of an epoch may have a long gradient, too.
///
/// A gradient g becomes `g · min(1, bound / (‖g‖ + 1e-6))`, as in PyTorch's `clip_grad_norm_`. It follows other
/// adjusters:
///
/// ```swift
/// let adjuster = ComposedAdjuster([equalizer, GradientClipping(norm: 1)])
/// ```
public struct GradientClipping<Scalar: TensorScalar>: GradientAdjuster {
  /// The largest norm that a gradient keeps.
  public let bound: Double

  /// Clipping to a norm.
  ///
  /// - Precondition: The bound is positive.
  public init(norm bound: Double) {
    precondition(bound > 0, "gradients clipped to the norm \(bound)")
    self.bound = bound
  }

  /// True.
  public var actsOnEveryBatch: Bool { true }

  /// Shortens the gradient.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) {
    let norm = Double(gradient.norm())
    // What is too long for a number of this type has no factor.
    guard norm.isFinite else {
      gradient.clip(toNorm: Scalar(bound))
      return
    }
    let factor = bound / (norm + 1e-6)
    if factor < 1 { gradient *= Scalar(factor) }
  }
}
