import TensorKit

/// A whole power of each element.
struct PowerPrimitive<Scalar: TensorScalar>: Primitive {
  let exponent: Int

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    var remaining = exponent.magnitude
    var result = Tensor<Scalar>(repeating: 1, shape: inputs[0].shape)
    var square = inputs[0]
    while remaining > 0 {
      if remaining % 2 == 1 { result *= square }
      remaining /= 2
      if remaining > 0 { square = square.squared() }
    }
    return exponent < 0 ? result.reciprocal() : result
  }

  /// The derivative at each element; nil for a power that is constant.
  private func slope(at x: Variable<Scalar>) -> Variable<Scalar>? {
    exponent == 0 ? nil : x.raised(to: exponent - 1) * Scalar(exponent)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    guard let tangent = tangents[0], let slope = slope(at: inputs[0]) else { return nil }
    return tangent * slope
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [slope(at: inputs[0]).map { cotangent * $0 }] }
}

extension Variable {
  /// A whole power of each element; a negative exponent gives the reciprocal of the positive one's.
  public func raised(to exponent: Int) -> Variable {
    .applying(PowerPrimitive(exponent: exponent), to: self)
  }
}
