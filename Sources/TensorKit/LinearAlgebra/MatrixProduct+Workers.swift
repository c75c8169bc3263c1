extension Tensor {
  /// The product of two matrices, each transposed first if so asked, by several threads.
  ///
  /// `result[i, j] = Σ_k left[i, k] right[k, j]`; each thread computes blocks of rows whose size does
  /// not depend on the number of threads, and so neither do the results.
  ///
  /// - Precondition: Both have two axes, and the extents that are summed over agree.
  public static func matrixProduct(
    _ left: Tensor, _ right: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false,
    workers: Workers
  ) -> Tensor {
    let (rows, columns, inner) = productExtents(left, right, transposingLeft, transposingRight)
    guard rows > 0, columns > 0, inner > 0 else { return Tensor(zeros: [rows, columns]) }
    let result = Tensor(uninitialized: [rows, columns])
    let rowsPerBlock = 64
    let blockCount = (rows + rowsPerBlock - 1) / rowsPerBlock
    _ = workers.collect(blockCount) { block in
      let (start, end) = (block * rows / blockCount, (block + 1) * rows / blockCount)
      Scalar.kernels.matrixProduct(
        MatrixProductArguments(
          transposingLeft: transposingLeft, transposingRight: transposingRight, rows: end - start,
          columns: columns, inner: inner,
          left: left.storage.elements + start * (transposingLeft ? 1 : inner),
          leftStride: left.shape[1], right: right.storage.elements, rightStride: right.shape[1],
          accumulating: false, result: result.storage.elements + start * columns))
    }
    withExtendedLifetime((left, right)) {}
    return result
  }
}
