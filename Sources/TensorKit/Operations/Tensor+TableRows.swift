// Rows of a table that are found by index, several for each row of a result: with the corners of a grid's
// cell as indices and a point's weights for them, this is interpolation.
extension Tensor {
  /// Sums of some of the rows, each with a weight.
  ///
  /// `result[i, j] = Σ_c weights[i, c] · self[indices[i · corners + c], j]`
  ///
  /// - Parameters:
  ///   - indices: As many as there are weights, in their order; one may recur.
  ///   - weights: Shape: [rows, corners].
  /// - Returns: Shape: [rows, columns].
  /// - Precondition: The tensor is a matrix, there is an index for each weight, and each index is that
  ///   of a row.
  public func rows(at indices: [Int], weightedBy weights: Tensor) -> Tensor {
    precondition(
      weights.rank == 2, "weights of shape \(weights.shape) for rows; a matrix is needed")
    precondition(rank == 2, "rows of a tensor of shape \(shape); a matrix is needed")
    Tensor.checkPlaces(indices, weights.count, rowCount: shape[0])
    let result = Tensor(uninitialized: [weights.shape[0], shape[1]])
    Scalar.kernels.gatherRows(
      storage.elements, indices, weights.storage.elements, result.storage.elements,
      weights.shape[0], weights.shape[1], shape[1])
    withExtendedLifetime((self, weights)) {}
    return result
  }

  /// Adds rows, each times its weights, to the rows with some indices.
  ///
  /// `self[indices[i · corners + c], j] += weights[i, c] · rows[i, j]`, in order: the pullback of
  /// ``rows(at:weightedBy:)`` to the table.
  ///
  /// - Parameters:
  ///   - indices: As many as there are weights, in their order; one may recur.
  ///   - weights: Shape: [rows, corners]. Ones by default, and one corner.
  ///   - rows: Shape: [rows, columns].
  /// - Precondition: The tensor is a matrix, the shapes are as said, and each index is that of a row.
  public mutating func addRows(at indices: [Int], weightedBy weights: Tensor?, _ rows: Tensor) {
    precondition(
      rank == 2 && rows.rank == 2 && rows.shape[1] == shape[1],
      "rows of shape \(rows.shape) cannot be added to rows of a tensor of shape \(shape)")
    addRows(at: indices, weightedBy: weights, rows, toMatrixOf: shape[0], from: 0)
  }

  /// Adds rows to rows of a matrix that is a run of this tensor's elements.
  ///
  /// - Parameters:
  ///   - rowCount: How many rows the matrix has, with as many columns as the rows that are added.
  ///   - start: The place of its first element, counted in row-major order.
  ///   - workers: The threads that share the matrix's rows. Each row's sum has the same bits for any number of them.
  package mutating func addRows(
    at indices: [Int], weightedBy weights: Tensor?, _ rows: Tensor, toMatrixOf rowCount: Int,
    from start: Int, workers: Workers = Workers(threads: 1)
  ) {
    precondition(
      rows.rank == 2 && weights.map { $0.rank == 2 && $0.shape[0] == rows.shape[0] } ?? true,
      "rows of shape \(rows.shape) with weights of shape \(weights?.shape ?? [])")
    precondition(
      start >= 0 && start + rowCount * rows.shape[1] <= count,
      "a matrix of \(rowCount) rows from element \(start) on of a tensor of shape \(shape)")
    Tensor.checkPlaces(indices, weights?.count ?? rows.shape[0], rowCount: rowCount)
    makeUnique()
    let (sum, added, factors) = (storage, rows.storage, weights?.storage)
    let (count, corners, columns) = (rows.shape[0], weights?.shape[1] ?? 1, rows.shape[1])
    // Below that, waking a thread costs more than it saves.
    let parts = indices.count * columns < 1 << 16 ? 1 : min(workers.threads, max(1, rowCount))
    _ = workers.collect(parts) { part in
      let first = rowCount * part / parts
      Scalar.kernels.scatterRows(
        added.elements, indices, factors?.elements, sum.elements + start, count, corners, columns,
        first, rowCount * (part + 1) / parts - first)
    }
    withExtendedLifetime((rows, weights)) {}
  }

  /// The dot products of other rows with some of this tensor's rows.
  ///
  /// `result[i, c] = Σ_j self[indices[i · corners + c], j] · rows[i, j]`: the pullback of
  /// ``rows(at:weightedBy:)`` to the weights.
  ///
  /// - Parameters:
  ///   - indices: `corners` for each of the other rows.
  ///   - corners: How many of this tensor's rows there are for each of the others.
  ///   - rows: Shape: [rows, columns].
  /// - Returns: Shape: [rows, corners].
  /// - Precondition: Both tensors are matrices with as many columns, there are so many indices, and
  ///   each is that of a row.
  package func products(ofRowsAt indices: [Int], corners: Int, with rows: Tensor) -> Tensor {
    precondition(
      rows.rank == 2 && rank == 2 && rows.shape[1] == shape[1],
      "the products of rows of tensors of shapes \(shape) and \(rows.shape)")
    Tensor.checkPlaces(indices, rows.shape[0] * corners, rowCount: shape[0])
    let result = Tensor(uninitialized: [rows.shape[0], corners])
    Scalar.kernels.gatherProducts(
      storage.elements, indices, rows.storage.elements, result.storage.elements, rows.shape[0],
      corners, shape[1])
    withExtendedLifetime((self, rows)) {}
    return result
  }

  private static func checkPlaces(_ indices: [Int], _ expected: Int, rowCount: Int) {
    precondition(indices.count == expected, "\(indices.count) indices where \(expected) are needed")
    var (lowest, highest) = (0, 0)
    for index in indices {
      lowest = Swift.min(lowest, index)
      highest = Swift.max(highest, index)
    }
    precondition(
      indices.isEmpty || lowest >= 0 && highest < rowCount,
      "indices from \(lowest) to \(highest) of a table of \(rowCount) rows")
  }
}
