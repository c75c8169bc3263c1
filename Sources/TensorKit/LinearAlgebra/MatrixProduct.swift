import COneDNN
import CTensorKernels

/// C = A B or C += A B for row-major matrices, each of A and B optionally transposed.
struct MatrixProductArguments<Scalar> {
  let transposingLeft: Bool
  let transposingRight: Bool
  /// The result is rows x columns; `inner` is the extent that is summed over.
  let rows: Int
  let columns: Int
  let inner: Int
  let left: UnsafePointer<Scalar>
  let leftStride: Int
  let right: UnsafePointer<Scalar>
  let rightStride: Int
  let accumulating: Bool
  let result: UnsafeMutablePointer<Scalar>
}

// oneDNN generates its kernels for the processor that it finds, and has no double-precision product.
// Debian's OpenBLAS picks kernels from a table of models and takes those of 2004 on processors newer
// than the table; the package's own product runs at OpenBLAS's best speed on all.

@Sendable func singlePrecisionProduct(_ p: MatrixProductArguments<Float>) {
  // Each worker's products stay on its own thread. The number of OpenMP's threads is a setting of the
  // calling thread, which may be the host's: it is put back.
  let threads = omp_get_max_threads()
  if threads != 1 { omp_set_num_threads(1) }
  defer { if threads != 1 { omp_set_num_threads(threads) } }
  let status = dnnl_sgemm(
    p.transposingLeft ? 84 : 78, p.transposingRight ? 84 : 78,  // "T" and "N"
    dnnl_dim_t(p.rows), dnnl_dim_t(p.columns), dnnl_dim_t(p.inner), 1, p.left,
    dnnl_dim_t(p.leftStride), p.right, dnnl_dim_t(p.rightStride), p.accumulating ? 1 : 0,
    p.result, dnnl_dim_t(p.columns))
  precondition(status == dnnl_success, "oneDNN rejected a matrix product (status \(status))")
}

@Sendable func doublePrecisionProduct(_ p: MatrixProductArguments<Double>) {
  let scratch = TensorStorage<Double>(count: tk_product_scratch)
  tk_matrix_product_f64(
    p.transposingLeft, p.transposingRight, p.rows, p.columns, p.inner, p.left, p.leftStride,
    p.right, p.rightStride, p.accumulating, p.result, p.columns, scratch.elements)
}

extension Tensor {
  /// The product of two matrices, each transposed first if so asked.
  ///
  /// `result[i, j] = Σ_k left[i, k] right[k, j]`
  ///
  /// In double precision the bits of an element depend on its row and its column alone, so rows may be
  /// multiplied together or one at a time. In single precision the library chooses kernels by shape.
  ///
  /// - Precondition: Both have two axes, and the extents that are summed over agree.
  public static func matrixProduct(
    _ left: Tensor, _ right: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false
  ) -> Tensor {
    let (rows, columns, _) = productExtents(left, right, transposingLeft, transposingRight)
    var result = Tensor(uninitialized: [rows, columns])
    result.setProduct(
      left, right, transposingLeft: transposingLeft, transposingRight: transposingRight,
      accumulating: false)
    return result
  }

  /// Adds the product of two matrices, each transposed first if so asked, in place.
  ///
  /// - Precondition: The extents agree with each other and with this matrix.
  public mutating func addProduct(
    _ left: Tensor, _ right: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false
  ) {
    setProduct(
      left, right, transposingLeft: transposingLeft, transposingRight: transposingRight,
      accumulating: true)
  }

  static func productExtents(
    _ left: Tensor, _ right: Tensor, _ transposingLeft: Bool, _ transposingRight: Bool
  ) -> (rows: Int, columns: Int, inner: Int) {
    precondition(
      left.rank == 2 && right.rank == 2,
      "the product of tensors of shapes \(left.shape) and \(right.shape); matrices are needed")
    let rows = left.shape[transposingLeft ? 1 : 0]
    let inner = left.shape[transposingLeft ? 0 : 1]
    let columns = right.shape[transposingRight ? 0 : 1]
    precondition(
      inner == right.shape[transposingRight ? 1 : 0],
      """
      the product of matrices of shapes \(left.shape)\(transposingLeft ? " transposed" : "") and \
      \(right.shape)\(transposingRight ? " transposed" : "")
      """)
    return (rows, columns, inner)
  }

  private mutating func setProduct(
    _ left: Tensor, _ right: Tensor, transposingLeft: Bool, transposingRight: Bool,
    accumulating: Bool
  ) {
    let (rows, columns, inner) = Tensor.productExtents(
      left, right, transposingLeft, transposingRight)
    precondition(
      shape == [rows, columns], "a product of shape [\(rows), \(columns)] into a matrix \(shape)")
    guard rows > 0 && columns > 0 else { return }
    makeUnique()
    guard inner > 0 else {
      if !accumulating { Scalar.kernels.fill(0, storage.elements, count) }
      return
    }
    Scalar.kernels.matrixProduct(
      MatrixProductArguments(
        transposingLeft: transposingLeft, transposingRight: transposingRight, rows: rows,
        columns: columns, inner: inner, left: left.storage.elements, leftStride: left.shape[1],
        right: right.storage.elements, rightStride: right.shape[1], accumulating: accumulating,
        result: storage.elements))
    withExtendedLifetime((left, right)) {}
  }
}

extension Tensor {
  /// The products of some rows of a matrix with some rows of another.
  ///
  /// `result[i, j] = Σ_k left[leftRows[i], k] right[rightRows[j], k]`; no rows are copied.
  ///
  /// - Precondition: Both are matrices with equally many columns, and have the rows.
  package static func rowProducts(
    _ left: Tensor, rows leftRows: Range<Int>, _ right: Tensor, rows rightRows: Range<Int>
  ) -> Tensor {
    precondition(
      left.rank == 2 && right.rank == 2 && left.shape[1] == right.shape[1],
      "row products of tensors of shapes \(left.shape) and \(right.shape)")
    precondition(
      leftRows.lowerBound >= 0 && leftRows.upperBound <= left.shape[0]
        && rightRows.lowerBound >= 0 && rightRows.upperBound <= right.shape[0],
      "rows \(leftRows) and \(rightRows) of matrices of shapes \(left.shape), \(right.shape)")
    let columns = left.shape[1]
    guard columns > 0 else { return Tensor(zeros: [leftRows.count, rightRows.count]) }
    let result = Tensor(uninitialized: [leftRows.count, rightRows.count])
    guard result.count > 0 else { return result }
    Scalar.kernels.matrixProduct(
      MatrixProductArguments(
        transposingLeft: false, transposingRight: true, rows: leftRows.count,
        columns: rightRows.count, inner: columns,
        left: left.storage.elements + leftRows.lowerBound * columns, leftStride: columns,
        right: right.storage.elements + rightRows.lowerBound * columns, rightStride: columns,
        accumulating: false, result: result.storage.elements))
    withExtendedLifetime((left, right)) {}
    return result
  }
}
