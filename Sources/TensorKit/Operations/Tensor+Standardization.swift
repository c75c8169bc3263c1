// What batch normalization does to the columns of matrices, each in one sweep over memory. `AutoDiff`
// records it.
extension Tensor {
  /// `(self - mean) ∘ scale`, for each column.
  ///
  /// - Parameters:
  ///   - mean: Shape: [columns].
  ///   - scale: Shape: [columns].
  package func standardized(mean: Tensor, scale: Tensor) -> Tensor {
    let (rows, columns) = rowsAndColumns(matching: mean, scale)
    let result = Tensor(uninitialized: shape)
    Scalar.kernels.standardize(
      storage.elements, mean.storage.elements, scale.storage.elements, result.storage.elements,
      rows, columns)
    withExtendedLifetime((self, mean, scale)) {}
    return result
  }

  /// Multiplies each column by a factor, in place.
  ///
  /// - Parameter factors: Shape: [columns].
  package mutating func multiplyColumns(by factors: Tensor) {
    let (rows, columns) = rowsAndColumns(matching: factors)
    makeUnique()
    let zeros = Tensor(zeros: [columns])
    Scalar.kernels.standardize(
      storage.elements, zeros.storage.elements, factors.storage.elements, storage.elements, rows,
      columns)
    withExtendedLifetime((zeros, factors)) {}
  }

  /// The sums of each column's deviations from a number, and of their squares:
  /// `Σ_i (self[i, j] - center[j])` and `Σ_i (self[i, j] - center[j])²`.
  ///
  /// - Parameter center: Shape: [columns].
  /// - Returns: Each of shape [columns]. 32 rows at a time are summed in the type of the numbers, and these sums in
  ///   double precision.
  package func sumsOfDeviations(
    from center: Tensor
  ) -> (sums: Tensor<Double>, squares: Tensor<Double>) {
    let (rows, columns) = rowsAndColumns(matching: center)
    let (sums, squares) = (Tensor<Double>(zeros: [columns]), Tensor<Double>(zeros: [columns]))
    Scalar.kernels.addCenteredMoments(
      storage.elements, center.storage.elements, sums.storage.elements, squares.storage.elements,
      rows, columns)
    withExtendedLifetime((self, center)) {}
    return (sums, squares)
  }

  /// The sums of each column, and of its products with another matrix's deviations:
  /// `Σ_i self[i, j]` and `Σ_i self[i, j] (values[i, j] - center[j])`.
  ///
  /// - Parameters:
  ///   - values: Shape: that of this matrix.
  ///   - center: Shape: [columns].
  /// - Returns: Each of shape [columns]. 32 rows at a time are summed in the type of the numbers, and these sums in
  ///   double precision.
  package func sumsOfProducts(
    withDeviationsOf values: Tensor, from center: Tensor
  ) -> (sums: Tensor<Double>, products: Tensor<Double>) {
    precondition(
      shape == values.shape, "deviations of shape \(values.shape) for a matrix of shape \(shape)")
    let (rows, columns) = rowsAndColumns(matching: center)
    let (sums, products) = (Tensor<Double>(zeros: [columns]), Tensor<Double>(zeros: [columns]))
    Scalar.kernels.addCenteredProducts(
      storage.elements, values.storage.elements, center.storage.elements, sums.storage.elements,
      products.storage.elements, rows, columns)
    withExtendedLifetime((self, values, center)) {}
    return (sums, products)
  }

  /// Subtracts what is common to all rows, in place:
  /// `self[i, j] -= shift[j] + slope[j] (values[i, j] - center[j])`.
  ///
  /// - Parameters:
  ///   - shift: Shape: [columns].
  ///   - slope: Shape: [columns].
  ///   - values: Shape: that of this matrix.
  ///   - center: Shape: [columns].
  package mutating func subtract(
    shift: Tensor, slope: Tensor, ofDeviationsOf values: Tensor, from center: Tensor
  ) {
    precondition(
      shape == values.shape, "deviations of shape \(values.shape) for a matrix of shape \(shape)")
    let (rows, columns) = rowsAndColumns(matching: shift, slope, center)
    makeUnique()
    Scalar.kernels.subtractCommon(
      storage.elements, values.storage.elements, center.storage.elements, slope.storage.elements,
      shift.storage.elements, storage.elements, rows, columns)
    withExtendedLifetime((shift, slope, values, center)) {}
  }

  private func rowsAndColumns(matching vectors: Tensor...) -> (Int, Int) {
    precondition(
      rank == 2 && vectors.allSatisfy { $0.shape == [shape[1]] },
      "vectors of shapes \(vectors.map(\.shape)) for the columns of a tensor of shape \(shape)")
    return (shape[0], shape[1])
  }
}
