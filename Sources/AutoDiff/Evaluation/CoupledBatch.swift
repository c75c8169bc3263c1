import Synchronization
import TensorKit

/// A batch whose rows the normalizations of a model couple, evaluated in tiles.
///
/// Work goes in phases, each over all tiles. Phase k of the forward direction records every tile as
/// far as normalization k and gathers its statistics; after the last phase rows are independent.
/// A cotangent goes back from the outputs to the normalizations, sums over the batch are gathered at
/// the last of them, the cotangent goes on from there to the one before, and so on; a tangent goes
/// forward in the same way. See ``DerivativeMeans``.
///
/// The tiles' recordings are kept between phases as far as their memory budget goes. The others are
/// made again in every phase; that changes no bit of the results. Shards are summed in a fixed order.
struct CoupledBatch<Model: Module>: Sendable {
  typealias Scalar = Model.Scalar

  /// The model with its leaves recorded, or without if there is nothing to differentiate.
  let model: Model
  /// What the model is differentiated with respect to.
  let leaves: [Variable<Scalar>]
  /// Shape: [samples, inputs].
  let inputs: Tensor<Scalar>
  let tiles: RowTiles
  let workers: Workers
  /// The statistics that are known so far.
  private(set) var statistics: BatchStatistics<Scalar>

  private let shards: [Shard]
  /// Which part of the tiles is kept between phases.
  private let keptShare: Double

  /// The recordings of a shard's tiles between phases, used by one thread at a time.
  private final class Shard: Sendable {
    private let tiles: Mutex<[CoupledTile<Scalar>]>

    init(tileCount: Int) {
      tiles = Mutex(Array(repeating: CoupledTile(), count: tileCount))
    }

    /// Moves a tile out while it is worked on, so that nothing in it is copied.
    func take(_ index: Int) -> CoupledTile<Scalar> {
      tiles.withLock { tiles in
        var tile = CoupledTile<Scalar>()
        swap(&tile, &tiles[index])
        return tile
      }
    }

    func put(_ tile: CoupledTile<Scalar>, at index: Int) {
      tiles.withLock { $0[index] = tile }
    }
  }

  /// Numbers for each row and normalized column that a kept recording has at its largest: what the
  /// normalization received, the values and slopes after it, and a cotangent.
  private static var numbersPerColumn: Int { 4 }

  /// Prepares to evaluate a batch.
  ///
  /// - Parameters:
  ///   - model: The model, with the leaves recorded.
  ///   - leaves: What it is differentiated with respect to.
  ///   - inputs: Shape: [samples, inputs].
  ///   - tiles: How the rows are cut. Rows of no tile do not belong to the batch.
  ///   - workers: The threads that work on tiles.
  ///   - statistics: The batch's statistics, if they are known.
  ///   - budget: About how many bytes recordings may take between phases.
  init(
    model: Model, leaves: [Variable<Scalar>], inputs: Tensor<Scalar>, tiles: RowTiles,
    workers: Workers, statistics: BatchStatistics<Scalar>?, budget: Int
  ) throws {
    self.model = model
    self.leaves = leaves
    self.inputs = inputs
    self.tiles = tiles
    self.workers = workers
    self.shards = (0..<tiles.shardCount).map { Shard(tileCount: tiles.tiles(ofShard: $0).count) }
    let rows = tiles.tiles.reduce(0) { $0 + $1.count }
    let bytes =
      rows * model.normalizedColumns * Self.numbersPerColumn * MemoryLayout<Scalar>.stride
    self.keptShare = min(1, Double(budget) / Double(max(bytes, 1)))
    self.statistics = statistics ?? BatchStatistics()
    if statistics == nil { try gatherStatistics() }
  }

  /// Whether a tile's recording is kept between phases; those that are lie evenly among all.
  private func isKept(_ tile: Int) -> Bool {
    Int(Double(tile + 1) * keptShare) > Int(Double(tile) * keptShare)
  }

  /// Works on all tiles of each shard in order, and returns what each shard's sum came to.
  private func phase<Sum: Sendable>(
    summingFrom initial: Sum,
    _ body:
      @escaping @Sendable (
        _ tile: inout CoupledTile<Scalar>, _ index: Int, _ rows: RowTiles.Rows, _ sum: inout Sum
      ) throws -> Void
  ) throws -> [Sum] {
    let coupling = BatchCoupling<Scalar>.Mode.coupled(statistics)
    return try workers.map(shards.count) { [self] shard in
      let context = BatchCoupling(coupling)
      let model = model.coupled(by: context)
      var sum = initial
      let tilesOfShard = tiles.tiles(ofShard: shard)
      for index in tilesOfShard.indices {
        let place = index - tilesOfShard.startIndex
        var tile = shards[shard].take(place)
        if tile.recording.output == nil {
          context.record(&tile.recording, calling: model, on: inputs.rows(in: tilesOfShard[index]))
        }
        try body(&tile, index, tilesOfShard[index], &sum)
        if !isKept(index) { tile.forgetRecording() }
        shards[shard].put(tile, at: place)
      }
      return sum
    }
  }

