import TensorKit

/// Evaluates a model on batches of any size in tiles of rows, spread over cores.
///
/// A tile of a few hundred rows is evaluated, differentiated and forgotten while it is still in cache. Memory
/// is that of a tile for each thread and of a few gradients, whatever the size of the batch; the results are
/// the same bits for any number of threads. This is the model with the settings of its evaluation; a
/// ``BatchPass`` does the work.
///
/// Where the model has normalizations, rows depend on each other through the statistics of the whole
/// batch, which is what a function is given: it computes what an evaluation at once would.
public struct TiledEvaluation<Model: Module>: Sendable {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// The model that is evaluated.
  public let model: Model
  /// The threads that share the work on anything but tiles.
  public let workers: Workers
  /// What works on shards of tiles.
  public let runner: any ShardRunner
  /// How many rows are evaluated at once.
  public let rowsPerTile: Int
  /// About how many bytes recordings of tiles may take between the phases of a pass.
  public let recordingBudget: Int
  /// The model as tiles see it, made once.
  let lifted: LiftedModel<Model>
  /// The statistics of the model's normalizations, if they are known; none without normalizations.
  private(set) var knownStatistics: BatchStatistics<Scalar>?
  /// Whether statistics are constants, rather than functions of all rows.
  private(set) var holdsStatistics = false
  private let hasNormalizations: Bool

  /// 512 MiB: the recordings of a network of three hidden layers of 256 units at 80,000 rows.
  public static var standardRecordingBudget: Int { 512 << 20 }

  /// Prepares to evaluate a model.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - workers: The threads that share the work; those of the runner by default.
  ///   - runner: Works on shards of tiles; the threads by default.
  ///   - rowsPerTile: How many rows are evaluated at once, where a row of a model with several
  ///     ``Module/samplesPerRow`` counts as so many; the model's own ``Module/rowsPerTile`` by default.
  ///   - recordingBudget: About how many bytes recordings of tiles may take between the phases of a pass.
  ///     The results do not depend on it.
  /// - Precondition: There is a row in a tile, and the budget is not negative.
  public init(
    of model: Model, workers: Workers? = nil, runner: (any ShardRunner)? = nil,
    rowsPerTile: Int? = nil, recordingBudget: Int = Self.standardRecordingBudget
  ) {
    precondition(
      rowsPerTile ?? 1 > 0 && recordingBudget >= 0,
      "tiles of \(rowsPerTile ?? 1) rows, and \(recordingBudget) bytes for recordings")
    let workers = workers ?? runner?.workers ?? Workers()
    self.model = model
    self.workers = workers
    self.runner = runner ?? workers
    self.rowsPerTile = max(
      1, rowsPerTile.map { $0 / max(1, model.samplesPerRow) } ?? model.rowsPerTile)
    self.recordingBudget = recordingBudget
    lifted = LiftedModel(model, workers: workers)
    hasNormalizations = model.normalizedColumns > 0
    knownStatistics = hasNormalizations ? nil : BatchStatistics()
  }

  /// Whether rows of a batch depend on each other, through normalizations whose statistics are the
  /// batch's.
  public var couplesRows: Bool { hasNormalizations && !holdsStatistics }

  /// The model's outputs for a batch; records nothing.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, outputs].
  public func outputs(for inputs: Tensor<Scalar>) throws -> Tensor<Scalar> {
    try outputs(for: Rows(inputs))
  }

  /// The model's outputs for rows that may be computed; records nothing.
  ///
  /// - Returns: Shape: [samples, outputs].
  public func outputs(for inputs: Rows<Scalar>) throws -> Tensor<Scalar> {
    var pass = BatchPass(of: self, over: inputs, isRecorded: false)
    return try pass.outputs(adding: NoSum.self) { _, outputs, _ in outputs }.outputs
  }

  /// Pulls given cotangents of all outputs back: Jᵀ u.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [samples, outputs].
  ///   - inputs: Shape: [samples, inputs].
  public func pullback(
    of cotangents: Tensor<Scalar>, for inputs: Tensor<Scalar>
  ) throws -> ParameterVector<Scalar> {
    var pass = BatchPass(of: self, over: Rows(inputs))
    return try pass.pullBack(cotangents)
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
    var pass = BatchPass(of: self, over: Rows(inputs))
    return try pass.pushForward(direction)
  }

  // MARK: - Statistics

  /// The statistics over a batch at each of the model's normalizations.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: In the order in which the model meets its normalizations; none without a row.
  public func statistics(over inputs: Tensor<Scalar>) throws -> BatchStatistics<Scalar> {
    try statistics(over: Rows(inputs))
  }

  /// The statistics over a batch at each of the model's normalizations, of rows that may be computed.
  ///
  /// - Returns: In the order in which the model meets its normalizations; none without a row.
  func statistics(over inputs: Rows<Scalar>) throws -> BatchStatistics<Scalar> {
    var pass = BatchPass(of: self, over: inputs, isRecorded: false)
    return try pass.statistics()
  }

  /// An evaluation in which given statistics are constants, so that rows are independent.
  ///
  /// It computes what the model does in a batch with these statistics, for any rows. Derivatives leave
  /// out how the statistics depend on the parameters.
  ///
  /// - Parameter statistics: Those of this model over some batch.
  public func holding(_ statistics: BatchStatistics<Scalar>) -> TiledEvaluation {
    guard hasNormalizations else { return self }
    var result = knowing(statistics)
    result.holdsStatistics = true
    return result
  }

  /// An evaluation that need not compute the statistics of a batch again.
  ///
  /// - Parameter statistics: Those of this model over the batch that will be given; for any other batch
  ///   the results would be wrong.
  package func knowing(_ statistics: BatchStatistics<Scalar>) -> TiledEvaluation {
    guard hasNormalizations else { return self }
    var result = self
    result.knownStatistics = statistics
    result.holdsStatistics = false
    return result
  }

  /// A copy of the model whose normalizations take their statistics from a coupling, if it has some.
  func coupled(_ model: Model, by coupling: BatchCoupling<Scalar>) -> Model {
    hasNormalizations ? model.coupled(by: coupling) : model
  }

  /// Calls the model on rows whose normalizations hold the statistics over some inputs.
  ///
  /// One thread at a time calls it.
  func rowwiseModel(over inputs: Rows<Scalar>) throws -> @Sendable () -> RowwiseModel<Model> {
    let statistics = try knownStatistics ?? statistics(over: inputs)
    let recorded = lifted.recorded
    return { RowwiseModel(recorded, holding: statistics) }
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

  /// Replaces the rows of a tile of a matrix.
  ///
  /// - Parameters:
  ///   - tile: The rows to replace.
  ///   - values: As many rows as the tile has, with the matrix's columns.
  public mutating func setRows(in tile: RowTiles.Rows, to values: Tensor) {
    switch tile {
    case .range(let range): setElements(from: range.lowerBound * shape[1], to: values)
    case .list(let indices): setRows(at: indices, to: values)
    }
  }
}
