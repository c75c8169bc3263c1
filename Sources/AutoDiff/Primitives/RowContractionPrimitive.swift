import TensorKit

/// A derivative of the form `F = Σ_i Σ_k Σ_c a[i, k] b[i, k · columns + c] u[i, c]`, in rows a, b and u.
///
/// F is linear in each of the three, so the derivative by one of them is a product of the other two, and so are the
/// derivatives of that.
struct RowContractionPrimitive<Scalar: TensorScalar>: Primitive {
  enum Factor: CaseIterable { case rows, matrices, results }

  /// What the form is differentiated by.
  let factor: Factor

  /// The factors that are the inputs, in order.
  private var inputFactors: [Factor] { Factor.allCases.filter { $0 != factor } }

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    switch factor {
    case .rows: inputs[0].productsOfRowMatrices(with: inputs[1])
    case .matrices: inputs[0].outerProductsOfRows(with: inputs[1])
    case .results: inputs[0].contracted(with: inputs[1])
    }
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
    inputs.indices.map { input in
      guard needed[input] else { return nil }
      let wanted = inputFactors[input]
      let others = Factor.allCases.filter { $0 != wanted }.map {
        $0 == factor ? cotangent : inputs[1 - input]
      }
      return .applying(RowContractionPrimitive(factor: wanted), to: others)
    }
  }
}

extension Variable {
  /// Rows times the matrices that other rows hold.
  ///
  /// `result[i, c] = Σ_k self[i, k] · matrices[i, k · columns + c]`
  ///
  /// With harmonics of directions as rows and their coefficients as matrices, these are the functions that the
  /// coefficients describe.
  ///
  /// - Parameter matrices: Shape: [rows, inner · columns].
  /// - Returns: Shape: [rows, columns].
  /// - Precondition: Both are matrices of as many rows, and the variable's columns divide the other's.
  public func contracted(with matrices: Variable) -> Variable {
    .applying(RowContractionPrimitive(factor: .results), to: self, matrices)
  }
}
