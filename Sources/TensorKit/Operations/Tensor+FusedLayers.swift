import CTensorKernels

// Kernels that join what a layer of a network does after its matrix product into one sweep over
// memory. `AutoDiff` records them; each equals the composition its name says.
extension Tensor {
  /// The sines of `frequency · (self + bias)` and, if asked, their slopes
  /// `frequency · cos(frequency · (self + bias))`, computed together.
  ///
  /// - Parameters:
  ///   - frequency: ω, in radians for each unit of the elements.
  ///   - bias: Added to each row; none by default. Shape: [columns].
  ///   - slopes: Whether the slopes are wanted.
  package consuming func sines(
    frequency: Scalar, bias: Tensor? = nil, slopes: Bool
  ) -> (values: Tensor, slopes: Tensor?) {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    let slopeValues = slopes ? Tensor(uninitialized: values.shape) : nil
    values.rewriteElements { source, target in
      Scalar.kernels.biasSine(
        source, bias?.storage.elements, frequency, target, slopeValues?.storage.elements, rows,
        columns)
    }
    withExtendedLifetime((bias, slopeValues)) {}
    return (values, slopeValues)
  }

  /// The positive part of `self + bias`.
  ///
  /// - Parameter bias: Added to each row; none by default. Shape: [columns].
  package consuming func rectified(bias: Tensor?) -> Tensor {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    values.rewriteElements { source, target in
      Scalar.kernels.biasRectify(source, bias?.storage.elements, target, rows, columns)
    }
    withExtendedLifetime(bias) {}
    return values
  }

  /// `exp(-(scale · (self + bias))²)` and, if asked, its slopes, computed together.
  ///
  /// - Parameters:
  ///   - scale: s, one divided by the width of the bump.
  ///   - bias: Added to each row; none by default. Shape: [columns].
  ///   - slopes: Whether the slopes are wanted.
  package consuming func gaussians(
    scale: Scalar, bias: Tensor? = nil, slopes: Bool
  ) -> (values: Tensor, slopes: Tensor?) {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    let slopeValues = slopes ? Tensor(uninitialized: values.shape) : nil
    values.rewriteElements { source, target in
      Scalar.kernels.biasGaussian(
        source, bias?.storage.elements, scale, target, slopeValues?.storage.elements, rows, columns)
    }
    withExtendedLifetime((bias, slopeValues)) {}
    return (values, slopeValues)
  }

  /// The sines of `frequency · (|z| + 1) · z` for z = `self + bias` and, if asked, their slopes,
  /// computed together.
  ///
  /// The slopes are `frequency · (|z| + 1) · cos(…)`, as if the scale |z| + 1 were constant, or the true
  /// derivatives `frequency · (2|z| + 1) · cos(…)`.
  ///
  /// - Parameters:
  ///   - frequency: ω, in radians for each unit of the scaled elements.
  ///   - throughScale: Whether the slopes are the true derivatives.
  ///   - bias: Added to each row; none by default. Shape: [columns].
  ///   - slopes: Whether the slopes are wanted.
  package consuming func variableSines(
    frequency: Scalar, throughScale: Bool, bias: Tensor? = nil, slopes: Bool
  ) -> (values: Tensor, slopes: Tensor?) {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    let slopeValues = slopes ? Tensor(uninitialized: values.shape) : nil
    values.rewriteElements { source, target in
      Scalar.kernels.biasVariableSine(
        source, bias?.storage.elements, frequency, throughScale, target,
        slopeValues?.storage.elements, rows, columns)
    }
    withExtendedLifetime((bias, slopeValues)) {}
    return (values, slopeValues)
  }

  /// `cos(frequency · z) · exp(-(scale · z)²)` for z = `self + bias` and, if asked, its slopes,
  /// computed together.
  ///
  /// - Parameters:
  ///   - frequency: ω, in radians for each unit of the elements.
  ///   - scale: s, one divided by the width of the wavelet.
  ///   - bias: Added to each row; none by default. Shape: [columns].
  ///   - slopes: Whether the slopes are wanted.
  package consuming func gabors(
    frequency: Scalar, scale: Scalar, bias: Tensor? = nil, slopes: Bool
  ) -> (values: Tensor, slopes: Tensor?) {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    let slopeValues = slopes ? Tensor(uninitialized: values.shape) : nil
    values.rewriteElements { source, target in
      Scalar.kernels.biasGabor(
        source, bias?.storage.elements, frequency, scale, target, slopeValues?.storage.elements,
        rows, columns)
    }
    withExtendedLifetime((bias, slopeValues)) {}
    return (values, slopeValues)
  }

  /// `exp(i · frequency · z - |scale · z|²)` of complex numbers z, whose real parts are the first half
  /// of each row and whose imaginary parts are the second.
  ///
  /// - Returns: Shape: that of the tensor.
  /// - Precondition: The number of columns is even.
  package func complexGabors(frequency: Scalar, scale: Scalar) -> Tensor {
    let (rows, columns) = complexRowsAndColumns
    let values = Tensor(uninitialized: shape)
    Scalar.kernels.complexGabor(
      storage.elements, frequency, scale, values.storage.elements, rows, columns)
    withExtendedLifetime(self) {}
    return values
  }

