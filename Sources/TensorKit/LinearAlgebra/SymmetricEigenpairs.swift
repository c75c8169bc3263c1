/// Eigenvalues of a symmetric matrix in descending order, with their orthonormal eigenvectors.
public struct SymmetricEigenpairs<Scalar: TensorScalar>: Sendable {
  /// The eigenvalues, largest first, of shape [pairs].
  public let values: Tensor<Scalar>
  /// The eigenvectors as rows, in the order of the values, of shape [pairs, size].
  public let vectors: Tensor<Scalar>
}

/// An eigenvalue problem that LAPACK did not solve.
public enum EigenError: Error, Equatable, CustomStringConvertible {
  /// The matrix holds an infinity or NaN.
  case nonFinite
  /// The iteration did not converge.
  case notConverged(code: Int)

  /// One sentence that says what went wrong.
  public var description: String {
    switch self {
    case .nonFinite: "The matrix to decompose holds an infinity or NaN."
    case .notConverged(let code):
      "The symmetric eigenvalue iteration did not converge (LAPACK code \(code))."
    }
  }
}

extension Tensor {
  /// The eigenpairs of a symmetric matrix, largest eigenvalue first.
  ///
  /// By a reduction to tridiagonal form, whose eigenpairs LAPACK computes. Each vector's sign is fixed by making its component of largest magnitude positive.
  ///
  /// - Parameter count: How many pairs from the largest on; all of them by default.
  /// - Throws: ``EigenError`` if the matrix is not finite or the iteration does not converge.
  /// - Precondition: The matrix is square and `count` between 1 and its size.
  /// - Complexity: O(size³), and less for fewer pairs.
  public func symmetricEigenpairs(_ count: Int? = nil) throws(EigenError)
    -> SymmetricEigenpairs<Scalar>
  {
    precondition(
      rank == 2 && shape[0] == shape[1], "eigenpairs of a tensor of shape \(shape)")
    let size = shape[0]
    let count = count ?? size
    precondition(
      size > 0 && count >= 1 && count <= size,
      "\(count) eigenpairs of a matrix of shape \(shape)")
    guard isFinite else { throw .nonFinite }
    let (scaled, exponent) = scaledToUnitMagnitude()
    let (tridiagonal, reflectors) = scaled.tridiagonalized()
    let (values, ascending) = try tridiagonal.eigenpairs(count)
    let rows = Tensor(ascending).rows(at: (0..<count).reversed())
    // A = Q T Qᵀ, and Q applies its last reflection last.
    var vectors = reflectors.applied(to: rows, .firstToLast)
    vectors.fixSignsOfRows()
    let unit = Double(sign: .plus, exponent: Int(exponent), significand: 1)
    return SymmetricEigenpairs(
      values: Tensor(values.reversed().map { Scalar($0 * unit) }), vectors: vectors)
  }

  /// Negates each row whose component of largest magnitude is negative.
  private mutating func fixSignsOfRows() {
    let size = shape[1]
    makeUnique()
    for row in 0..<shape[0] {
      let start = storage.elements + row * size
      let largest = Scalar.kernels.largest(start, size)
      let smallest = Scalar.kernels.smallest(start, size)
      guard -smallest > largest else { continue }
      for index in 0..<size { start[index] = -start[index] }
    }
  }
}
