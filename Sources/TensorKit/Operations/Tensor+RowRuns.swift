// Runs of consecutive rows, given by their bounds: run i has the rows bounds[i]..<bounds[i + 1].
extension Tensor {
  /// The sums of runs of rows, accumulated in double precision.
  ///
  /// `result[i, j] = Σ_{r in run i} self[r, j]`
  ///
  /// - Parameter bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Returns: Shape: [runs, columns].
  /// - Precondition: The tensor is a matrix, and the bounds ascend from 0 to its number of rows.
  public func sumsOfRowRuns(bounds: [Int]) -> Tensor {
    Tensor.checkRuns(bounds, of: shape)
    let columns = shape[1]
    let result = Tensor(zeros: [bounds.count - 1, columns])
    for run in 0..<(bounds.count - 1) {
      Scalar.kernels.addColumnSums(
        storage.elements + bounds[run] * columns, result.storage.elements + run * columns,
        bounds[run + 1] - bounds[run], columns)
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Adds a row to each row of a run, for each run, in place.
  ///
  /// `self[r, j] += rows[i, j]` for the rows r of run i.
  ///
  /// - Parameters:
  ///   - rows: Shape: [runs, columns].
  ///   - bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Precondition: The tensor is a matrix, the bounds ascend from 0 to its number of rows, and there
  ///   is a row of as many columns for each run.
  package mutating func addToRowRuns(_ rows: Tensor, bounds: [Int]) {
    Tensor.checkRuns(bounds, of: shape)
    precondition(
      rows.shape == [bounds.count - 1, shape[1]],
      "rows of shape \(rows.shape) for \(bounds.count - 1) runs of a matrix of shape \(shape)")
    let columns = shape[1]
    makeUnique()
    for run in 0..<(bounds.count - 1) {
      let start = storage.elements + bounds[run] * columns
      Scalar.kernels.addBias(
        start, rows.storage.elements + run * columns, start, bounds[run + 1] - bounds[run], columns)
    }
    withExtendedLifetime(rows) {}
  }

  /// The sums of the rows before each row within its run, accumulated in double precision.
  ///
  /// `result[r, j] = Σ_{q in the run of r, q < r} self[q, j]`
  ///
  /// - Parameters:
  ///   - bounds: The first row of each run, from 0 on, and the number of rows at the end.
  ///   - fromEnd: Whether the rows after each row are summed instead, q > r.
  /// - Returns: Shape: that of the tensor.
  /// - Precondition: The tensor is a matrix, and the bounds ascend from 0 to its number of rows.
  public func exclusiveSumsOfRowRuns(bounds: [Int], fromEnd: Bool = false) -> Tensor {
    Tensor.checkRuns(bounds, of: shape)
    let columns = shape[1]
    let result = Tensor(uninitialized: shape)
    for run in 0..<(bounds.count - 1) {
      Scalar.kernels.exclusiveSums(
        fromEnd, storage.elements + bounds[run] * columns,
        result.storage.elements + bounds[run] * columns, bounds[run + 1] - bounds[run], columns)
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Each row repeated over a run.
  ///
  /// `result[r, j] = self[i, j]` for the rows r of run i.
  ///
  /// - Parameter bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Returns: Shape: [rows of all runs, columns].
  /// - Precondition: The tensor is a matrix with a row for each run, and the bounds ascend from 0.
  public func rowsRepeated(bounds: [Int]) -> Tensor {
    precondition(
      rank == 2 && bounds.count == shape[0] + 1,
      "runs bounded by \(bounds.prefix(8)) and so on for the rows of a tensor of shape \(shape)")
    let columns = shape[1]
    let result = Tensor(uninitialized: [bounds[bounds.count - 1], columns])
    Tensor.checkRuns(bounds, of: result.shape)
    Scalar.kernels.repeatRows(
      storage.elements, bounds, bounds.count - 1, result.storage.elements, columns)
    withExtendedLifetime(self) {}
    return result
  }

  private static func checkRuns(_ bounds: [Int], of shape: [Int]) {
    precondition(
      shape.count == 2 && bounds.first == 0 && bounds.last == shape[0]
        && zip(bounds, bounds.dropFirst()).allSatisfy { $0 <= $1 },
      "runs bounded by \(bounds.prefix(8)) and so on for a tensor of shape \(shape)")
  }
}
