import TensorKit

/// Sums over runs of consecutive rows, and what is linear in the same way: each is another's transpose.
struct RowRunPrimitive<Scalar: TensorScalar>: Primitive {
  enum Kind {
    /// A row for each run: the sum of its rows.
    case sums
    /// A row for each row of a run: the run's own. The transpose of the sums.
    case repetitions
    /// For each row the sum of those before it in its run.
    case sumsBefore
    /// For each row the sum of those after it in its run. The transpose of the sums before.
    case sumsAfter

    var transpose: Kind {
      switch self {
      case .sums: .repetitions
      case .repetitions: .sums
      case .sumsBefore: .sumsAfter
      case .sumsAfter: .sumsBefore
      }
    }
  }

  let kind: Kind
  /// The first row of each run, from 0 on, and the number of rows at the end.
  let bounds: [Int]

  /// Whether all runs have as many rows.
  var hasEqualRuns: Bool {
    zip(bounds, bounds.dropFirst()).allSatisfy { $1 - $0 == bounds[1] - bounds[0] }
  }

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    switch kind {
    case .sums: inputs[0].sumsOfRowRuns(bounds: bounds)
    case .repetitions: inputs[0].rowsRepeated(bounds: bounds)
    case .sumsBefore: inputs[0].exclusiveSumsOfRowRuns(bounds: bounds)
    case .sumsAfter: inputs[0].exclusiveSumsOfRowRuns(bounds: bounds, fromEnd: true)
    }
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0].map { .applying(self, to: $0) } }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [.applying(RowRunPrimitive(kind: kind.transpose, bounds: bounds), to: cotangent)]
  }
}

extension Variable {
  /// The sums of runs of rows, all equally long.
  ///
  /// `result[i, j] = Σ_{k < length} self[i · length + k, j]`
  ///
  /// With a ray's samples as a run, weights times colours become the ray's colour.
  ///
  /// - Parameter length: The number of rows of a run.
  /// - Returns: Shape: [runs, columns].
  /// - Precondition: The variable is a matrix whose rows are whole runs.
  public func summedOverRuns(of length: Int) -> Variable {
    summedOverRuns(bounds: bounds(ofRunsOf: length))
  }

  /// The sums of runs of rows of any lengths.
  ///
  /// `result[i, j] = Σ_{bounds[i] ≤ r < bounds[i + 1]} self[r, j]`
  ///
  /// - Parameter bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Returns: Shape: [runs, columns].
  /// - Precondition: The variable is a matrix, and the bounds ascend from 0 to its number of rows.
  public func summedOverRuns(bounds: [Int]) -> Variable {
    .applying(RowRunPrimitive(kind: .sums, bounds: bounds), to: self)
  }

  /// For each row the sum of those before it in its run; runs are equally long.
  ///
  /// `result[i · length + k, j] = Σ_{q < k} self[i · length + q, j]`
  ///
  /// Of optical depths along a ray this is the depth up to each sample, and `exp` of its negative the
  /// transmittance.
  ///
  /// - Parameter length: The number of rows of a run.
  /// - Returns: Shape: that of the variable.
  /// - Precondition: The variable is a matrix whose rows are whole runs.
  public func exclusiveSumsOverRuns(of length: Int) -> Variable {
    exclusiveSumsOverRuns(bounds: bounds(ofRunsOf: length))
  }

  /// For each row the sum of those before it in its run; runs are of any lengths.
  ///
  /// - Parameter bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Returns: Shape: that of the variable.
  /// - Precondition: The variable is a matrix, and the bounds ascend from 0 to its number of rows.
  public func exclusiveSumsOverRuns(bounds: [Int]) -> Variable {
    .applying(RowRunPrimitive(kind: .sumsBefore, bounds: bounds), to: self)
  }

  /// Each row as often as a run has rows, one after the other; runs are equally long.
  ///
  /// `result[i · length + k, j] = self[i, j]`
  ///
  /// - Parameter length: The number of rows of a run.
  /// - Returns: Shape: [rows · length, columns].
  /// - Precondition: The variable is a matrix, and `length` is not negative.
  public func repeatedOverRuns(of length: Int) -> Variable {
    precondition(length >= 0, "runs of \(length) rows")
    return repeatedOverRuns(bounds: (0...shape[0]).map { $0 * length })
  }

  /// Each row as often as its run has rows, one after the other; runs are of any lengths.
  ///
  /// `result[r, j] = self[i, j]` for bounds[i] ≤ r < bounds[i + 1].
  ///
  /// - Parameter bounds: The first row of each run, from 0 on, and the number of rows at the end.
  /// - Returns: Shape: [rows of all runs, columns].
  /// - Precondition: The variable is a matrix with a row for each run, and the bounds ascend from 0.
  public func repeatedOverRuns(bounds: [Int]) -> Variable {
    .applying(RowRunPrimitive(kind: .repetitions, bounds: bounds), to: self)
  }

  private func bounds(ofRunsOf length: Int) -> [Int] {
    precondition(
      length > 0 && shape[0] % length == 0,
      "a variable of shape \(shape) has no whole number of runs of \(length) rows")
    return Array(stride(from: 0, through: shape[0], by: length))
  }
}
