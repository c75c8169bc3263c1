import TensorKit

/// The identity, for a layer without an activation.
public struct IdentityActivation<Scalar: TensorScalar>: Activation {
  /// The identity.
  public init() {}

  /// The pre-activation itself.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> { preactivation }

  /// One everywhere.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    Variable(Tensor(repeating: 1, shape: preactivation.shape))
  }

  /// The pre-activation with the bias added; no slopes.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    guard let bias else { return (preactivation, nil) }
    return (preactivation.addingBias(bias), nil)
  }
}

/// The rectified linear unit: `max(z, 0)`.
public struct Rectifier<Scalar: TensorScalar>: Activation {
  /// The rectified linear unit.
  public init() {}

  /// The positive part.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    preactivation.rectified()
  }

  /// One where the pre-activation is positive, else zero.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    preactivation.step()
  }

  /// The values; they are positive where the slope is one, so slopes are left out.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    (preactivation.rectified(bias: bias), nil)
  }

  /// The cotangent where the value is positive, else zero.
  public func pullback(
    _ cotangent: consuming Tensor<Scalar>, values: Tensor<Scalar>, slopes: Tensor<Scalar>?
  ) -> Tensor<Scalar> {
    cotangent.masked(wherePositive: values)
  }
}

/// A sine of a given frequency: `sin(ω z)`.
///
/// Source: V. Sitzmann et al., "Implicit neural representations with periodic activation functions",
/// NeurIPS 2020, section 3.
public struct Sine<Scalar: TensorScalar>: Activation {
  /// The frequency ω in radians for each unit of the pre-activation.
  public let frequency: Scalar

  /// A sine of a given frequency; SIREN's is 30.
  public init(frequency: Scalar) { self.frequency = frequency }

  /// ω.
  public var sineFrequency: Double? { Double(frequency) }

  /// `sin(ω z)`.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (preactivation * frequency).sine()
  }

  /// `ω cos(ω z)`.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    (preactivation * frequency).cosine() * frequency
  }

  /// Sines and cosines from one argument reduction.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    preactivation.sines(frequency: frequency, bias: bias, slopes: slopes)
  }
}

/// The hyperbolic tangent.
public struct HyperbolicTangent<Scalar: TensorScalar>: Activation {
  /// The hyperbolic tangent.
  public init() {}

  /// `tanh(z)`.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    preactivation.hyperbolicTangent()
  }

  /// `1 - tanh(z)²`.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    1 - preactivation.hyperbolicTangent().squared()
  }
}
