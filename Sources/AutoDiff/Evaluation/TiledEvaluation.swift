import TensorKit

/// Evaluates a model on batches of any size in tiles of rows, spread over cores.
///
/// Rows of a batch are independent, so a tile of a few hundred of them is evaluated, differentiated
/// and forgotten while it is still in cache. Memory is that of a tile for each thread and of a
/// few gradients, whatever the size of the batch; the results are the same bits for any number of
/// threads.
///
/// Where the model has normalizations, rows depend on each other through the statistics of the whole
/// batch, which is what a function is given: it computes what an evaluation at once would. Tiles
/// are then worked on in several phases, and their recordings kept in between as far as
/// ``recordingBudget`` goes, and made again beyond that.
public struct TiledEvaluation<Model: Module>: Sendable {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// The model that is evaluated.
  public let model: Model
  /// The threads that work on tiles.
  public let workers: Workers
  /// How many rows are evaluated at once.
  public let rowsPerTile: Int
  /// About how many bytes tiles' recordings may take between the phases that normalizations need.
  public let recordingBudget: Int
  /// The model as tiles see it, made once.
  let lifted: LiftedModel<Model>
  /// How normalizations couple the rows of a batch.
  var coupling: RowCoupling<Scalar>

  /// Prepares to evaluate a model.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - workers: The threads that work on tiles.
  ///   - rowsPerTile: How many rows are evaluated at once.
  ///   - recordingBudget: About how many bytes tiles' recordings may take between the phases that
  ///     normalizations need; of no account without them. The results do not depend on it.
  public init(
    of model: Model, workers: Workers = Workers(), rowsPerTile: Int = 256,
    recordingBudget: Int = 512 << 20
  ) {
    self.model = model
    self.workers = workers
    self.rowsPerTile = rowsPerTile
    self.recordingBudget = recordingBudget
    self.lifted = LiftedModel(model, workers: workers)
    self.coupling = model.normalizedColumns == 0 ? .none : .batch(known: nil)
  }

  /// The model's outputs for a batch; records nothing.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, outputs].
  public func outputs(for inputs: Tensor<Scalar>) throws -> Tensor<Scalar> {
    try outputs(for: inputs, summingFrom: 0) { _, outputs, _ in outputs }.outputs
  }

