import CTensorKernels

/// Householder reflections Hᵢ = I - τᵢ vᵢ vᵢᵀ, and products of them.
///
/// Source: G. Golub and C. Van Loan, "Matrix Computations", 2013, sections 5.1 and 5.2.
struct Reflectors<Scalar: TensorScalar> {
  /// The vectors vᵢ as rows, of shape [reflections, size].
  let vectors: Tensor<Scalar>
  /// τᵢ for each of them; zero where the reflection is the identity.
  let scales: [Scalar]

  /// The order in which reflections are applied to a vector.
  enum Order {
    /// H₁ first: the product is … H₂ H₁.
    case firstToLast
    /// The last one first: the product is H₁ H₂ ….
    case lastToFirst
  }

  /// The product of all reflections with each row, taken as a column.
  ///
  /// In blocks: a product of reflections is I - Vᵀ T V with a triangular T, so that nearly all of the
  /// work is matrix products (R. Schreiber and C. Van Loan, 1989).
  ///
  /// - Parameter rows: Shape: [any, size].
  func applied(to rows: Tensor<Scalar>, _ order: Order) -> Tensor<Scalar> {
    let starts = Array(stride(from: 0, to: scales.count, by: Self.blockSize))
    var result = rows
    for start in order == .firstToLast ? starts : starts.reversed() {
      let range = start..<Swift.min(start + Self.blockSize, scales.count)
      let block = vectors.slice(range)
      let factor = triangularFactor(of: block, scales: scales[range])
      let components = Tensor.matrixProduct(result, block, transposingRight: true)
      let coefficients = Tensor.matrixProduct(
        components, factor, transposingRight: order == .firstToLast)
      result.addProduct(-coefficients, block)
    }
    return result
  }

  private static var blockSize: Int { 32 }

  /// The lower triangular T with H_k … H₁ = I - Vᵀ T V.
  ///
  /// From one reflection to the next, T gains the row -τ_k (v_k Vᵀ) T, and τ_k on the diagonal.
  private func triangularFactor(
    of block: Tensor<Scalar>, scales: ArraySlice<Scalar>
  ) -> Tensor<Scalar> {
    let size = scales.count
    let products = Tensor.matrixProduct(block, block, transposingRight: true)
    var factor = Tensor<Scalar>(zeros: [size, size])
    products.withUnsafeElements { products in
      factor.withUnsafeMutableElements { factor in
        guard let base = factor.baseAddress else { return }
        for (row, scale) in scales.enumerated() {
          let start = base + row * size
          for inner in 0..<row {
            Scalar.kernels.accumulate(
              -scale * products[row * size + inner], base + inner * size, start, inner + 1)
          }
          start[row] = scale
        }
      }
    }
    return factor
  }

  /// Overwrites a vector x by the v of a reflection with H x = value · e, where e has a one at the pivot.
  ///
  /// v is one at the pivot. The squares of the elements must not overflow.
  static func reflect(
    _ x: UnsafeMutablePointer<Scalar>, count: Int, pivot: Int
  ) -> (scale: Scalar, value: Scalar) {
    let first = x[pivot]
    x[pivot] = 0
    let others = Scalar.kernels.dot(x, x, count)
    defer { x[pivot] = 1 }
    guard others > 0 else {
      Scalar.kernels.fill(0, x, count)
      return (0, first)
    }
    let norm = (Double(first) * Double(first) + others).squareRoot()
    // Of the sign that makes the difference from the first element a sum.
    let value = first < 0 ? norm : -norm
    var factor = Scalar(1 / (Double(first) - value))
    Scalar.kernels.binary(
      Int32(tk_multiply), Int32(tk_right_scalar), x, &factor, x, count)
    return (Scalar((value - Double(first)) / value), Scalar(value))
  }
}

extension Tensor {
  /// The exponent of the largest magnitude; zero where all elements are zero, or one is not finite.
  var exponentOfLargestMagnitude: Scalar.Exponent {
    guard count > 0 else { return 0 }
    let magnitude = Swift.max(largest(), -smallest())
    return magnitude > 0 && magnitude.isFinite ? magnitude.exponent : 0
  }

  /// This tensor times a power of two that brings its largest magnitude into 1..<2, and the exponent
  /// that undoes it; zeros are left alone.
  ///
  /// Squares neither overflow nor vanish then, and no digit changes.
  package func scaledToUnitMagnitude() -> (tensor: Tensor, exponent: Scalar.Exponent) {
    let exponent = exponentOfLargestMagnitude
    guard exponent != 0 else { return (self, 0) }
    // In two steps, for the power itself can lie beyond the type's range.
    let half = exponent / 2
    let scaled =
      self * Scalar(sign: .plus, exponent: -half, significand: 1)
      * Scalar(sign: .plus, exponent: -(exponent - half), significand: 1)
    return (scaled, exponent)
  }

  /// An orthonormal basis of the columns' span, with the same shape, by Householder QR.
  ///
  /// - Precondition: The tensor is a matrix with at least as many rows as columns.
  public func orthonormalizedColumns() -> Tensor {
    precondition(
      rank == 2 && shape[0] >= shape[1],
      "orthonormal columns of a tensor of shape \(shape); rows must be at least columns")
    guard count > 0 else { return self }
    let (size, columnCount) = (shape[0], shape[1])
    // Columns as rows, so that each is contiguous.
    var columns = scaledToUnitMagnitude().tensor.transposed()
    var scales: [Scalar] = []
    columns.withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      for index in 0..<columnCount {
        let start = base + index * size
        let vector = start + index
        let length = size - index
        let (scale, _) = Reflectors<Scalar>.reflect(vector, count: length, pivot: 0)
        Scalar.kernels.fill(0, start, index)
        scales.append(scale)
        for other in (index + 1)..<Swift.max(index + 1, columnCount) {
          let column = base + other * size + index
          let product = Scalar(Scalar.kernels.dot(vector, column, length))
          Scalar.kernels.accumulate(-scale * product, vector, column, length)
        }
      }
    }
    let unitVectors = Tensor(shape: [columnCount, size]) { elements in
      elements.initialize(repeating: 0)
      for index in 0..<columnCount { elements[index * size + index] = 1 }
    }
    return Reflectors(vectors: columns, scales: scales)
      .applied(to: unitVectors, .lastToFirst).transposed()
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
