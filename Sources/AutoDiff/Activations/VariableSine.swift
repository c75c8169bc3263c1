import TensorKit

/// A sine whose frequency grows with the pre-activation: `sin(ω (|z| + 1) z)`, FINER's.
///
/// As published, the scale `|z| + 1` counts as a constant: the slope that is used everywhere, in kernels
/// and in derivatives of any order too, is `ω (|z| + 1) cos(ω (|z| + 1) z)`. With
/// ``differentiatesScale`` it is the true derivative, `ω (2|z| + 1) cos(ω (|z| + 1) z)`.
///
/// Source: Z. Liu et al., "FINER: flexible spectral-bias tuning in implicit neural representation by
/// variable-periodic activation functions", CVPR 2024, equation 5, and the code published with it.
public struct VariableSine<Scalar: TensorScalar>: Activation {
  /// The frequency ω at zero, in radians for each unit of the pre-activation.
  public let frequency: Scalar
  /// Whether derivatives pass through the scale.
  public let differentiatesScale: Bool

  /// A sine of a given frequency at zero; FINER's is 30.
  public init(frequency: Scalar, differentiatesScale: Bool = false) {
    self.frequency = frequency
    self.differentiatesScale = differentiatesScale
  }

  /// ω, that at zero.
  public var sineFrequency: Double? { Double(frequency) }

  private func scale(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (differentiatesScale ? preactivation : preactivation.detached()).absoluteValue() + 1
  }

  /// `sin(ω (|z| + 1) z)`.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (scale(at: preactivation) * preactivation * frequency).sine()
  }

  /// `ω (|z| + 1) cos(ω (|z| + 1) z)`, or with `2|z| + 1` as the first factor.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    let scale = scale(at: preactivation)
    let rate = differentiatesScale ? scale * 2 - 1 : scale
    return (scale * preactivation * frequency).cosine() * rate * frequency
  }

  /// Sines and cosines from one argument reduction.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    preactivation.variableSines(
      frequency: frequency, throughScale: differentiatesScale, bias: bias, slopes: slopes)
  }
}
