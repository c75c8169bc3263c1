import TensorKit

/// The product of two matrices, each transposed first if so asked.
struct MatrixProductPrimitive<Scalar: TensorScalar>: Primitive {
  let transposingLeft: Bool
  let transposingRight: Bool

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    .matrixProduct(
      inputs[0], inputs[1], transposingLeft: transposingLeft, transposingRight: transposingRight)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    bilinearPushforward(tangents, at: inputs)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let (left, right) = (inputs[0], inputs[1])
    // d(AB) = dA B + A dB, so the results are U Bᵀ and Aᵀ U; each is transposed if its operand was.
    var leftResult: Variable<Scalar>?
    var rightResult: Variable<Scalar>?
    if needed[0] {
      leftResult =
        transposingLeft
        ? .matrixProduct(
          right, cotangent, transposingLeft: transposingRight, transposingRight: true)
        : .matrixProduct(cotangent, right, transposingRight: !transposingRight)
    }
    if needed[1] {
      rightResult =
        transposingRight
        ? .matrixProduct(
          cotangent, left, transposingLeft: true, transposingRight: transposingLeft)
        : .matrixProduct(left, cotangent, transposingLeft: !transposingLeft)
    }
    return [leftResult, rightResult]
  }
}

extension Variable {
  /// The product of two matrices, each transposed first if so asked.
  ///
  /// `result[i, j] = Σ_k left[i, k] right[k, j]`
  ///
  /// - Precondition: Both have two axes, and the extents that are summed over agree.
  public static func matrixProduct(
    _ left: Variable, _ right: Variable, transposingLeft: Bool = false,
    transposingRight: Bool = false
  ) -> Variable {
    applying(
      MatrixProductPrimitive(transposingLeft: transposingLeft, transposingRight: transposingRight),
      to: left, right)
  }
}
