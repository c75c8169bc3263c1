import TensorKit

/// The gradients of a scalar for each of some samples with respect to a model's parameters: the rows
/// of a Jacobian, in factored form where the model's operations give one.
public struct PerSampleGradients<Scalar: TensorScalar>: Sendable {
  /// The parameters that have a factored form.
  public let factored: [Part]
  /// The rows with respect to all other parameters together, of shape [samples, numbers], if any.
  public let explicit: Tensor<Scalar>?
  /// The indices of those other parameters, in the order of the rows' numbers.
  public let explicitParameters: [Int]
  /// The model's outputs at the samples, of shape [samples, outputs].
  public let outputs: Tensor<Scalar>
  /// Whether the numbers are those of the gradients.
  ///
  /// Of coefficients in a basis that has more vectors than a layer has inputs, factors and explicit
  /// rows hold as many numbers as the weight has: they have the gradients' dot products alone.
  public let holdsGradients: Bool
  private let layout: ParameterLayout

  /// The number of samples.
  public var sampleCount: Int { outputs.shape[0] }

  /// The Gram matrix of the rows: `result[i, j]` is the dot product of rows i and j.
  ///
  /// For a linear layer it is `(A Aᵀ + 1) ∘ (D Dᵀ)`, with A the layer's inputs and D the cotangents of
  /// its outputs: two small Gram matrices, no Jacobian.
  ///
  /// The matrix of up to 512 samples is added up in double precision: that costs little there, and
  /// the smaller eigenvalues of a kernel are soon within the rounding errors of single precision.
  ///
  /// - Returns: Shape: [samples, samples], exactly symmetric.
  /// - Complexity: 2 · samples² · (columns of all factors), half of it saved by symmetry.
  public func gram(workers: Workers = Workers()) throws -> Tensor<Scalar> {
    if Scalar.self != Double.self && sampleCount <= 512 {
      return Tensor(try PerSampleGradients<Double>(self).gram(workers: workers))
    }
    return try .symmetric(size: sampleCount, workers: workers) { rows, columns in
      var block = Tensor<Scalar>(zeros: [rows.count, columns.count])
      for (index, part) in factored.enumerated() {
        part.addProducts(with: part, rows: rows, columns: columns, to: &block)
        for other in factored.dropFirst(index + 1) where other.parameter == part.parameter {
          part.addProducts(with: other, rows: rows, columns: columns, to: &block)
          other.addProducts(with: part, rows: rows, columns: columns, to: &block)
        }
      }
      if let explicit {
        block += Tensor.rowProducts(explicit, rows: rows, explicit, rows: columns)
      }
      return block
    }
  }

  /// The sum of the samples' gradients, each times a weight.
  ///
  /// - Parameters:
  ///   - weights: Shape: [samples].
  ///   - workers: The threads that share the work.
  /// - Precondition: ``holdsGradients``.
  public func sum(
    weightedBy weights: Tensor<Scalar>, workers: Workers = Workers()
  ) throws -> ParameterVector<Scalar> {
    precondition(holdsGradients, "the sum of gradients of which only dot products are known")
    precondition(
      weights.shape == [sampleCount],
      "weights of shape \(weights.shape) for \(sampleCount) samples")
    let layout = layout
    let tiles = RowTiles(rowCount: sampleCount, rowsPerTile: 256)
    let sums: PartialGradients<Scalar>? = try workers.reduce(tiles.shardCount) { shard in
      var sums = PartialGradients<Scalar>(count: layout.entries.count)
      for rows in tiles.tiles(ofShard: shard) { add(rows, weights, to: &sums.leaves) }
      return sums
    }
    let leaves = sums ?? PartialGradients(count: layout.entries.count)
    return ParameterVector(gathering: leaves.leaves, layout: layout)
  }

