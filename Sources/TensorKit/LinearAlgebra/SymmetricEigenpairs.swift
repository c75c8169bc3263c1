import COpenBLAS

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

/// Arguments of a symmetric eigenvalue problem.
public struct SymmetricEigenArguments<Scalar> {
  let size: Int32
  /// Eigenpairs asked for, counted from the largest.
  let count: Int32
  /// Destroyed by the solver; size x size.
  let matrix: UnsafeMutablePointer<Scalar>
  /// Ascending, at least `size` of them.
  let values: UnsafeMutablePointer<Scalar>
  /// One row a vector, ascending like the values; count x size.
  let vectors: UnsafeMutablePointer<Scalar>
}

extension Tensor {
  /// The eigenpairs of a symmetric matrix, largest eigenvalue first.
  ///
  /// Each vector's sign is fixed by making its component of largest magnitude positive.
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
    var matrix = self
    matrix.makeUnique()
    let ascending = Tensor(uninitialized: [size])
    let found = Tensor(uninitialized: [count, size])
    let code = Scalar.kernels.symmetricEigen(
      SymmetricEigenArguments(
        size: Int32(size), count: Int32(count),
        matrix: matrix.storage.elements, values: ascending.storage.elements,
        vectors: found.storage.elements))
    withExtendedLifetime(matrix) {}
    guard code == 0 else { throw .notConverged(code: Int(code)) }
    let order = Array((0..<count).reversed())
    var vectors = found.rows(at: order)
    vectors.fixSignsOfRows()
    return SymmetricEigenpairs(values: Tensor(order.map { ascending[$0] }), vectors: vectors)
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

  /// An orthonormal basis of the columns' span, with the same shape, by Householder QR.
  ///
  /// - Precondition: The tensor is a matrix with at least as many rows as columns.
  public func orthonormalizedColumns() -> Tensor {
    precondition(
      rank == 2 && shape[0] >= shape[1],
      "orthonormal columns of a tensor of shape \(shape); rows must be at least columns")
    guard count > 0 else { return self }
    // LAPACK reads columns where this package writes rows.
    let columns = transposed()
    let code = Scalar.kernels.orthonormalize(
      columns.storage.elements, Int32(shape[0]), Int32(shape[1]))
    precondition(code == 0, "LAPACK's QR factorization rejected its arguments (code \(code))")
    return columns.transposed()
  }

  /// The thin QR factorization: orthonormal columns and an upper triangular matrix, whose product
  /// is the matrix.
  ///
  /// - Precondition: The tensor is a matrix with at least as many rows as columns.
  public func qrFactors() -> (orthonormal: Tensor, upperTriangular: Tensor) {
    let orthonormal = orthonormalizedColumns()
    var upper = Tensor.matrixProduct(orthonormal, self, transposingLeft: true)
    let size = shape[1]
    upper.withUnsafeMutableElements { elements in
      for row in 0..<size { for column in 0..<row { elements[row * size + column] = 0 } }
    }
    return (orthonormal, upper)
  }
}