  /// The pullback of ``complexGabors(frequency:scale:)``: the cotangent times the transposed
  /// derivative, real and imaginary parts counted as real numbers.
  ///
  /// - Parameters:
  ///   - cotangent: Shape: that of the tensor.
  ///   - values: The result of ``complexGabors(frequency:scale:)`` on this tensor.
  ///   - frequency: ω, as there.
  ///   - scale: s, as there.
  /// - Precondition: The shapes are equal.
  package func complexGaborPullback(
    of cotangent: consuming Tensor, values: Tensor, frequency: Scalar, scale: Scalar
  ) -> Tensor {
    precondition(
      shape == cotangent.shape && shape == values.shape,
      "a cotangent of shape \(cotangent.shape) and values \(values.shape) for a tensor of \(shape)")
    let (rows, columns) = complexRowsAndColumns
    var result = cotangent
    result.rewriteElements { source, target in
      Scalar.kernels.complexGaborPullback(
        storage.elements, values.storage.elements, source, frequency, scale, target, rows, columns)
    }
    withExtendedLifetime((self, values)) {}
    return result
  }

  /// `self + bias`, the bias added to each row.
  ///
  /// - Parameter bias: Shape: [columns].
  package consuming func addingBias(_ bias: Tensor) -> Tensor {
    let (rows, columns) = rowsAndColumns(matching: bias)
    var values = consume self
    values.rewriteElements { source, target in
      Scalar.kernels.addBias(source, bias.storage.elements, target, rows, columns)
    }
    withExtendedLifetime(bias) {}
    return values
  }

  /// The tensor where `values` is positive, else zero: the pullback of rectification.
  ///
  /// - Precondition: The shapes are equal.
  package consuming func masked(wherePositive values: Tensor) -> Tensor {
    precondition(
      shape == values.shape, "a mask of shape \(values.shape) on a tensor of shape \(shape)")
    var result = consume self
    let count = result.count
    result.rewriteElements { source, target in
      Scalar.kernels.rectifyPullback(values.storage.elements, source, target, count)
    }
    withExtendedLifetime(values) {}
    return result
  }

  /// The product with a tensor of the same shape, in place where nothing else holds the elements.
  ///
  /// - Precondition: The shapes are equal.
  package consuming func multiplied(by other: Tensor) -> Tensor {
    var result = consume self
    result.rewriteElements(combining: other)
    return result
  }

  /// Adds products of corresponding elements, in place: `self += left ∘ (right + shift)`.
  ///
  /// - Precondition: The three shapes are equal.
  package mutating func addProducts(of left: Tensor, _ right: Tensor, shiftedBy shift: Scalar = 0) {
    precondition(
      shape == left.shape && shape == right.shape,
      "products of tensors of shapes \(left.shape), \(right.shape) added to one of \(shape)")
    makeUnique()
    Scalar.kernels.accumulateProducts(
      left.storage.elements, right.storage.elements, shift, storage.elements, count)
    withExtendedLifetime((left, right)) {}
  }

  /// Adds the sums of a matrix's columns, in place: `self[j] += Σ_i matrix[i, j]`.
  ///
  /// - Precondition: The matrix has as many columns as this vector has elements.
  package mutating func addColumnSums(of matrix: Tensor) {
    precondition(
      rank == 1 && matrix.rank == 2 && matrix.shape[1] == count,
      "column sums of shape \(matrix.shape) into a vector of shape \(shape)")
    makeUnique()
    Scalar.kernels.addColumnSums(
      matrix.storage.elements, storage.elements, matrix.shape[0], matrix.shape[1])
    withExtendedLifetime(matrix) {}
  }

  /// The difference from a target, and the sum of its squares in double precision, in one sweep.
  ///
  /// - Precondition: The shapes are equal.
  package consuming func residual(from target: Tensor) -> (residual: Tensor, sumOfSquares: Double) {
    precondition(shape == target.shape, "outputs \(shape) and targets \(target.shape) differ")
    var result = consume self
    let count = result.count
    var sumOfSquares = 0.0
    result.rewriteElements { source, destination in
      sumOfSquares = Scalar.kernels.residual(source, target.storage.elements, destination, count)
    }
    withExtendedLifetime(target) {}
    return (result, sumOfSquares)
  }

  /// Calls a closure with the elements to read and a place for as many results: the same place if
  /// no other tensor shares it, else new storage.
  private mutating func rewriteElements(
    _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) {
    if isUnique() {
      body(storage.elements, storage.elements)
    } else {
      let rewritten = TensorStorage<Scalar>(count: storage.count)
      body(storage.elements, rewritten.elements)
      storage = rewritten
    }
  }

  private mutating func rewriteElements(combining other: Tensor) {
    precondition(shape == other.shape, "the product of tensors of shapes \(shape), \(other.shape)")
    let count = count
    rewriteElements { source, target in
      Scalar.kernels.binary(
        Int32(tk_multiply), Int32(tk_both_vectors), source, other.storage.elements, target, count)
    }
    withExtendedLifetime(other) {}
  }

  private var complexRowsAndColumns: (Int, Int) {
    let columns = shape.last ?? 1
    precondition(columns % 2 == 0, "complex numbers in rows of a tensor of shape \(shape)")
    return (columns == 0 ? 0 : count / columns, columns / 2)
  }

  private func rowsAndColumns(matching bias: Tensor?) -> (Int, Int) {
    let columns = shape.last ?? 1
    precondition(
      bias.map { $0.shape == [columns] } ?? true,
      "a bias of shape \(bias?.shape ?? []) for rows of a tensor of shape \(shape)")
    return (columns == 0 ? 0 : count / columns, columns)
  }
}
