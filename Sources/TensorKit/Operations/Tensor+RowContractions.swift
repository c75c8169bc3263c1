// The form Σ_i Σ_k Σ_c a[i, k] b[i, k · columns + c] u[i, c], differentiated by each of its factors: rows of b are
// matrices, which are multiplied with rows of the others from one side or from both.
extension Tensor {
  /// Rows times the matrices of other rows: `result[i, c] = Σ_k self[i, k] · matrices[i, k · columns + c]`.
  ///
  /// - Parameter matrices: Shape: [rows, inner · columns].
  /// - Returns: Shape: [rows, columns].
  /// - Precondition: The tensor is a matrix of as many rows, and its columns divide those of the other.
  package func contracted(with matrices: Tensor) -> Tensor {
    let columns = Tensor.columns(of: matrices, perRowOf: self)
    let result = Tensor(uninitialized: [shape[0], columns])
    Scalar.kernels.contractRows(
      storage.elements, matrices.storage.elements, result.storage.elements, shape[0], shape[1],
      columns)
    withExtendedLifetime((self, matrices)) {}
    return result
  }

  /// The outer products of rows: `result[i, k · columns + c] = self[i, k] · other[i, c]`.
  ///
  /// - Parameter other: Shape: [rows, columns].
  /// - Returns: Shape: [rows, inner · columns].
  /// - Precondition: Both are matrices of as many rows.
  package func outerProductsOfRows(with other: Tensor) -> Tensor {
    precondition(
      rank == 2 && other.rank == 2 && other.shape[0] == shape[0],
      "the outer products of rows of tensors of shapes \(shape) and \(other.shape)")
    let result = Tensor(uninitialized: [shape[0], shape[1] * other.shape[1]])
    Scalar.kernels.contractOuter(
      storage.elements, other.storage.elements, result.storage.elements, shape[0], shape[1],
      other.shape[1])
    withExtendedLifetime((self, other)) {}
    return result
  }

  /// The matrices of rows times other rows: `result[i, k] = Σ_c self[i, k · columns + c] · other[i, c]`.
  ///
  /// - Parameter other: Shape: [rows, columns].
  /// - Returns: Shape: [rows, inner].
  /// - Precondition: Both are matrices of as many rows, and the other's columns divide those of this one.
  package func productsOfRowMatrices(with other: Tensor) -> Tensor {
    let inner = Tensor.columns(of: self, perRowOf: other)
    let result = Tensor(uninitialized: [shape[0], inner])
    Scalar.kernels.contractInner(
      storage.elements, other.storage.elements, result.storage.elements, shape[0], inner,
      other.shape[1])
    withExtendedLifetime((self, other)) {}
    return result
  }

  private static func columns(of matrices: Tensor, perRowOf rows: Tensor) -> Int {
    precondition(
      rows.rank == 2 && matrices.rank == 2 && matrices.shape[0] == rows.shape[0]
        && rows.shape[1] > 0 && matrices.shape[1] % rows.shape[1] == 0,
      "matrices in rows of shape \(matrices.shape) with rows of shape \(rows.shape)")
    return matrices.shape[1] / rows.shape[1]
  }
}
