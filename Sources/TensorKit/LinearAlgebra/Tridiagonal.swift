import CLAPACK

/// A symmetric tridiagonal matrix, in double precision.
struct TridiagonalMatrix {
  /// The elements on the diagonal.
  let diagonal: [Double]
  /// The elements beside it, one fewer.
  let offDiagonal: [Double]

  /// The eigenpairs from the largest eigenvalue on: ascending values, and vectors as rows.
  ///
  /// - Throws: ``EigenError/notConverged(code:)``.
  func eigenpairs(_ count: Int) throws(EigenError) -> (values: [Double], vectors: Tensor<Double>) {
    let size = diagonal.count
    var (d, e) = (diagonal, offDiagonal + [0])
    var values = [Double](repeating: 0, count: size)
    let vectors = TensorStorage<Double>(count: count * size)
    var support = [Int32](repeating: 0, count: 2 * size)
    var work = [Double](repeating: 0, count: 18 * size)
    var integerWork = [Int32](repeating: 0, count: 10 * size)
    var (order, low, high) = (Int32(size), Int32(size - count + 1), Int32(size))
    var (workSize, integerWorkSize) = (Int32(work.count), Int32(integerWork.count))
    var (columns, found, code): (Int32, Int32, Int32) = (Int32(count), 0, 0)
    // Whether to look for a representation of high relative accuracy first.
    var triesAccuracy: Int32 = 1
    var unused = 0.0
    dstemr_(
      "V", count == size ? "A" : "I", &order, &d, &e, &unused, &unused, &low, &high, &found,
      &values, vectors.elements, &order, &columns, &support, &triesAccuracy, &work, &workSize,
      &integerWork, &integerWorkSize, &code)
    guard code == 0, found == columns else {
      throw .notConverged(code: code == 0 ? Int(found) - count : Int(code))
    }
    return (Array(values[..<count]), Tensor(shape: [count, size], storage: vectors))
  }
}

extension Tensor {
  /// A symmetric matrix in tridiagonal form: `self = Q T Qᵀ`, where Q is the product of the
  /// reflections, the last one first.
  ///
  /// Each step applies the last reflection's update and multiplies by the next one's vector in one
  /// pass over the lower triangle, whose memory bounds the time (F. Van Zee et al., "Families of
  /// algorithms for reducing a matrix to condensed form", 2012).
  ///
  /// - Precondition: The tensor is a square matrix, and squares of its elements do not overflow.
  func tridiagonalized() -> (matrix: TridiagonalMatrix, reflectors: Reflectors<Scalar>) {
    let size = shape[0]
    var matrix = self
    var diagonal = [Double](repeating: 0, count: size)
    var offDiagonal = [Double](repeating: 0, count: Swift.max(size - 1, 0))
    var scales = [Scalar](repeating: 0, count: size)
    // The last update, v wᵀ + w vᵀ, and a product; one row each.
    var buffers = Tensor(zeros: [3, size])
    matrix.withUnsafeMutableElements { elements in
      buffers.withUnsafeMutableElements { buffers in
        guard let base = elements.baseAddress, let v = buffers.baseAddress else { return }
        let (w, product) = (v + size, v + 2 * size)
        let kernels = Scalar.kernels
        for index in stride(from: size - 1, to: 0, by: -1) {
          // Row i as updated; the reflection sends what is left of the diagonal to its last element.
          let row = base + index * size
          kernels.accumulate(-v[index], w, row, index + 1)
          kernels.accumulate(-w[index], v, row, index + 1)
          diagonal[index] = Double(row[index])
          let (scale, value) = Reflectors<Scalar>.reflect(row, count: index, pivot: index - 1)
          offDiagonal[index - 1] = Double(value)
          scales[index] = scale
          kernels.fill(0, row + index, size - index)
          // The block above becomes H A H = A - u wᵀ - w uᵀ with w = τ A u - τ²/2 (uᵀ A u) u.
          kernels.symmetricStep(base, size, index, v, w, row, product)
          let overlap = Scalar(kernels.dot(product, row, index))
          kernels.fill(0, w, index)
          kernels.accumulate(scale, product, w, index)
          kernels.accumulate(-scale * scale * overlap / 2, row, w, index)
          v.update(from: row, count: index)
        }
        if size > 0 { diagonal[0] = Double(base[0]) }
        kernels.fill(0, base, size)
      }
    }
    return (
      TridiagonalMatrix(diagonal: diagonal, offDiagonal: offDiagonal),
      Reflectors(vectors: matrix, scales: scales)
    )
  }
}
