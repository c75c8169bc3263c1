import TensorKit

/// The gradients of a scalar for each of some samples with respect to a model's parameters: the rows
/// of a Jacobian, in factored form where the model's operations give one.
public struct PerSampleGradients<Scalar: TensorScalar>: Sendable {
  /// One factored part for each parameter, or weight and bias, that has a factored form.
  ///
  /// Of coefficients in a basis that has more vectors than the layer has inputs, this and the explicit
  /// rows hold as many numbers as the weight has, with the same dot products.
  public let factored: [PerSampleGradient<Scalar>]
  /// The rows with respect to all other parameters together, of shape [samples, numbers], if any.
  public let explicit: Tensor<Scalar>?
  /// The number of samples.
  public let sampleCount: Int

  /// The Gram matrix of the rows: `result[i, j]` is the dot product of rows i and j.
  ///
  /// For a linear layer it is `(A Aᵀ + 1) ∘ (D Dᵀ)`, with A the layer's inputs and D the cotangents of
  /// its outputs: two small Gram matrices, no Jacobian.
  ///
  /// - Returns: Shape: [samples, samples], exactly symmetric.
  /// - Complexity: 2 · samples² · (columns of all factors), half of it saved by symmetry.
  public func gram(workers: Workers = Workers()) throws -> Tensor<Scalar> {
    let rowsPerBlock = 128
    let blockCount = max(1, (sampleCount + rowsPerBlock - 1) / rowsPerBlock)
    let bounds = (0...blockCount).map { $0 * sampleCount / blockCount }
    let blocks = try workers.map(blockCount) { index in
      let (rows, columns) = (bounds[index]..<bounds[index + 1], 0..<bounds[index + 1])
      var block = Tensor<Scalar>(zeros: [rows.count, columns.count])
      for part in factored {
        var products = Tensor.rowProducts(part.outer, rows: rows, part.outer, rows: columns)
        if let inner = part.inner {
          let innerProducts = Tensor.rowProducts(inner, rows: rows, inner, rows: columns)
          products = products.multiplied(
            by: part.includesBias ? innerProducts + 1 : innerProducts)
        }
        block += products
      }
      if let explicit {
        block += Tensor.rowProducts(explicit, rows: rows, explicit, rows: columns)
      }
      return block
    }
    return .symmetric(bounds: bounds, blocks: blocks)
  }
}

extension TiledEvaluation {
  /// The gradients, for each sample, of the outputs' weighted sum.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - outputWeights: The weight of each output in the sum; with C outputs, 1/√C each by default,
  ///     the published scalarization. Shape: [outputs].
  public func perSampleGradients(
    for inputs: Tensor<Scalar>, outputWeights: Tensor<Scalar>? = nil
  ) throws -> PerSampleGradients<Scalar> {
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let lifted = lifted
    let parts = try workers.map(tiles.tiles.count) { index in
      factoredGradients(
        of: lifted, inputs: inputs.rows(in: tiles.tiles[index]), outputWeights: outputWeights)
    }
    let factors = parts.map(\.factors)
    let isUniform = factors.allSatisfy { $0.count == factors[0].count }
    let unfactored =
      isUniform
      ? Set(parts.flatMap(\.unfactored)).sorted() : Array(lifted.leaves.indices)
    let joined = isUniform ? PerSampleGradient.joined(factors) : []
    return PerSampleGradients(
      factored: joined,
      explicit: unfactored.isEmpty
        ? nil
        : try rows(
          for: inputs, groups: (0..<inputs.shape[0]).map { [$0] }, rowWeights: nil,
          outputWeights: outputWeights, parameters: unfactored,
          finish: { lifted.gramGradient($0, ofLeaf: $1) }),
      sampleCount: inputs.shape[0])
  }