  /// Evaluates the model tile by tile, recording nothing, and maps each tile's outputs.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - initial: What a shard's sum starts from.
  ///   - transform: Given a tile's rows and outputs, returns as many rows, and adds to its shard's sum
  ///     whatever else is wanted.
  /// - Returns: The rows that were returned, in order; what each shard added up; and the statistics of
  ///   the normalizations.
  /// - Throws: What `transform` throws.
  public func outputs<Sum: Sendable>(
    for inputs: Tensor<Scalar>, summingFrom initial: Sum,
    transform:
      @escaping @Sendable (
        _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (outputs: Tensor<Scalar>, sums: [Sum], statistics: BatchStatistics<Scalar>) {
    let tiles =
      inputs.shape[0] > 0
      ? RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile) : RowTiles([.range(0..<0)])
    if let batch = try coupledBatch(inputs, tiles: tiles, isRecorded: false) {
      let result = try batch.outputs(summingFrom: initial, transform: transform)
      return (.concatenated(result.outputs), result.sums, batch.statistics)
    }
    let (plain, held) = (lifted.plain, coupling.held)
    let shards = try workers.map(tiles.shardCount) { shard in
      let model = TileModel(plain, holding: held)
      var sum = initial
      let parts = try tiles.tiles(ofShard: shard).map { rows in
        try transform(rows, model(Variable(inputs.rows(in: rows))).value, &sum)
      }
      return (Tensor.concatenated(parts), sum)
    }
    return (.concatenated(shards.map(\.0)), shards.map(\.1), held ?? BatchStatistics())
  }

  /// What a sweep over a batch gives: the gradient, and what was added up on the way.
  public struct Reduction<Sum: Sendable>: Sendable {
    /// The pulled-back cotangents, summed over all rows.
    public let gradient: ParameterVector<Scalar>
    /// What each shard added up, in order.
    public let sums: [Sum]
  }

  /// Pulls cotangents back through the model, tile by tile.
  ///
  /// Each tile is evaluated, handed to `cotangents`, and pulled back at once.
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - tiles: How the rows are cut; consecutive rows by default.
  ///   - initial: What a shard's sum starts from.
  ///   - cotangents: Given a tile's index, rows and outputs, returns ∂loss/∂outputs of the same
  ///     shape, and adds to its shard's sum whatever else is wanted.
  /// - Throws: What `cotangents` throws.
  public func gradient<Sum: Sendable>(
    for inputs: Tensor<Scalar>, tiles: RowTiles? = nil, summingFrom initial: Sum,
    cotangents:
      @escaping @Sendable (
        _ tile: Int, _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>,
        _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> Reduction<Sum> {
    let tiles = tiles ?? RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    if let batch = try coupledBatch(inputs, tiles: tiles, isRecorded: true) {
      let result = try batch.pullBack(summingFrom: initial, cotangents: cotangents)
      return reduction(of: result.gradients, result.sums)
    }
    let (recorded, leaves, held) = (lifted.recorded, lifted.leaves, coupling.held)
    let total = try workers.reduce(tiles.shardCount) { shard in
      let model = TileModel(recorded, holding: held)
      var sum = initial
      var gradients = PartialGradients<Scalar>(count: leaves.count)
      let tilesOfShard = tiles.tiles(ofShard: shard)
      for tile in tilesOfShard.indices {
        let rows = tilesOfShard[tile]
        let output = model(Variable(inputs.rows(in: rows)))
        let cotangent = try cotangents(tile, rows, output.value, &sum)
        precondition(
          cotangent.shape == output.shape,
          "a cotangent of shape \(cotangent.shape) for outputs of shape \(output.shape)")
        Sweep(from: output, to: leaves).pullBack(cotangent, into: &gradients.leaves)
      }
      return (gradients, [sum])
    } combining: {
      $0.0 += $1.0
      $0.1 += $1.1
    }
    let (gradients, sums) = total ?? (PartialGradients(count: leaves.count), [])
    return reduction(of: gradients, sums)
  }

  /// What the leaves' gradients come to for the parameters.
  private func reduction<Sum>(
    of gradients: PartialGradients<Scalar>, _ sums: [Sum]
  ) -> Reduction<Sum> {
    let parts = gradients.leaves.enumerated().map { index, sum in
      sum.map { lifted.parameterGradient($0, ofLeaf: index) }
    }
    return Reduction(gradient: ParameterVector(gathering: parts, layout: lifted.layout), sums: sums)
  }

  /// Pulls given cotangents of all outputs back: Jᵀ u.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [samples, outputs].
  ///   - inputs: Shape: [samples, inputs].
  public func pullback(
    of cotangents: Tensor<Scalar>, for inputs: Tensor<Scalar>
  ) throws -> ParameterVector<Scalar> {
    precondition(
      cotangents.rank == 2 && inputs.rank == 2 && cotangents.shape[0] == inputs.shape[0],
      "cotangents of shape \(cotangents.shape) for inputs of shape \(inputs.shape)")
    return try gradient(for: inputs, summingFrom: 0) { _, rows, _, _ in
      cotangents.rows(in: rows)
    }.gradient
  }

  /// The change of all outputs along a direction of the parameters: J v.
  ///
  /// - Parameters:
  ///   - direction: A direction with the model's layout.
  ///   - inputs: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, outputs].
  public func pushforward(
    of direction: ParameterVector<Scalar>, for inputs: Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    precondition(
      direction.layout == lifted.layout, "a direction of another model's parameters was given")
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let tangents = lifted.leafTangents(along: direction)
    if let batch = try coupledBatch(inputs, tiles: tiles, isRecorded: true), !tiles.tiles.isEmpty {
      return .concatenated(try batch.pushForward(tangents))
    }
    let (recorded, leaves, held) = (lifted.recorded, lifted.leaves, coupling.held)
    let parts = try workers.map(tiles.shardCount) { shard in
      let model = TileModel(recorded, holding: held)
      return Tensor.concatenated(
        tiles.tiles(ofShard: shard).map { rows in
          let output = model(Variable(inputs.rows(in: rows)))
          return Sweep(from: output, to: leaves).pushForward(tangents)
            ?? Tensor(zeros: output.shape)
        })
    }
    guard !parts.isEmpty else { return Tensor(zeros: recorded(Variable(inputs)).shape) }
    return .concatenated(parts)
  }
}

extension Tensor {
  /// The rows of a tile.
  public func rows(in tile: RowTiles.Rows) -> Tensor {
    switch tile {
    case .range(let range): slice(range)
    case .list(let indices): rows(at: indices)
    }
  }
}
