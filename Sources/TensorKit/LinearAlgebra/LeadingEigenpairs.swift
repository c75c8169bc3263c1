extension Tensor {
  /// The leading eigenpairs of a large symmetric positive semidefinite matrix, by block subspace
  /// iteration.
  ///
  /// Each sweep multiplies a block of vectors by the matrix, makes it orthonormal and solves the small
  /// problem within it (Rayleigh and Ritz). Started near the answer, as for a kernel that changed
  /// little since the last step, a few sweeps are enough, each 2 · size² · block operations, where a
  /// full reduction takes 4/3 · size³ that run at the speed of memory. If the wanted pairs have not
  /// converged after some sweeps, ``symmetricEigenpairs(_:)`` computes them.
  ///
  /// - Parameters:
  ///   - count: How many pairs from the largest eigenvalue on.
  ///   - guess: Vectors near the eigenvectors, as rows, such as the last answer's. Shape:
  ///     [any, size].
  ///   - tolerance: A pair is accepted when ‖K v - λ v‖ is at most this times the largest eigenvalue.
  ///   - workers: The threads that share the products.
  /// - Returns: The pairs, and the whole block of vectors as rows, a good guess for next time.
  /// - Throws: ``EigenError`` if the matrix is not finite or nothing converges.
  /// - Precondition: The matrix is square and `count` between 1 and its size.
  public func leadingEigenpairs(
    _ count: Int, startingFrom guess: Tensor? = nil, tolerance: Scalar, workers: Workers = Workers()
  ) throws -> (pairs: SymmetricEigenpairs<Scalar>, block: Tensor) {
    precondition(
      rank == 2 && shape[0] == shape[1] && count >= 1 && count <= shape[0],
      "\(count) leading eigenpairs of a tensor of shape \(shape)")
    let size = shape[0]
    // Vectors beyond the wanted ones let the last of these converge at the rate of a wider gap.
    let blockSize = min(size, 2 * count + 8)
    guard isFinite else { throw EigenError.nonFinite }
    let mostSweeps = 40
    var block = Tensor.startingBlock(guess, columns: blockSize, size: size)
    for _ in 0..<mostSweeps {
      let image = try Tensor.product(self, block, workers: workers)
      let small = Tensor.matrixProduct(block, image, transposingLeft: true)
      let inner = try ((small + small.transposed()) * 0.5).symmetricEigenpairs()
      let rotation = inner.vectors
      let vectors = Tensor.matrixProduct(block, rotation, transposingRight: true)
      let images = Tensor.matrixProduct(image, rotation, transposingRight: true)
      let residuals = (images - vectors * inner.values).squared().sum(alongAxis: 0).squareRoot()
      let bound = tolerance * inner.values[0]
      if (0..<count).allSatisfy({ residuals[$0] <= bound }) {
        let rows = vectors.transposed()
        return (
          SymmetricEigenpairs(
            values: inner.values.slice(0..<count), vectors: rows.slice(0..<count)),
          rows
        )
      }
      block = images.orthonormalizedColumns()
    }
    let pairs = try symmetricEigenpairs(blockSize)
    return (
      SymmetricEigenpairs(
        values: pairs.values.slice(0..<count), vectors: pairs.vectors.slice(0..<count)),
      pairs.vectors
    )
  }

  /// Orthonormal columns that span the guess's rows, filled up with fixed pseudorandom vectors.
  private static func startingBlock(_ guess: Tensor?, columns: Int, size: Int) -> Tensor {
    var generator = SeededGenerator(seed: 0)
    let random = Tensor.normal(shape: [size, columns], using: &generator)
    guard let guess, guess.shape[1] == size else { return random.orthonormalizedColumns() }
    let known = min(guess.shape[0], columns)
    return Tensor.concatenated(
      [
        guess.slice(0..<known).transposed(), random.slice(0..<(columns - known), alongAxis: 1),
      ], alongAxis: 1
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