  /// The gradients, for each sample, of the outputs' weighted sum, each by a sweep of its own.
  ///
  /// This is the slow and entirely general way, for models whose operations have no factored form,
  /// and the check on those that have.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - outputWeights: As for ``perSampleGradients(for:outputWeights:)``.
  ///   - parameters: The indices in the layout of the parameters that are wanted; all by default.
  /// - Returns: Shape: [samples, numbers of the parameters].
  public func jacobianRows(
    for inputs: Tensor<Scalar>, outputWeights: Tensor<Scalar>? = nil, parameters: [Int]? = nil
  ) throws -> Tensor<Scalar> {
    try jacobianRows(
      for: inputs, groups: (0..<inputs.shape[0]).map { [$0] }, rowWeights: nil,
      outputWeights: outputWeights, parameters: parameters)
  }

  /// The gradients, for each group of samples, of the weighted sum of the samples' outputs.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - groups: The rows of each group.
  ///   - rowWeights: The weight of each row of a group, by its place in the group, as many as the
  ///     largest group has rows; one by default.
  ///   - outputWeights: As for ``perSampleGradients(for:outputWeights:)``.
  ///   - parameters: The indices in the layout of the parameters that are wanted; all by default.
  /// - Returns: Shape: [groups, numbers of the parameters].
  public func jacobianRows(
    for inputs: Tensor<Scalar>, groups: [[Int]], rowWeights: Tensor<Scalar>?,
    outputWeights: Tensor<Scalar>? = nil, parameters: [Int]? = nil
  ) throws -> Tensor<Scalar> {
    let lifted = lifted
    return try rows(
      for: inputs, groups: groups, rowWeights: rowWeights, outputWeights: outputWeights,
      parameters: parameters, finish: { lifted.parameterGradient($0, ofLeaf: $1) })
  }

  /// The Gram matrix of the rows that
  /// ``jacobianRows(for:groups:rowWeights:outputWeights:parameters:)`` gives.
  ///
  /// - Returns: Shape: [groups, groups].
  public func gramOfJacobianRows(
    for inputs: Tensor<Scalar>, groups: [[Int]], rowWeights: Tensor<Scalar>?,
    outputWeights: Tensor<Scalar>? = nil
  ) throws -> Tensor<Scalar> {
    let lifted = lifted
    let rows = try rows(
      for: inputs, groups: groups, rowWeights: rowWeights, outputWeights: outputWeights,
      parameters: nil, finish: { lifted.gramGradient($0, ofLeaf: $1) })
    return .matrixProduct(rows, rows, transposingRight: true)
  }

  /// A row for each group: what `finish` makes of the derivative by each leaf, one after the other.
  private func rows(
    for inputs: Tensor<Scalar>, groups: [[Int]], rowWeights: Tensor<Scalar>?,
    outputWeights: Tensor<Scalar>?, parameters: [Int]?,
    finish: @escaping @Sendable (_ gradient: Tensor<Scalar>, _ leaf: Int) -> Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    let lifted = lifted
    let parameters = parameters ?? Array(lifted.leaves.indices)
    let targets = parameters.map { lifted.leaves[$0] }
    @Sendable func row(_ sums: [Tensor<Scalar>?]) -> Tensor<Scalar> {
      if sums.isEmpty { return Tensor(zeros: [1, 0]) }
      return .concatenated(
        sums.indices.map { index in
          finish(sums[index] ?? Tensor(zeros: targets[index].shape), parameters[index])
            .reshaped(to: [1, -1])
        }, alongAxis: 1)
    }
    let nothing = [Tensor<Scalar>?](repeating: nil, count: targets.count)
    let rows = try workers.map(targets.isEmpty ? 0 : groups.count) { index in
      let size = groups[index].count
      guard size > 0 else { return row(nothing) }
      let output = lifted.recorded(Variable(inputs.rows(at: groups[index])))
      var cotangent = scalarizingCotangent(outputWeights, shape: output.shape)
      if let rowWeights { cotangent *= rowWeights.slice(0..<size).reshaped(to: [size, 1]) }
      var sums = nothing
      Sweep(from: output, to: targets).pullBack(cotangent, into: &sums)
      return row(sums)
    }
    return rows.isEmpty
      ? Tensor(zeros: [groups.count, row(nothing).shape[1]]) : .concatenated(rows)
  }
}

