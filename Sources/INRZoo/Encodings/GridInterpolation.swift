import AutoDiff
import TensorKit

/// Rows of a table interpolated at points, on all levels of a grid: of points [n, 3] and a table.
///
/// The value is that of ``composed(_:)``, and so are the derivatives of any order. What is fused here for speed
/// finds weights and indices again rather than keep them: they take much more memory than the points.
struct GridInterpolation<Scalar: TensorScalar>: Primitive {
  let grid: TableGrid

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    grid.values(of: inputs[1], at: inputs[0])
  }

  /// The same in parts: weights and rows, which know all of their derivatives.
  private func composed(_ inputs: [Variable<Scalar>]) -> Variable<Scalar> {
    let (points, table) = (inputs[0], inputs[1])
    let weights = Variable.applying(GridWeights(grid: grid), to: points)
    return table.rows(at: grid.indices(at: points.value), weightedBy: weights)
      .reshaped(to: [points.shape[0], grid.levelCount * table.shape[1]])
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    let active = tangents.indices.filter { tangents[$0] != nil }
    guard !active.isEmpty else { return nil }
    return valueWithPushforward(
      at: active.map { inputs[$0] }, along: active.compactMap { tangents[$0] }
    ) { composed(substituting($0, at: active, in: inputs)) }.derivative
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let active = needed.indices.filter { needed[$0] }
    let (_, pullback) = valueWithPullback(at: active.map { inputs[$0] }) {
      composed(substituting($0, at: active, in: inputs))
    }
    var results = [Variable<Scalar>?](repeating: nil, count: inputs.count)
    for (input, result) in zip(active, pullback(cotangent)) { results[input] = result }
    return results
  }

  private func substituting(
    _ variables: [Variable<Scalar>], at places: [Int], in inputs: [Variable<Scalar>]
  ) -> [Variable<Scalar>] {
    var all = inputs
    for (place, variable) in zip(places, variables) { all[place] = variable }
    return all
  }

  func firstOrderPushforward(
    _ tangents: [Tensor<Scalar>?], of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar>? {
    let ofTable = tangents[1].map { grid.values(of: $0, at: inputs[0]) }
    guard let tangent = tangents[0] else { return ofTable }
    let ofPoints = valueWithPushforward(at: [Variable(inputs[0])], along: [Variable(tangent)]) {
      composed([$0[0], Variable(inputs[1])])
    }.derivative.value
    return ofTable.map { $0 + ofPoints } ?? ofPoints
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let cotangent = cotangent
    let (points, table) = (inputs[0], inputs[1])
    if results.isNeeded(0) {
      results.add(grid.pullback(of: cotangent, through: table, toPoints: points), toInput: 0)
    }
    results.addInterpolated(cotangent, through: grid, at: points, toInput: 1)
  }

  /// One part for each level; no two levels share a row.
  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard needed[1], !needed[0] else { return nil }
    let (samples, levels, corners) = (inputs[0].shape[0], grid.levelCount, TableGrid.corners)
    let columns = inputs[1].shape[1]
    let (indices, allWeights) = grid.corners(at: inputs[0])
    let weights = allWeights.reshaped(to: [samples, levels * corners])
    return (0..<levels).map { level in
      let ofLevel = (level * corners)..<((level + 1) * corners)
      let rows = (0..<samples).flatMap { sample in
        indices[(sample * levels * corners + ofLevel.lowerBound)...].prefix(corners)
      }
      return PerSampleGradient(
        ofInput: 1,
        outer: cotangent.slice((level * columns)..<((level + 1) * columns), alongAxis: 1),
        inner: weights.slice(ofLevel, alongAxis: 1), tableRows: rows)
    }
  }
}

/// The weights of the corners of points' cells, or derivatives of them: of points [n, 3], of shape [n · levels,
/// corners].
struct GridWeights<Scalar: TensorScalar>: Primitive {
  let grid: TableGrid
  /// How often the weights are differentiated by each coordinate.
  var orders = SIMD3<Int>.zero

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    grid.weights(at: inputs[0], differentiated: orders)
  }

  /// The derivative by a coordinate, at some points.
  private func slope(by axis: Int, at points: Variable<Scalar>) -> Variable<Scalar> {
    var derivative = self
    derivative.orders[axis] += 1
    return .applying(derivative, to: points)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { tangent in
      (1..<3).reduce(term(of: tangent, by: 0, at: inputs[0])) {
        $0 + term(of: tangent, by: $1, at: inputs[0])
      }
    }
  }

  private func term(
    of tangent: Variable<Scalar>, by axis: Int, at points: Variable<Scalar>
  ) -> Variable<Scalar> {
    slope(by: axis, at: points)
      * tangent.slice(axis..<(axis + 1), alongAxis: 1).repeatedOverRuns(of: grid.levelCount)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let coordinates = (0..<3).map { axis in
      (cotangent * slope(by: axis, at: inputs[0])).sum(alongAxis: 1, keepingAxis: true)
        .summedOverRuns(of: grid.levelCount)
    }
    return [.concatenated(coordinates, alongAxis: 1)]
  }
}