  /// Adds some rows' weighted gradients to sums for each parameter.
  private func add(
    _ rows: RowTiles.Rows, _ weights: Tensor<Scalar>, to sums: inout [CotangentSum<Scalar>]
  ) {
    let weights = weights.reshaped(to: [-1, 1]).rows(in: rows)
    let entries = layout.entries
    for part in factored {
      part.addSum(of: rows, weightedBy: weights, to: &sums) { entries[$0].shape }
    }
    guard let explicit else { return }
    let sum = Tensor.matrixProduct(weights, explicit.rows(in: rows), transposingLeft: true)
    var start = 0
    for parameter in explicitParameters {
      let end = start + entries[parameter].count
      sums[parameter].add(
        sum.slice(start..<end, alongAxis: 1).reshaped(to: entries[parameter].shape))
      start = end
    }
  }

  /// The same numbers in another precision.
  private init<Other>(_ other: PerSampleGradients<Other>) {
    self.init(
      factored: other.factored.map { Part($0) },
      explicit: other.explicit.map { Tensor($0) }, explicitParameters: other.explicitParameters,
      outputs: Tensor(other.outputs), layout: other.layout,
      holdsGradients: other.holdsGradients)
  }

  init(
    factored: [Part], explicit: Tensor<Scalar>?, explicitParameters: [Int],
    outputs: Tensor<Scalar>, layout: ParameterLayout, holdsGradients: Bool
  ) {
    self.factored = factored
    self.explicit = explicit
    self.explicitParameters = explicitParameters
    self.outputs = outputs
    self.layout = layout
    self.holdsGradients = holdsGradients
  }
}

