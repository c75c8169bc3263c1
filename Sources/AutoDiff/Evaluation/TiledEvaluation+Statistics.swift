import TensorKit

extension TiledEvaluation {
  /// The statistics over a batch at each of the model's normalizations, if none of them normalized.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: In the order in which the model meets its normalizations; none without a row.
  package func statisticsWithoutNormalizing(
    over inputs: Tensor<Scalar>
  ) throws -> BatchStatistics<Scalar> {
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let plain = lifted.plain
    let met: MetNormalizations? = try runner.reduce(tiles.shardCount) { shard in
      let coupling = BatchCoupling<Scalar>(.observed)
      let model = plain.coupled(by: coupling)
      var met = MetNormalizations()
      for rows in tiles.tiles(ofShard: shard) {
        var recording = TileRecording<Scalar>()
        coupling.record(&recording, calling: model, on: inputs.rows(in: rows))
        met.note(recording.layers, moments: recording.observed)
      }
      return met
    }
    var statistics = BatchStatistics<Scalar>()
    if let met, let layers = met.layers {
      statistics.normalizations = zip(layers, met.moments).map {
        ColumnStatistics(layer: $0, moments: $1)
      }
    }
    return statistics
  }
}

/// The normalizations that a model met in some tiles, in order, and the moments of what they received.
struct MetNormalizations: ShardResult {
  /// The layers' names; nil before any tile.
  private(set) var layers: [String]?
  /// The moments at those that were looked at.
  private(set) var moments: [ColumnMoments] = []

  init() {}

  /// Notes what one more tile met.
  mutating func note(_ met: [String], moments others: [ColumnMoments]) {
    precondition(layers ?? met == met, "the model met normalizations \(layers ?? []), then \(met)")
    if layers == nil {
      (layers, moments) = (met, others)
    } else {
      for (index, other) in others.enumerated() { moments[index].combine(other) }
    }
  }

  mutating func combine(_ next: MetNormalizations) {
    if let layers = next.layers { note(layers, moments: next.moments) }
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    // A name has no line break in it.
    var names = layers?.joined(separator: "\n")
    try visitor.visit(&names, named: "layers")
    if visitor.isReading {
      layers = names.map { $0.isEmpty ? [] : $0.split(separator: "\n").map(String.init) }
    }
    try visitor.visit(&moments, named: "moments", startingFrom: ColumnMoments())
  }
}

/// A model as one thread calls it on rows that are independent, whatever their number.
struct RowwiseModel<Model: Module> {
  private let model: Model
  private let coupling: BatchCoupling<Model.Scalar>

  /// - Parameter statistics: What the model's normalizations take as constants.
  init(_ model: Model, holding statistics: BatchStatistics<Model.Scalar>) {
    coupling = BatchCoupling(.held(statistics))
    self.model = model.coupled(by: coupling)
  }

  var samplesPerRow: Int { model.samplesPerRow }

  func callAsFunction(_ input: Variable<Model.Scalar>) -> Variable<Model.Scalar> {
    coupling.output(of: model, on: input)
  }
}
