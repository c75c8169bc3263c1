import TensorKit

/// A Gaussian bump: `exp(-(s z)²)`, or normalized: `(exp(-(s z)²) - e) / (1 - e)` with `e = exp(-s²)`.
///
/// The normalized bump falls from 1 at zero to 0 at ±1, and so uses the whole of that range on sines.
///
/// Source: S. Ramasinghe and S. Lucey, "Beyond periodicity: towards a unifying framework for
/// activations in coordinate-MLPs", ECCV 2022; normalized in the code of FINER++ (H. Zhu et al. 2024).
public struct Gaussian<Scalar: TensorScalar>: Activation {
  /// The scale s: one divided by the bump's width.
  public let scale: Scalar
  /// Whether values at 0 and ±1 are 1 and 0.
  public let isNormalized: Bool
  /// `exp(-s²)` if that is taken off the values, else zero.
  private let floor: Scalar

  /// A bump of a given scale.
  ///
  /// - Precondition: The scale is not zero if the bump is normalized.
  public init(scale: Scalar, isNormalized: Bool = false) {
    precondition(!isNormalized || scale != 0, "a normalized bump of scale \(scale)")
    self.scale = scale
    self.isNormalized = isNormalized
    floor = isNormalized ? Tensor(-scale * scale).exponential().scalar : 0
  }

  /// The bump.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    let bump = bump(at: preactivation)
    return isNormalized ? (bump - floor) * (1 / (1 - floor)) : bump
  }

  private func bump(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (-(preactivation * scale).squared()).exponential()
  }

  /// `-2 s² z exp(-(s z)²)`, divided by `1 - e` if normalized.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    bump(at: preactivation) * preactivation * (-2 * scale * scale / (1 - floor))
  }

  /// Values and slopes from one exponential.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    let (values, slopeValues) = preactivation.gaussians(scale: scale, bias: bias, slopes: slopes)
    guard isNormalized else { return (values, slopeValues) }
    let factor = 1 / (1 - floor)
    return ((values - floor) * factor, slopeValues.map { $0 * factor })
  }
}

/// A real Gabor wavelet: `cos(ω z) exp(-(s z)²)`.
///
/// Source: the real variant of WIRE (V. Saragadam et al., "WIRE: wavelet implicit neural
/// representations", CVPR 2023), as in FINER++ (H. Zhu et al. 2024).
public struct GaborWavelet<Scalar: TensorScalar>: Activation {
  /// The frequency ω in radians for each unit of the pre-activation.
  public let frequency: Scalar
  /// The scale s: one divided by the wavelet's width.
  public let scale: Scalar

  /// A wavelet of a given frequency and scale; WIRE's are 20 and 10.
  public init(frequency: Scalar, scale: Scalar) {
    self.frequency = frequency
    self.scale = scale
  }

  /// `cos(ω z) exp(-(s z)²)`.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (preactivation * frequency).cosine() * envelope(at: preactivation)
  }

  private func envelope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (-(preactivation * scale).squared()).exponential()
  }

  /// `-(ω sin(ω z) + 2 s² z cos(ω z)) exp(-(s z)²)`.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    let angle = preactivation * frequency
    let rate = angle.sine() * frequency + angle.cosine() * preactivation * (2 * scale * scale)
    return -rate * envelope(at: preactivation)
  }

  /// Values and slopes from one argument reduction and one exponential.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    preactivation.gabors(frequency: frequency, scale: scale, bias: bias, slopes: slopes)
  }
}
