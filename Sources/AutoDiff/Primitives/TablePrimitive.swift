import TensorKit

/// A derivative of the form `F = Σ_i Σ_c w[i, c] T[k(i, c)] · u[i]`, in a table T, weights w and rows u.
///
/// k are indices of rows of the table. F is linear in each of the three factors, so the derivative by one of
/// them is a product of the other two, and so are the derivatives of that. By the rows it is interpolation in the table.
struct TablePrimitive<Scalar: TensorScalar>: Primitive {
  enum Factor: CaseIterable { case table, weights, rows }

  /// What the form is differentiated by.
  let factor: Factor
  /// k, `corners` for each row.
  let indices: [Int]
  let corners: Int
  /// How many rows the table has.
  let tableRows: Int

  /// The factors that are the first two inputs; others are ignored.
  private var inputFactors: [Factor] { Factor.allCases.filter { $0 != factor } }

  private func derivative(by factor: Factor) -> TablePrimitive {
    TablePrimitive(factor: factor, indices: indices, corners: corners, tableRows: tableRows)
  }

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    switch factor {
    case .table:
      var table = Tensor<Scalar>(zeros: [tableRows, inputs[1].shape[1]])
      table.addRows(at: indices, weightedBy: inputs[0], inputs[1])
      return table
    case .weights:
      return inputs[0].products(ofRowsAt: indices, corners: corners, with: inputs[1])
    case .rows:
      return inputs[0].rows(at: indices, weightedBy: inputs[1])
    }
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    bilinearPushforward(tangents, at: inputs)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    needed.indices.map { input in
      needed[input] && input < 2
        ? .applying(
          derivative(by: inputFactors[input]), to: others(than: input, cotangent, inputs)) : nil
    }
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let cotangent = cotangent
    for input in 0..<2 where results.isNeeded(input) {
      let others = others(than: input, cotangent, inputs)
      if inputFactors[input] == .table {
        results.addRows(
          others[1], at: indices, weightedBy: others[0], ofRowCount: tableRows, toInput: input)
      } else {
        results.add(derivative(by: inputFactors[input]).value(of: others), toInput: input)
      }
    }
  }

  /// The two factors beside that of an input, with the cotangent in the place of the output's, in order.
  private func others<Value>(than input: Int, _ cotangent: Value, _ inputs: [Value]) -> [Value] {
    let wanted = inputFactors[input]
    return Factor.allCases.filter { $0 != wanted }.map {
      $0 == factor ? cotangent : inputs[1 - input]
    }
  }

  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard factor == .rows, needed[0], !needed[1] else { return nil }
    return [
      PerSampleGradient(ofInput: 0, outer: cotangent, inner: inputs[1], tableRows: indices)
    ]
  }
}

extension Variable {
  /// Sums of some of the rows, each with a weight: interpolation in a table.
  ///
  /// `result[i, j] = Σ_c weights[i, c] · self[indices[i · corners + c], j]`
  ///
  /// The pullback to a table adds to the rows that were touched, and makes no tensor of the table's size.
  ///
  /// - Parameters:
  ///   - indices: As many as there are weights, in their order; one may recur.
  ///   - weights: Shape: [rows, corners].
  ///   - positions: What the indices were found from, one row for one or more rows of the result. No derivative
  ///     flows to it. It tells gradients of single samples whose rows these are; without it, and if the weights
  ///     do not depend on the module's input, each takes a sweep of its own.
  /// - Returns: Shape: [rows, columns].
  /// - Precondition: The variable is a matrix, there is an index for each weight, and each index is that of
  ///   a row.
  public func rows(
    at indices: [Int], weightedBy weights: Variable, foundFrom positions: Variable? = nil
  ) -> Variable {
    precondition(
      weights.shape.count == 2, "weights of shape \(weights.shape) for rows; a matrix is needed")
    return .applying(
      TablePrimitive(
        factor: .rows, indices: indices, corners: weights.shape[1], tableRows: shape[0]),
      to: [self, weights] + (positions.map { [$0] } ?? []))
  }
}
