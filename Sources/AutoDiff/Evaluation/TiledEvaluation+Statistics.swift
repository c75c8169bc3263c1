import TensorKit

/// How the normalizations of a model couple the rows of a batch.
enum RowCoupling<Scalar: TensorScalar>: Sendable {
  /// There are none.
  case none
  /// Their statistics are those of the batch, and depend on every row of it. They may be known.
  case batch(known: BatchStatistics<Scalar>?)
  /// Their statistics are constants.
  case held(BatchStatistics<Scalar>)

  /// The statistics that are constants, if they are.
  var held: BatchStatistics<Scalar>? {
    if case .held(let statistics) = self { statistics } else { nil }
  }
}

extension TiledEvaluation {
  /// Whether rows of a batch depend on each other, through normalizations whose statistics are the
  /// batch's.
  public var couplesRows: Bool {
    if case .batch = coupling { true } else { false }
  }

  /// The statistics over a batch at each of the model's normalizations.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: In the order in which the model meets its normalizations; none without a row.
  public func statistics(over inputs: Tensor<Scalar>) throws -> BatchStatistics<Scalar> {
    if let held = coupling.held { return held }
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    return try coupledBatch(inputs, tiles: tiles, isRecorded: false)?.statistics
      ?? BatchStatistics()
  }

  /// The statistics over a batch at each of the model's normalizations, if none of them normalized.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: In the order in which the model meets its normalizations; none without a row.
  public func statisticsWithoutNormalizing(
    over inputs: Tensor<Scalar>
  ) throws -> BatchStatistics<Scalar> {
    let tiles = RowTiles(rowCount: inputs.shape[0], rowsPerTile: rowsPerTile)
    let plain = lifted.plain
    let shards = try workers.map(tiles.shardCount) { shard in
      let coupling = BatchCoupling<Scalar>(.observed)
      let model = plain.coupled(by: coupling)
      var layers: [String] = []
      var moments: [ColumnMoments] = []
      for rows in tiles.tiles(ofShard: shard) {
        var recording = TileRecording<Scalar>()
        coupling.record(&recording, calling: model, on: inputs.rows(in: rows))
        layers = recording.layers
        moments = moments.isEmpty ? recording.observed : moments.merged(with: recording.observed)
      }
      return (layers: layers, moments: moments)
    }
    var statistics = BatchStatistics<Scalar>()
    guard let first = shards.first else { return statistics }
    let moments = shards.dropFirst().reduce(first.moments) { $0.merged(with: $1.moments) }
    statistics.normalizations = zip(first.layers, moments).map {
      ColumnStatistics(layer: $0, moments: $1)
    }
    return statistics
  }

  /// An evaluation in which given statistics are constants, so that rows are independent.
  ///
  /// It computes what the model does in a batch with these statistics, for any rows. Derivatives leave
  /// out how the statistics depend on the parameters.
  ///
  /// - Parameter statistics: Those of this model over some batch.
  public func holding(_ statistics: BatchStatistics<Scalar>) -> TiledEvaluation {
    with(.held(statistics))
  }

  /// An evaluation that need not compute the statistics of a batch again.
  ///
  /// - Parameter statistics: Those of this model over the batch that will be given; for any other batch
  ///   the results would be wrong.
  public func knowing(_ statistics: BatchStatistics<Scalar>) -> TiledEvaluation {
    with(.batch(known: statistics))
  }

  private func with(_ coupling: RowCoupling<Scalar>) -> TiledEvaluation {
    if case .none = self.coupling { return self }
    var result = self
    result.coupling = coupling
    return result
  }

  /// An evaluation that holds the statistics of some inputs; nil if rows are independent anyway.
  func holdingStatistics(ofWhole inputs: Tensor<Scalar>) throws -> TiledEvaluation? {
    guard case .batch(let known) = coupling else { return nil }
    return holding(try known ?? statistics(over: inputs))
  }

  /// A batch to evaluate in phases; nil if rows are independent.
  func coupledBatch(
    _ inputs: Tensor<Scalar>, tiles: RowTiles, isRecorded: Bool
  ) throws -> CoupledBatch<Model>? {
    guard case .batch(let known) = coupling else { return nil }
    return try CoupledBatch(
      model: isRecorded ? lifted.recorded : lifted.plain, leaves: isRecorded ? lifted.leaves : [],
      inputs: inputs, tiles: tiles, workers: workers, statistics: known, budget: recordingBudget)
  }
}

extension [ColumnMoments] {
  /// The moments of these rows and others together, for each normalization.
  fileprivate func merged(with others: [ColumnMoments]) -> [ColumnMoments] {
    precondition(
      count == others.count, "the model met \(count) normalizations, and \(others.count) elsewhere")
    return zip(self, others).map { moments, other in
      var moments = moments
      moments.merge(other)
      return moments
    }
  }
}

/// A model as one thread calls it, tile by tile, with rows that are independent.
struct TileModel<Model: Module> {
  private let model: Model
  private let coupling: BatchCoupling<Model.Scalar>?

  /// - Parameter statistics: What the model's normalizations take as constants, if it has some.
  init(_ model: Model, holding statistics: BatchStatistics<Model.Scalar>?) {
    let coupling = statistics.map { BatchCoupling(.held($0)) }
    self.coupling = coupling
    self.model = coupling.map { model.coupled(by: $0) } ?? model
  }

  func callAsFunction(_ input: Variable<Model.Scalar>) -> Variable<Model.Scalar> {
    coupling?.output(of: model, on: input) ?? model(input)
  }
}
