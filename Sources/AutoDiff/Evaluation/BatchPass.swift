import Synchronization
import TensorKit

/// The evaluation of a model over a batch in tiles, in one phase or several.
///
/// A phase works on all tiles. Where rows are independent, pulling cotangents back takes one: each tile is
/// evaluated, differentiated and forgotten while it is in cache. A pass that is asked for all outputs
/// first has a forward phase, whose recordings are kept for the phases after it as far as their budget goes,
/// and made again beyond that.
///
/// Normalizations couple the rows of a batch, and each adds a phase. Phase k of the forward direction records
/// every tile as far as normalization k and gathers its statistics. A cotangent goes back from the outputs to
/// the normalizations, sums over the batch are gathered at the last of them, the cotangent goes on from there
/// to the one before, and so on; a tangent goes forward in the same way. See `DerivativeMeans`.
///
/// What shards come to is combined in a fixed tree. Neither the threads nor the budget change a bit of it.
public struct BatchPass<Model: Module>: Sendable {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// How the rows are cut.
  ///
  /// Rows of no tile do not belong to the batch.
  public let tiles: RowTiles

  private let evaluation: TiledEvaluation<Model>
  private let inputs: Rows<Scalar>
  /// Whether anything is differentiated.
  private let isRecorded: Bool
  /// The statistics over the batch at each of the model's normalizations; nil as long as no function needed
  /// them.
  public private(set) var knownStatistics: BatchStatistics<Scalar>?
  private let shards: [Shard]
  private let budget: RecordingBudget

  /// The tiles of a shard between phases, used by one thread at a time.
  private final class Shard: Sendable {
    private let tiles: Mutex<[RecordedTile<Scalar>]>

    init(tileCount: Int) {
      tiles = Mutex(Array(repeating: RecordedTile(), count: tileCount))
    }

    /// Moves a tile out while it is worked on, so that nothing in it is copied.
    func take(_ index: Int) -> RecordedTile<Scalar> {
      tiles.withLock { tiles in
        var tile = RecordedTile<Scalar>()
        swap(&tile, &tiles[index])
        return tile
      }
    }

    func put(_ tile: RecordedTile<Scalar>, at index: Int) {
      tiles.withLock { $0[index] = tile }
    }
  }

  /// Prepares to evaluate a batch; does not evaluate anything yet.
  ///
  /// - Parameters:
  ///   - evaluation: The model, the threads and the budget.
  ///   - inputs: One row for each sample.
  ///   - tiles: How the rows are cut; consecutive rows by default.
  ///   - isRecorded: Whether anything is to be differentiated.
  public init(
    of evaluation: TiledEvaluation<Model>, over inputs: Rows<Scalar>, tiles: RowTiles? = nil,
    isRecorded: Bool = true
  ) {
    let tiles = tiles ?? RowTiles(rowCount: inputs.count, rowsPerTile: evaluation.rowsPerTile)
    self.evaluation = evaluation
    self.inputs = inputs
    self.tiles = tiles
    self.isRecorded = isRecorded
    knownStatistics = evaluation.knownStatistics
    shards = (0..<tiles.shardCount).map { Shard(tileCount: tiles.tiles(ofShard: $0).count) }
    budget = RecordingBudget(
      bytes: evaluation.recordingBudget,
      rowsToKeep: evaluation.couplesRows ? 0 : tiles.tiles.reduce(0) { $0 + $1.count } / 2)
  }

  /// The statistics over the batch at each of the model's normalizations, in the order in which the model
  /// meets them; none without a row.
  public mutating func statistics() throws -> BatchStatistics<Scalar> {
    if knownStatistics == nil { try gatherStatistics() }
    return knownStatistics ?? BatchStatistics()
  }

  // MARK: - Phases

  /// What a phase needs of recordings, and leaves of them.
  private struct PhaseKind {
    /// Whether the body differentiates, so that every tile has to be recorded.
    var differentiates = false
    /// Whether later phases go on from recordings.
    var isFollowed = false
  }