  private mutating func gatherStatistics() throws {
    while true {
      let known = statistics.normalizations.count
      let parts = try phase(summingFrom: (layers: [String]?.none, moments: ColumnMoments())) {
        tile, _, _, sum in
        let met = tile.recording.layers
        precondition(
          sum.layers ?? met == met, "the model met normalizations \(sum.layers ?? []), then \(met)")
        sum.layers = met
        if let received = tile.recording.pending {
          sum.moments.merge(ColumnMoments(of: received.value))
        }
      }
      guard let layers = parts.first?.layers, known < layers.count else { return }
      var moments = ColumnMoments()
      for part in parts {
        precondition(part.layers == layers, "the model met normalizations \(layers) in other tiles")
        moments.merge(part.moments)
      }
      statistics.normalizations.append(ColumnStatistics(layer: layers[known], moments: moments))
      if known + 1 == layers.count { return }
    }
  }

  /// The model's outputs, tile by tile.
  ///
  /// - Returns: What `transform` returned for each tile, and each shard's sum.
  func outputs<Sum: Sendable>(
    summingFrom initial: Sum,
    transform:
      @escaping @Sendable (
        _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (outputs: [Tensor<Scalar>], sums: [Sum]) {
    let parts = try phase(summingFrom: (sum: initial, outputs: [Tensor<Scalar>]())) {
      tile, _, rows, part in
      let output = tile.outputs
      tile.forgetRecording()
      part.outputs.append(try transform(rows, output, &part.sum))
    }
    return (parts.flatMap(\.outputs), parts.map(\.sum))
  }

  /// What a shard adds up while cotangents go back.
  private struct Pulled<Sum: Sendable>: Sendable {
    var gradients: PartialGradients<Scalar>
    var sum: Sum
    var means = DerivativeMeans()
  }

  /// Pulls cotangents of the outputs back to the leaves.
  ///
  /// - Returns: The sum of each leaf's cotangents, and each shard's sum.
  func pullBack<Sum: Sendable>(
    summingFrom initial: Sum,
    cotangents:
      @escaping @Sendable (
        _ tile: Int, _ rows: RowTiles.Rows, _ outputs: consuming Tensor<Scalar>, _ sum: inout Sum
      ) throws -> Tensor<Scalar>
  ) throws -> (gradients: PartialGradients<Scalar>, sums: [Sum]) {
    let (leaves, known) = (leaves, statistics.normalizations)
    let nothing = PartialGradients<Scalar>(count: leaves.count)
    let shards = try phase(summingFrom: Pulled(gradients: nothing, sum: initial)) {
      tile, index, rows, part in
      let shape = tile.outputs.shape
      let cotangent = try cotangents(index, rows, tile.outputs, &part.sum)
      precondition(
        cotangent.shape == shape,
        "a cotangent of shape \(cotangent.shape) for outputs of shape \(shape)")
      tile.outputCotangent = cotangent
      tile.pullBack(fromSegment: known.count, leaves: leaves, into: &part.gradients.leaves)
      if let last = known.last { part.means.merge(tile.derivativeMeans(at: known.count - 1, last)) }
    }
    var gradients = nothing
    for shard in shards { gradients += shard.gradients }
    var (means, meansOfShards) = (known.map { _ in DerivativeMeans() }, shards.map(\.means))
    for segment in known.indices.reversed() {
      for part in meansOfShards { means[segment].merge(part) }
      let parts = try phase(summingFrom: Pulled(gradients: nothing, sum: 0)) {
        [means] tile, _, _, part in
        if tile.derivatives.isEmpty {
          var none: [Tensor<Scalar>?] = []
          for later in known.indices[segment...].reversed() {
            tile.pullBack(fromSegment: later + 1, leaves: [], into: &none)
            tile.correct(at: later, known[later], means[later])
          }
        } else {
          tile.correct(at: segment, known[segment], means[segment])
        }
        tile.pullBack(fromSegment: segment, leaves: leaves, into: &part.gradients.leaves)
        if segment > 0 {
          part.means.merge(tile.derivativeMeans(at: segment - 1, known[segment - 1]))
        }
      }
      for part in parts { gradients += part.gradients }
      meansOfShards = parts.map(\.means)
    }
    return (gradients, shards.map(\.sum))
  }

  /// Pushes tangents of the leaves forward to the outputs.
  ///
  /// - Parameter tangents: One for each leaf; nil for zeros.
  /// - Returns: The outputs' tangents, tile by tile.
  func pushForward(_ tangents: [Tensor<Scalar>?]) throws -> [Tensor<Scalar>] {
    let (leaves, known) = (leaves, statistics.normalizations)
    var means: [DerivativeMeans] = []
    while true {
      let segment = means.count
      let parts = try phase(
        summingFrom: (means: DerivativeMeans(), outputs: [Tensor<Scalar>]())
      ) { [means] tile, _, _, part in
        let isGone = tile.derivatives.isEmpty
        for earlier in isGone ? 0..<segment : max(0, segment - 1)..<segment {
          if isGone {
            _ = tile.pushForward(throughSegment: earlier, leaves: leaves, tangents: tangents)
          }
          tile.correct(at: earlier, known[earlier], means[earlier])
        }
        let tangent = tile.pushForward(
          throughSegment: segment, leaves: leaves, tangents: tangents)
        if segment < known.count {
          part.means.merge(tile.derivativeMeans(at: segment, known[segment]))
        } else {
          part.outputs.append(tangent ?? Tensor(zeros: tile.outputs.shape))
        }
      }
      if segment == known.count { return parts.flatMap(\.outputs) }
      means.append(DerivativeMeans())
      for part in parts { means[segment].merge(part.means) }
    }
  }
}