extension TiledEvaluation {
  /// The gradients, for each sample, of the outputs' weighted sum.
  ///
  /// Where the model has normalizations their statistics are held fixed, at those of the inputs unless
  /// the evaluation holds others; see ``holding(_:)``. The same goes for the functions below.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - outputWeights: The weight of each output in the sum; with C outputs, 1/√C each by default,
  ///     the published scalarization. Shape: [outputs].
  public func perSampleGradients(
    for inputs: Tensor<Scalar>, outputWeights: Tensor<Scalar>? = nil
  ) throws -> PerSampleGradients<Scalar> {
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let (lifted, model) = (lifted, try rowwiseModel(over: inputs))
    let parts = try workers.map(tiles.tiles.count) { index in
      factoredGradients(
        of: model(), lifted, inputs: inputs.rows(in: tiles.tiles[index]),
        outputWeights: outputWeights)
    }
    let factored = PerSampleGradients.joined(parts.map(\.factored))
    let unfactored =
      factored == nil
      ? Array(lifted.leaves.indices) : Set(parts.flatMap(\.unfactored)).sorted()
    return PerSampleGradients(
      factored: factored ?? [],
      explicit: unfactored.isEmpty
        ? nil
        : try rows(
          for: inputs, groups: (0..<inputs.shape[0]).map { [$0] }, rowWeights: nil,
          outputWeights: outputWeights, parameters: unfactored,
          finish: { lifted.gramGradient($0, ofLeaf: $1) }),
      explicitParameters: unfactored,
      outputs: parts.isEmpty
        ? lifted.plain(Variable(inputs)).value : .concatenated(parts.map(\.outputs)),
      layout: lifted.layout, holdsGradients: !lifted.hasProducts)
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
    let (lifted, model) = (lifted, try rowwiseModel(over: inputs))
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
      let output = model()(Variable(inputs.rows(at: groups[index])))
      var cotangent = scalarizingCotangent(outputWeights, shape: output.shape)
      if let rowWeights { cotangent *= rowWeights.slice(0..<size).reshaped(to: [size, 1]) }
      return row(Sweep(from: output, to: targets).pullback(of: cotangent))
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

extension Tensor {
  /// How many rows there are for each row of another tensor; nil if that is no whole number.
  fileprivate func rowsPerRow(of other: Tensor) -> Int? {
    let (rows, others) = (shape.first ?? 0, other.shape[0])
    guard rows > 0, others > 0, rows % others == 0 else { return nil }
    return rows / other.shape[0]
  }
}

/// Factors of the gradients of one tile's rows, the parameters that have none, and the outputs.
private func factoredGradients<Model: Module>(
  of model: RowwiseModel<Model>, _ lifted: LiftedModel<Model>, inputs: Tensor<Model.Scalar>,
  outputWeights: Tensor<Model.Scalar>?
) -> (
  factored: [PerSampleGradients<Model.Scalar>.Part], unfactored: [Int],
  outputs: Tensor<Model.Scalar>
) {
  typealias Part = PerSampleGradients<Model.Scalar>.Part
  let batch = Variable(inputs).lifted()
  let output = model(batch)
  let sweep = Sweep(from: output, to: lifted.leaves)
  let ofBatch = Sweep(from: output, to: [batch]).nodes
  let dependsOnBatch = Set(ofBatch.map(ObjectIdentifier.init))
  // Where runs differ in length, which of a result's rows belong to a sample is not known.
  let hasEqualRuns = (ofBatch + sweep.nodes).allSatisfy {
    ($0.operation as? RowRunPrimitive<Model.Scalar>)?.hasEqualRuns ?? true
  }
  let useCount = sweep.usesOfTargets

  var factored: [Part] = []
  var isFactored = Set<Int>()
  sweep.pullBack(scalarizingCotangent(outputWeights, shape: output.shape)) {
    node, inputLeaves, cotangent in
    // Rows of the cotangent belong to single samples only if rows of this operation's output are samples,
    // or runs of rows are. A parameter used twice would need the products between its uses.
    let usedLeaves = inputLeaves.compactMap { $0 }
    guard hasEqualRuns, dependsOnBatch.contains(ObjectIdentifier(node)),
      let samplesPerRow = node.evaluation.value.rowsPerRow(of: inputs),
      samplesPerRow <= max(1, model.samplesPerRow),
      usedLeaves.allSatisfy({ useCount[$0] == 1 }),
      let parts = node.operation?.perSampleGradients(
        cotangent, of: node.evaluation, at: node.inputs.map { $0.value },
        needed: inputLeaves.map { $0 != nil }),
      let factorsOfParameters = lifted.parameterFactors(parts, ofLeaves: usedLeaves)
    else { return }
    isFactored.formUnion(usedLeaves)
    factored += factorsOfParameters.flatMap { part -> [Part] in
      guard let parameter = inputLeaves[part.input] else { return [] }
      return Part(
        parameter: parameter, bias: part.biasInput.flatMap { inputLeaves[$0] },
        outer: part.outer, inner: part.inner, samplesPerRow: samplesPerRow,
        tableRows: part.tableRows
      ).summedWhereCheaper
    }
  }
  let unfactored = useCount.indices.filter { useCount[$0] > 0 && !isFactored.contains($0) }
  return (factored, unfactored, output.value)
}

extension PerSampleGradients {
  /// The factors of consecutive tiles as those of the whole batch; nil if the tiles' parts differ.
  fileprivate static func joined(_ tiles: [[Part]]) -> [Part]? {
    guard let first = tiles.first else { return [] }
    let isUniform = tiles.allSatisfy { parts in
      parts.count == first.count
        && zip(parts, first).allSatisfy {
          $0.parameter == $1.parameter && $0.bias == $1.bias && $0.samplesPerRow == $1.samplesPerRow
        }
    }
    guard isUniform else { return nil }
    return first.indices.map { part in
      let inner = tiles.compactMap { $0[part].inner }
      let tableRows = tiles.compactMap { $0[part].tableRows }
      return Part(
        parameter: first[part].parameter, bias: first[part].bias,
        outer: .concatenated(tiles.map { $0[part].outer }),
        inner: inner.isEmpty ? nil : .concatenated(inner), samplesPerRow: first[part].samplesPerRow,
        tableRows: tableRows.isEmpty ? nil : Array(tableRows.joined()))
    }
  }
}