  /// Works on all tiles of each shard in order, and combines what shards come to.
  private func phase<Part: ShardResult>(
    _ kind: PhaseKind, statistics: BatchStatistics<Scalar>, from initial: Part,
    _ body:
      @escaping @Sendable (
        _ tile: inout RecordedTile<Scalar>, _ index: Int, _ rows: RowTiles.Rows,
        _ part: inout Part
      ) throws -> Void
  ) throws -> Part {
    let mode: BatchCoupling<Scalar>.Mode =
      evaluation.holdsStatistics ? .held(statistics) : .coupled(statistics)
    // A forward phase need not record what it cannot keep, unless the batch is coupled, whose phases go on
    // where others ended.
    let records = kind.differentiates || isRecorded && evaluation.couplesRows
    let result: Part? = try evaluation.runner.reduce(shards.count) { [self] shard in
      let context = BatchCoupling(
        mode, keepsSlopes: kind.differentiates || evaluation.holdsStatistics)
      // Copies for this thread, made as they are needed.
      var (recorded, plain): (Model?, Model?)
      var part = initial
      let tilesOfShard = tiles.tiles(ofShard: shard)
      for index in tilesOfShard.indices {
        let place = index - tilesOfShard.startIndex
        var tile = shards[shard].take(place)
        if !tile.recording.isComplete {
          let rows = inputs.rows(in: tilesOfShard[index])
          tile.isDifferentiable = records || isRecorded && kind.isFollowed && budget.hasRoom
          if tile.isDifferentiable {
            let model = recorded ?? evaluation.coupled(evaluation.lifted.recorded, by: context)
            context.record(&tile.recording, calling: model, on: rows)
            recorded = model
          } else {
            let model = plain ?? evaluation.coupled(evaluation.lifted.plain, by: context)
            context.record(&tile.recording, calling: model, on: rows)
            plain = model
          }
        }
        try body(&tile, index, tilesOfShard[index], &part)
        let isWorthKeeping = kind.isFollowed && tile.isDifferentiable == isRecorded
        tile.settle(keeping: isWorthKeeping, in: budget, rows: tilesOfShard[index].count)
        shards[shard].put(tile, at: place)
      }
      return part
    }
    return result ?? initial
  }

  private mutating func gatherStatistics() throws {
    var statistics = BatchStatistics<Scalar>()
    while true {
      let known = statistics.normalizations.count
      let met = try phase(
        PhaseKind(isFollowed: true), statistics: statistics, from: MetNormalizations()
      ) {
        tile, _, _, met in
        met.note(
          tile.recording.layers,
          moments: tile.recording.pending.map { [ColumnMoments(of: $0.value)] } ?? [])
      }
      guard let layers = met.layers, known < layers.count else { break }
      statistics.normalizations.append(
        ColumnStatistics(layer: layers[known], moments: met.moments[0]))
      if known + 1 == layers.count { break }
    }
    knownStatistics = statistics
  }

  /// The normalizations whose statistics enter the derivatives.
  private func segments(_ statistics: BatchStatistics<Scalar>) -> [ColumnStatistics<Scalar>] {
    evaluation.holdsStatistics ? [] : statistics.normalizations
  }

  // MARK: - Outputs

  /// The model's outputs, tile by tile, each mapped to as many rows.
  ///
  /// What was recorded is kept for later phases, if the pass records.
  ///
  /// - Parameters:
  ///   - type: What shards add up beside.
  ///   - transform: Given a tile's rows and outputs, returns as many rows, and adds to its shard's sum
  ///     whatever else is wanted.
  /// - Returns: The rows that were returned, tile after tile, and the sum.
  /// - Throws: What `transform` throws.
  public mutating func outputs<Sum: ShardResult>(
    adding type: Sum.Type,
    transform:
      @escaping @Sendable (
        _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (outputs: Tensor<Scalar>, sum: Sum) {
    let statistics = try statistics()
    let result = try phase(
      PhaseKind(isFollowed: isRecorded), statistics: statistics, from: ShardRows<Scalar, Sum>()
    ) { tile, _, rows, part in
      part.parts.append(try transform(rows, tile.outputs, &part.sum))
    }
    return (result.parts.isEmpty ? outputsOfNoRows() : result.rows, result.sum)
  }

  /// As many columns as the model has outputs.
  private func outputsOfNoRows() -> Tensor<Scalar> {
    let context = BatchCoupling<Scalar>(.coupled(BatchStatistics()))
    return evaluation.lifted.plain.coupled(by: context)(Variable(inputs.rows(in: .range(0..<0))))
      .value
  }

  // MARK: - Pulling back

  /// What a shard adds up while cotangents go back.
  private struct Pulled<Sum: ShardResult>: ShardResult {
    var gradients = PartialGradients<Scalar>()
    var sum = Sum()
    var means = DerivativeMeans()

    mutating func combine(_ next: Pulled) {
      gradients.combine(next.gradients)
      sum.combine(next.sum)
      means.combine(next.means)
    }

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&gradients, named: "gradients")
      try visitor.visit(&sum, named: "sum")
      try visitor.visit(&means, named: "means")
    }
  }