/// The weights of the outputs repeated for each row; 1/√C for each of C outputs by default.
private func scalarizingCotangent<Scalar>(
  _ outputWeights: Tensor<Scalar>?, shape: [Int]
) -> Tensor<Scalar> {
  let weights =
    outputWeights
    ?? Tensor(repeating: 1 / Scalar(shape[1]).squareRoot(), shape: [shape[1]])
  return weights.broadcast(to: shape)
}

/// Factors of the gradients of one tile's rows, and the parameters that have none.
private func factoredGradients<Model: Module>(
  of lifted: LiftedModel<Model>, inputs: Tensor<Model.Scalar>,
  outputWeights: Tensor<Model.Scalar>?
) -> (factors: [PerSampleGradient<Model.Scalar>], unfactored: [Int]) {
  let batch = Variable(inputs).lifted()
  let leaves = lifted.leaves
  let output = lifted.recorded(batch)
  let sweep = Sweep(from: output, to: leaves)
  guard let outputIndex = sweep.outputIndex else { return ([], []) }
  let dependsOnBatch = Set(Sweep(from: output, to: [batch]).nodes.map(ObjectIdentifier.init))

  // The leaf that each node of the sweep is, and how many operations use each leaf.
  var leafOfNode = [Int?](repeating: nil, count: sweep.nodes.count)
  for (leaf, index) in sweep.targetIndices.enumerated() {
    if let index { leafOfNode[index] = leaf }
  }
  var useCount = [Int](repeating: 0, count: leaves.count)
  for input in sweep.inputIndices.joined() {
    if let input, let leaf = leafOfNode[input] { useCount[leaf] += 1 }
  }

  var factors: [PerSampleGradient<Model.Scalar>] = []
  var unfactored: Set<Int> = []
  var results = PullbackResults<Model.Scalar>(
    sums: [Tensor<Model.Scalar>?](repeating: nil, count: sweep.nodes.count))
  results.sumOfInput = [outputIndex]
  results.add(scalarizingCotangent(outputWeights, shape: output.shape), toInput: 0)
  for index in sweep.nodes.indices.reversed() where !sweep.inputIndices[index].isEmpty {
    let inputLeaves = sweep.inputIndices[index].map { $0.flatMap { leafOfNode[$0] } }
    let node = sweep.nodes[index]
    let cotangent = results.take(index)
    let usedLeaves = inputLeaves.compactMap { $0 }
    if !usedLeaves.isEmpty {
      // Row i of the cotangent belongs to sample i alone only if rows of this operation's output
      // are samples, and a parameter used twice would need the products between its uses.
      let isRowWise =
        dependsOnBatch.contains(ObjectIdentifier(node))
        && node.evaluation.value.shape.first == inputs.shape[0]
        && usedLeaves.allSatisfy { useCount[$0] == 1 }
      if isRowWise, let cotangent,
        let parts = node.operation?.perSampleGradients(
          cotangent, of: node.evaluation, at: node.inputs.map { $0.value },
          needed: inputLeaves.map { $0 != nil }),
        let factorsOfParameters = lifted.parameterFactors(parts, ofLeaves: usedLeaves)
      {
        factors += factorsOfParameters
      } else {
        unfactored.formUnion(usedLeaves)
      }
    }
    guard let cotangent else { continue }
    results.sumOfInput = zip(sweep.inputIndices[index], inputLeaves).map { $1 == nil ? $0 : nil }
    guard results.sumOfInput.contains(where: { $0 != nil }) else { continue }
    node.operation?.accumulatePullback(
      cotangent, of: node.evaluation, at: node.inputs.map { $0.value }, into: &results)
  }
  return (factors, unfactored.sorted())
}

extension PerSampleGradient {
  /// The factors of consecutive tiles as those of the whole batch.
  fileprivate static func joined(_ tiles: [[PerSampleGradient]]) -> [PerSampleGradient] {
    guard let first = tiles.first else { return [] }
    return first.indices.map { part in
      let inner = tiles.compactMap { $0[part].inner }
      return PerSampleGradient(
        outer: .concatenated(tiles.map { $0[part].outer }),
        inner: inner.isEmpty ? nil : .concatenated(inner),
        includesBias: first[part].includesBias)
    }
  }
}
