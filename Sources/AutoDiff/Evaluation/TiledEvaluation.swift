import TensorKit

/// Evaluates a model on batches of any size in tiles of rows, spread over cores.
///
/// Rows of a batch are independent, so a tile of a few hundred of them is evaluated, differentiated
/// and forgotten while it is still in cache. Memory is that of a tile for each thread and a gradient
/// for each shard, whatever the size of the batch; the results are the same bits for any number of
/// threads.
public struct TiledEvaluation<Model: Module>: Sendable {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// The model that is evaluated.
  public let model: Model
  /// The threads that work on tiles.
  public let workers: Workers
  /// How many rows are evaluated at once.
  public let rowsPerTile: Int
  /// The model as tiles see it, made once.
  let lifted: LiftedModel<Model>

  /// Prepares to evaluate a model.
  public init(of model: Model, workers: Workers = Workers(), rowsPerTile: Int = 256) {
    self.model = model
    self.workers = workers
    self.rowsPerTile = rowsPerTile
    self.lifted = LiftedModel(model, workers: workers)
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
  /// - Returns: The rows that were returned, in order, and what each shard added up.
  /// - Throws: What `transform` throws.
  public func outputs<Sum: Sendable>(
    for inputs: Tensor<Scalar>, summingFrom initial: Sum,
    transform:
      @escaping @Sendable (
        _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (outputs: Tensor<Scalar>, sums: [Sum]) {
    let tiles =
      inputs.shape[0] > 0
      ? RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile) : RowTiles([.range(0..<0)])
    let model = lifted.plain
    let shards = try workers.map(tiles.shardCount) { shard in
      var sum = initial
      let parts = try tiles.tiles(ofShard: shard).map { rows in
        try transform(rows, model(Variable(inputs.rows(in: rows))).value, &sum)
      }
      return (Tensor.concatenated(parts), sum)
    }
    return (.concatenated(shards.map(\.0)), shards.map(\.1))
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
    let (model, leaves) = (lifted.recorded, lifted.leaves)
    let shards = try workers.map(tiles.shardCount) { shard in
      var sum = initial
      var gradients = [Tensor<Scalar>?](repeating: nil, count: leaves.count)
      let tilesOfShard = tiles.tiles(ofShard: shard)
      for tile in tilesOfShard.indices {
        let rows = tilesOfShard[tile]
        let output = model(Variable(inputs.rows(in: rows)))
        let cotangent = try cotangents(tile, rows, output.value, &sum)
        precondition(
          cotangent.shape == output.shape,
          "a cotangent of shape \(cotangent.shape) for outputs of shape \(output.shape)")
        Sweep(from: output, to: leaves).pullBack(cotangent, into: &gradients)
      }
      return (gradients, sum)
    }
    return Reduction(
      gradient: try ParameterVector(
        adding: shards.map(\.0), layout: lifted.layout, workers: workers,
        finishing: { lifted.parameterGradient($0, ofLeaf: $1) }),
      sums: shards.map(\.1))
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
    let (model, leaves) = (lifted.recorded, lifted.leaves)
    let tangents = lifted.leafTangents(along: direction)
    let parts = try workers.map(tiles.shardCount) { shard in
      Tensor.concatenated(
        tiles.tiles(ofShard: shard).map { rows in
          let output = model(Variable(inputs.rows(in: rows)))
          let tangent = Sweep(from: output, to: leaves).pushForward(tangents, isRecorded: false)
          return tangent?.value ?? Tensor(zeros: output.shape)
        })
    }
    guard !parts.isEmpty else { return Tensor(zeros: model(Variable(inputs)).shape) }
    return .concatenated(parts)
  }
}

extension ParameterVector {
  /// Adds up shards' gradients in order, a part of the parameters on each thread.
  init(
    adding shards: [[Tensor<Scalar>?]], layout: ParameterLayout, workers: Workers,
    finishing finish: (_ sum: Tensor<Scalar>, _ index: Int) -> Tensor<Scalar> = { sum, _ in sum }
  ) throws {
    let sums = try workers.map(layout.entries.count) { leaf in
      var sum: Tensor<Scalar>?
      for shard in shards {
        guard let part = shard[leaf] else { continue }
        if sum == nil { sum = part } else { sum? += part }
      }
      return sum
    }
    self.init(
      gathering: sums.enumerated().map { index, sum in sum.map { finish($0, index) } },
      layout: layout)
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
