import CTensorKernels

extension Tensor {
  func mapped(_ operation: Int) -> Tensor {
    let result = Tensor(uninitialized: shape)
    Scalar.kernels.unary(Int32(operation), storage.elements, result.storage.elements, count)
    withExtendedLifetime(self) {}
    return result
  }

  /// The absolute value of each element.
  public func absoluteValue() -> Tensor { mapped(tk_absolute) }

  /// The square of each element.
  public func squared() -> Tensor { mapped(tk_square) }

  /// The square root of each element; NaN where it is negative.
  public func squareRoot() -> Tensor { mapped(tk_square_root) }

  /// One divided by each element.
  public func reciprocal() -> Tensor { mapped(tk_reciprocal) }

  /// e to the power of each element, within 2 units in the last place.
  public func exponential() -> Tensor { mapped(tk_exponential) }

  /// The natural logarithm of each element, within 2 units in the last place.
  public func logarithm() -> Tensor { mapped(tk_logarithm) }

  /// The sine of each element in radians, within 2 units in the last place up to ±1000.
  public func sine() -> Tensor { mapped(tk_sine) }

  /// The cosine of each element in radians, within 2 units in the last place up to ±1000.
  public func cosine() -> Tensor { mapped(tk_cosine) }

  /// The hyperbolic tangent of each element.
  public func hyperbolicTangent() -> Tensor { mapped(tk_hyperbolic_tangent) }

  /// Each element where it is positive, else zero.
  public func rectified() -> Tensor { mapped(tk_rectify) }

  /// One where an element is positive, else zero.
  public func step() -> Tensor { mapped(tk_step) }

  /// The sign of each element: -1, 0 or 1.
  public func sign() -> Tensor { mapped(tk_sign) }

  /// The logarithm of one plus e to the power of each element, accurate and without overflow.
  public func softplus() -> Tensor {
    let decay = (-absoluteValue()).exponential()
    let sum = decay + 1
    let kept = sum - 1
    // A sum that is rounded has kept another number than `decay`; the quotient corrects for it.
    let isLost = 1 - kept.step()
    return rectified() + decay * (sum.logarithm() + isLost) / (kept + isLost)
  }

  /// 1 / (1 + e⁻ˣ) of each element, accurate and without overflow.
  public func sigmoid() -> Tensor {
    let decay = (-absoluteValue()).exponential()
    return (decay + step() * (1 - decay)) / (decay + 1)
  }
}
