import TensorKit

/// Each element moved into a closed range.
struct ClampPrimitive<Scalar: TensorScalar>: Primitive {
  let range: ClosedRange<Scalar>

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].clamped(to: range) }

  /// One strictly within the range, else zero.
  private func slope(at x: Variable<Scalar>) -> Variable<Scalar> {
    (x - range.lowerBound).step() * (range.upperBound - x).step()
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0].map { $0 * slope(at: inputs[0]) } }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent * slope(at: inputs[0])] }
}

extension Variable {
  /// The elements, each moved into a closed range.
  ///
  /// The derivative is one strictly within the range and zero elsewhere, at the bounds too.
  public func clamped(to range: ClosedRange<Scalar>) -> Variable {
    .applying(ClampPrimitive(range: range), to: self)
  }
}
