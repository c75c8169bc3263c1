import TensorKit

extension TiledEvaluation {
  /// What the gradients of some samples start from.
  ///
  /// Given the samples' rows in the batch and their outputs, returns cotangents of the outputs' shape.
  public typealias SampleCotangents =
    @Sendable (_ rows: RowTiles.Rows, _ outputs: Tensor<Scalar>) throws -> Tensor<Scalar>

  // MARK: - Factors

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
    try gradients(
      for: inputs, calling: rowwiseModel(over: Rows(inputs)), workers: workers,
      from: Self.scalarizingCotangents(outputWeights))
  }

  /// The gradients, for each sample, of a sum of the outputs with weights of the sample's own.
  ///
  /// With ∂ℓ/∂outputs of each sample's loss they are the gradients of the losses.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - cotangents: The weights. Shape: [samples, outputs].
  public func perSampleGradients(
    for inputs: Tensor<Scalar>, cotangents: Tensor<Scalar>
  ) throws -> PerSampleGradients<Scalar> {
    precondition(
      cotangents.rank == 2 && cotangents.shape[0] == inputs.shape[0],
      "cotangents of shape \(cotangents.shape) for inputs of shape \(inputs.shape)")
    return try gradients(
      for: inputs, calling: rowwiseModel(over: Rows(inputs)), workers: workers
    ) { rows, _ in cotangents.rows(in: rows) }
  }

  /// The squared norms of the gradients that ``perSampleGradients(for:cotangents:)`` gives.
  ///
  /// A tile is evaluated, pulled back once and forgotten; parameters without a factored form take a sweep for
  /// each sample.
  ///
  /// - Parameters:
  ///   - inputs: One row for each sample.
  ///   - cotangents: What the samples' gradients start from. Each row depends on its sample alone.
  /// - Returns: Shape: [samples].
  /// - Throws: What `cotangents` throws.
  public func squaredGradientNorms(
    for inputs: Rows<Scalar>, cotangents: @escaping SampleCotangents
  ) throws -> Tensor<Scalar> {
    let tiles = RowTiles(rowCount: inputs.count, rowsPerTile: rowsPerTile)
    let model = try rowwiseModel(over: inputs)
    let norms: ShardRows<Scalar, NoSum>? = try runner.reduce(tiles.shardCount) { shard in
      let (alone, model) = (Workers(threads: 1), model())
      var norms = ShardRows<Scalar, NoSum>()
      for tile in tiles.tiles(ofShard: shard) {
        let gradients = try self.gradients(
          for: inputs.rows(in: tile), calling: { model }, workers: alone
        ) { rows, outputs in try cotangents(rows.of(tile), outputs) }
        norms.parts.append(try gradients.squaredNorms(workers: alone))
      }
      return norms
    }
    return norms.map(\.rows) ?? Tensor(zeros: [0])
  }

  /// The gradients of some samples, in factors as far as there are any.
  private func gradients(
    for inputs: Tensor<Scalar>, calling model: @escaping @Sendable () -> RowwiseModel<Model>,
    workers: Workers, from cotangents: @escaping SampleCotangents
  ) throws -> PerSampleGradients<Scalar> {
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let lifted = lifted
    let parts = try workers.map(tiles.tiles.count) { index in
      let rows = tiles.tiles[index]
      return try factoredGradients(of: model(), lifted, inputs: inputs.rows(in: rows)) {
        try cotangents(rows, $0)
      }
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
          for: inputs, groups: (0..<inputs.shape[0]).map { [$0] }, calling: model,
          workers: workers, parameters: unfactored,
          finish: { lifted.gramGradient($0, ofLeaf: $1) }, from: cotangents),
      explicitParameters: unfactored,
      outputs: parts.isEmpty
        ? lifted.plain(Variable(inputs)).value : .concatenated(parts.map(\.outputs)),
      layout: lifted.layout, holdsGradients: !lifted.hasProducts)
  }

  // MARK: - Rows

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
      for: inputs, groups: groups, calling: rowwiseModel(over: Rows(inputs)), workers: workers,
      parameters: parameters, finish: { lifted.parameterGradient($0, ofLeaf: $1) },
      from: Self.scalarizingCotangents(outputWeights, rowWeights: rowWeights))
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
      for: inputs, groups: groups, calling: rowwiseModel(over: Rows(inputs)), workers: workers,
      parameters: nil, finish: { lifted.gramGradient($0, ofLeaf: $1) },
      from: Self.scalarizingCotangents(outputWeights, rowWeights: rowWeights))
    return .matrixProduct(rows, rows, transposingRight: true)
  }

  /// A row for each group: what `finish` makes of the derivative by each leaf, one after the other.
  private func rows(
    for inputs: Tensor<Scalar>, groups: [[Int]],
    calling model: @escaping @Sendable () -> RowwiseModel<Model>, workers: Workers,
    parameters: [Int]?,
    finish: @escaping @Sendable (_ gradient: Tensor<Scalar>, _ leaf: Int) -> Tensor<Scalar>,
    from cotangents: @escaping SampleCotangents
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
      guard !groups[index].isEmpty else { return row(nothing) }
      let output = model()(Variable(inputs.rows(at: groups[index])))
      let cotangent = try cotangents(.list(groups[index]), output.value)
      return row(Sweep(from: output, to: targets).pullback(of: cotangent))
    }
    return rows.isEmpty
      ? Tensor(zeros: [groups.count, row(nothing).shape[1]]) : .concatenated(rows)
  }

  /// Cotangents that are the same for all samples, times weights by their place among those of a group.
  ///
  /// - Parameter outputWeights: 1/√C for each of C outputs by default.
  private static func scalarizingCotangents(
    _ outputWeights: Tensor<Scalar>?, rowWeights: Tensor<Scalar>? = nil
  ) -> SampleCotangents {
    { rows, outputs in
      let (size, columns) = (outputs.shape[0], outputs.shape[1])
      let weights =
        outputWeights
        ?? Tensor(repeating: 1 / Scalar(columns).squareRoot(), shape: [columns])
      var cotangent = weights.broadcast(to: outputs.shape)
      if let rowWeights { cotangent *= rowWeights.slice(0..<size).reshaped(to: [size, 1]) }
      return cotangent
    }
  }
}

extension RowTiles.Rows {
  /// Which rows of the batch these rows of a tile are.
  fileprivate func of(_ tile: RowTiles.Rows) -> RowTiles.Rows {
    switch (self, tile) {
    case (.range(let rows), .range(let tile)):
      .range((tile.lowerBound + rows.lowerBound)..<(tile.lowerBound + rows.upperBound))
    case (_, .range(let tile)): .list(map { tile.lowerBound + $0 })
    case (_, .list(let tile)): .list(map { tile[$0] })
    }
  }
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
  from cotangents: (_ outputs: Tensor<Model.Scalar>) throws -> Tensor<Model.Scalar>
) throws -> (
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
  let cotangent = try cotangents(output.value)
  precondition(
    cotangent.shape == output.shape,
    "cotangents of shape \(cotangent.shape) for outputs of shape \(output.shape)")
  sweep.pullBack(cotangent) {
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
