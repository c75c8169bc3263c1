extension Tensor {
  /// The leading eigenpairs of a large symmetric positive semidefinite matrix, within a subspace that
  /// grows until it holds them.
  ///
  /// The pairs within the subspace are the best that it holds (Rayleigh and Ritz); the residuals of
  /// those not yet accurate are made orthogonal to it and added, so that it is a block Krylov space of
  /// the guess. Started near the answer, as for a kernel that changed little since the last step, a few
  /// products with narrow matrices are enough, where a full reduction takes 4/3 · size³ operations
  /// that run at the speed of memory. If the wanted pairs have not converged after some products,
  /// ``symmetricEigenpairs(_:)`` computes them.
  ///
  /// Source: Y. Saad, "Numerical methods for large eigenvalue problems", 2011, sections 6.3 and 8.4
  /// (Davidson's method without a preconditioner, restarted).
  ///
  /// - Parameters:
  ///   - count: How many pairs from the largest eigenvalue on.
  ///   - guess: Vectors near the eigenvectors, as rows, such as the last answer's. Shape:
  ///     [any, size].
  ///   - tolerance: A pair is accepted when ‖K v - λ v‖ is at most this times the largest eigenvalue.
  ///   - workers: The threads that share the products.
  /// - Returns: The pairs, and more vectors as rows, a good guess for next time. A matrix times a power of two
  ///   has the same ones, and its eigenvalues times that, as far as its numbers are normal ones.
  /// - Throws: ``EigenError`` if the matrix is not finite or nothing converges.
  /// - Precondition: The matrix is square and `count` between 1 and its size.
  public func leadingEigenpairs(
    _ count: Int, startingFrom guess: Tensor? = nil, tolerance: Scalar, workers: Workers = Workers()
  ) throws -> (pairs: SymmetricEigenpairs<Scalar>, block: Tensor) {
    precondition(
      rank == 2 && shape[0] == shape[1] && count >= 1 && count <= shape[0],
      "\(count) leading eigenpairs of a tensor of shape \(shape)")
    guard isFinite else { throw EigenError.nonFinite }
    // Residuals are far smaller than the matrix, and must not come near the smallest numbers there are.
    let moderate = Int(Scalar.greatestFiniteMagnitude.exponent) / 4
    guard abs(Int(exponentOfLargestMagnitude)) <= moderate else {
      let (scaled, exponent) = scaledToUnitMagnitude()
      let (pairs, block) = try scaled.leadingEigenpairs(
        count, startingFrom: guess, tolerance: tolerance, workers: workers)
      let values = Tensor<Double>(pairs.values).elements.map {
        Scalar(Double(sign: .plus, exponent: Int(exponent), significand: $0))
      }
      return (SymmetricEigenpairs(values: Tensor(values), vectors: pairs.vectors), block)
    }
    let size = shape[0]
    // Vectors beyond the wanted ones keep what was learned of the next ones.
    let blockSize = min(size, 2 * count + 8)
    let mostColumns = min(size, 4 * blockSize)
    let mostProducts = 60
    var basis = Tensor.startingBlock(guess, columns: blockSize, size: size)
    var images = try Tensor.product(self, basis, workers: workers)
    for _ in 0..<mostProducts {
      let small = Tensor.matrixProduct(basis, images, transposingLeft: true)
      let inner = try ((small + small.transposed()) * 0.5).symmetricEigenpairs(blockSize)
      func ritz(_ pairs: Range<Int>, _ columns: Tensor) -> Tensor {
        .matrixProduct(columns, inner.vectors.slice(pairs), transposingRight: true)
      }
      let residuals =
        ritz(0..<count, images) - ritz(0..<count, basis) * inner.values.slice(0..<count)
      // Relative to the largest eigenvalue before squaring, which would lose small ones altogether.
      let scale = inner.values[0] > 0 ? inner.values[0] : 1
      let norms = (residuals / scale).squared().sum(alongAxis: 0).squareRoot()
      let open = (0..<count).filter { !(norms[$0] <= tolerance) }
      if open.isEmpty {
        let rows = ritz(0..<blockSize, basis).transposed()
        return (
          SymmetricEigenpairs(
            values: inner.values.slice(0..<count), vectors: rows.slice(0..<count)),
          rows
        )
      }
      if basis.shape[1] + open.count > mostColumns {
        (basis, images) = (ritz(0..<blockSize, basis), ritz(0..<blockSize, images))
      }
      guard basis.shape[1] + open.count <= size else { break }
      let added = residuals.transposed().rows(at: open).transposed().orthonormalized(against: basis)
      basis = .concatenated([basis, added], alongAxis: 1)
      images = .concatenated(
        [images, try Tensor.product(self, added, workers: workers)], alongAxis: 1)
    }
    let pairs = try symmetricEigenpairs(blockSize)
    return (
      SymmetricEigenpairs(
        values: pairs.values.slice(0..<count), vectors: pairs.vectors.slice(0..<count)),
      pairs.vectors
    )
  }

  /// Orthonormal columns that span what this matrix's columns add to those of an orthonormal basis.
  private func orthonormalized(against basis: Tensor) -> Tensor {
    // Twice: what rounding leaves of the basis after the first time is gone after the second.
    var columns = orthonormalizedColumns()
    for _ in 0..<2 {
      let components = Tensor.matrixProduct(basis, columns, transposingLeft: true)
      columns = (columns - .matrixProduct(basis, components)).orthonormalizedColumns()
    }
    return columns
  }

  /// Orthonormal columns that span the guess's rows, filled up with fixed pseudorandom vectors.
  private static func startingBlock(_ guess: Tensor?, columns: Int, size: Int) -> Tensor {
    let guess = guess.flatMap { $0.shape[1] == size ? $0 : nil }
    let known = min(guess?.shape[0] ?? 0, columns)
    var generator = SeededGenerator(seed: 0)
    let random = Tensor.normal(shape: [size, columns - known], using: &generator)
    guard let guess, known > 0 else { return random.orthonormalizedColumns() }
    return Tensor.concatenated(
      [guess.slice(0..<known).transposed(), random], alongAxis: 1
    ).orthonormalizedColumns()
  }

  /// The product of a tall or square matrix with a narrow one, its rows spread over threads.
  private static func product(
    _ left: Tensor, _ right: Tensor, workers: Workers
  ) throws -> Tensor {
    let rowCount = left.shape[0]
    let pieces = max(1, min(16, rowCount / 128))
    let transposed = right.transposed()
    return .concatenated(
      try workers.map(pieces) { piece in
        .rowProducts(
          left, rows: (piece * rowCount / pieces)..<((piece + 1) * rowCount / pieces), transposed,
          rows: 0..<transposed.shape[0])
      })
  }
}