  /// Pulls cotangents of the outputs back to the parameters.
  ///
  /// - Parameters:
  ///   - type: What shards add up beside.
  ///   - isLast: Whether nothing comes after it: recordings are then let go one after the other.
  ///   - cotangents: Given a tile's index, rows and outputs, returns ∂loss/∂outputs of the same shape, and
  ///     adds to its shard's sum whatever else is wanted.
  /// - Returns: The gradient, and the sum.
  /// - Throws: What `cotangents` throws.
  /// - Precondition: The pass records.
  public mutating func pullBack<Sum: ShardResult>(
    adding type: Sum.Type, isLast: Bool = true,
    cotangents:
      @escaping @Sendable (
        _ tile: Int, _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (gradient: ParameterVector<Scalar>, sum: Sum) {
    precondition(isRecorded, "a pass that records nothing was asked for a gradient")
    let (leaves, statistics) = (evaluation.lifted.leaves, try statistics())
    let known = segments(statistics)
    var nothing = Pulled<Sum>()
    nothing.gradients = PartialGradients(count: leaves.count)
    let first = try phase(
      PhaseKind(differentiates: true, isFollowed: !isLast || !known.isEmpty),
      statistics: statistics, from: nothing
    ) { tile, index, rows, part in
      let cotangent = try cotangents(index, rows, tile.outputs, &part.sum)
      tile.pullBack(cotangent, leaves: leaves, isLast: isLast, into: &part.gradients.leaves)
      if let last = known.last {
        part.means.combine(tile.derivativeMeans(at: known.count - 1, last))
      }
    }
    var gradients = first.gradients
    var (means, meansBefore) = (known.map { _ in DerivativeMeans() }, first.means)
    var rest = Pulled<NoSum>()
    rest.gradients = nothing.gradients
    for segment in known.indices.reversed() {
      means[segment] = meansBefore
      let part = try phase(
        PhaseKind(differentiates: true, isFollowed: !isLast || segment > 0),
        statistics: statistics, from: rest
      ) { [means] tile, _, _, part in
        tile.pullBack(
          fromNormalization: segment, known, means, leaves: leaves, isLast: isLast,
          into: &part.gradients.leaves)
        if segment > 0 {
          part.means.combine(tile.derivativeMeans(at: segment - 1, known[segment - 1]))
        }
      }
      gradients.combine(part.gradients)
      meansBefore = part.means
    }
    return (evaluation.lifted.parameterGradient(gradients), first.sum)
  }

  /// Pulls given cotangents of all outputs back to the parameters: Jᵀ u.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [samples, outputs].
  ///   - isLast: Whether nothing comes after it.
  /// - Precondition: The pass records.
  public mutating func pullBack(
    _ cotangents: Tensor<Scalar>, isLast: Bool = true
  ) throws -> ParameterVector<Scalar> {
    precondition(
      cotangents.rank == 2 && cotangents.shape[0] == inputs.count,
      "cotangents of shape \(cotangents.shape) for \(inputs.count) rows of inputs")
    return try pullBack(adding: NoSum.self, isLast: isLast) { _, rows, _, _ in
      cotangents.rows(in: rows)
    }.gradient
  }

  // MARK: - Pushing forward

  /// Pushes a direction of the parameters forward to the outputs: J v.
  ///
  /// - Parameters:
  ///   - direction: A direction with the model's layout.
  ///   - isLast: Whether nothing comes after it: recordings are then let go one after the other.
  /// - Returns: The outputs' tangents, tile after tile.
  /// - Precondition: The pass records.
  public mutating func pushForward(
    _ direction: ParameterVector<Scalar>, isLast: Bool = true
  ) throws -> Tensor<Scalar> {
    precondition(isRecorded, "a pass that records nothing was asked for a tangent")
    precondition(
      direction.layout == evaluation.lifted.layout,
      "a direction of another model's parameters was given")
    let tangents = evaluation.lifted.leafTangents(along: direction)
    let (leaves, statistics) = (evaluation.lifted.leaves, try statistics())
    let known = segments(statistics)
    var means: [DerivativeMeans] = []
    while true {
      let segment = means.count
      let part = try phase(
        PhaseKind(differentiates: true, isFollowed: !isLast || segment < known.count),
        statistics: statistics, from: ShardRows<Scalar, DerivativeMeans>()
      ) { [means] tile, _, _, part in
        let tangent = tile.pushForward(
          toSegment: segment, known, means, leaves: leaves, tangents: tangents)
        if segment < known.count {
          part.sum.combine(tile.derivativeMeans(at: segment, known[segment]))
        } else {
          part.parts.append(tangent ?? Tensor(zeros: tile.outputs.shape))
        }
      }
      if segment == known.count { return part.parts.isEmpty ? outputsOfNoRows() : part.rows }
      means.append(part.sum)
    }
  }
}
