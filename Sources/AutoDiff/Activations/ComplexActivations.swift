import TensorKit

/// A complex Gabor wavelet of complex numbers: `exp(i ω z - |s z|²)`, WIRE's.
///
/// Rows of complex numbers hold all real parts, then as many imaginary parts. As a function of
/// those it is differentiable everywhere, though it is not a holomorphic one.
///
/// Source: V. Saragadam et al., "WIRE: wavelet implicit neural representations", CVPR 2023, equation 6.
public struct ComplexGaborWavelet<Scalar: TensorScalar>: Sendable {
  /// The frequency ω in radians for each unit of z.
  public let frequency: Scalar
  /// The scale s: one divided by the wavelet's width.
  public let scale: Scalar

  /// A wavelet of a given frequency and scale; WIRE's are 20 and 10.
  public init(frequency: Scalar, scale: Scalar) {
    self.frequency = frequency
    self.scale = scale
  }

  /// The wavelet at each complex number.
  ///
  /// - Parameter input: Shape: [samples, 2 · columns].
  /// - Returns: The same shape.
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    .applying(ComplexGaborPrimitive(frequency: frequency, scale: scale), to: input)
  }
}

/// The wavelet as an operation on rows of real and imaginary parts.
struct ComplexGaborPrimitive<Scalar: TensorScalar>: Primitive {
  let frequency: Scalar
  let scale: Scalar

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    inputs[0].complexGabors(frequency: frequency, scale: scale)
  }

  /// With z = x + i y the value is `exp(m + i ω x)`, `m = -ω y - s² (x² + y²)`.
  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    guard let tangent = tangents[0] else { return nil }
    let (x, y) = inputs[0].complexParts()
    let (dx, dy) = tangent.complexParts()
    let growth = -(dy * frequency + (x * dx + y * dy) * (2 * scale * scale))
    let turn = dx * frequency
    let (real, imaginary) = output.complexParts()
    return .complexRows(
      real: real * growth - imaginary * turn, imaginary: imaginary * growth + real * turn)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let (x, y) = inputs[0].complexParts()
    let (real, imaginary) = output.complexParts()
    let (toReal, toImaginary) = cotangent.complexParts()
    let along = toReal * real + toImaginary * imaginary
    let across = toImaginary * real - toReal * imaginary
    let shrink = 2 * scale * scale
    return [
      .complexRows(
        real: across * frequency - along * x * shrink,
        imaginary: -(along * (y * shrink + frequency)))
    ]
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    results.add(
      inputs[0].complexGaborPullback(
        of: cotangent, values: evaluation.value, frequency: frequency, scale: scale), toInput: 0)
  }
}

/// A complex sine whose frequency grows with the modulus: `sin(ω (|z| + 1) z)` of complex numbers z.
///
/// The scale `|z| + 1` counts as a constant in derivatives of any order, as in ``VariableSine``. Rows
/// of complex numbers hold all real parts, then as many imaginary parts.
///
/// Source: H. Zhu et al., "FINER++: building a family of variable-periodic functions for activating
/// implicit neural representation", 2024, and the code published with it.
public struct ComplexVariableSine<Scalar: TensorScalar>: Sendable {
  /// The frequency ω at zero, in radians for each unit of z.
  public let frequency: Scalar

  /// A sine of a given frequency at zero.
  public init(frequency: Scalar) { self.frequency = frequency }

  /// The sine of each complex number: `sin a cosh b + i cos a sinh b` for the angle `a + i b`.
  ///
  /// - Parameter input: Shape: [samples, 2 · columns].
  /// - Returns: The same shape.
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let (x, y) = input.complexParts()
    let (constantX, constantY) = (x.detached(), y.detached())
    let modulus = (constantX.squared() + constantY.squared()).squareRoot()
    let rate = (modulus + 1) * frequency
    let (angle, height) = (x * rate, y * rate)
    let rising = height.exponential()
    let falling = (-height).exponential()
    return .complexRows(
      real: angle.sine() * (rising + falling) * 0.5,
      imaginary: angle.cosine() * (rising - falling) * 0.5)
  }
}
