import AutoDiff
import TensorKit

/// One step of training as an adjuster sees it: a model, a batch, a loss and penalties.
///
/// A step is lazy. Asked for all outputs or cotangents, it sweeps forward over the batch, once; asked
/// for nothing, it leaves the batch to be worked off tile by tile. It also offers the pullback of any
/// cotangents and the pushforward of any direction at the current parameters, so that an adjuster can
/// probe the kernel.
public final class TrainingStep<Model: Module> {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// The model at the current parameters.
  public var model: Model { evaluation.model }
  /// What it is fitted to.
  public let batch: Batch<Scalar>
  /// The loss of the rows.
  public let loss: any RowLoss<Scalar>
  /// What is added to the mean of the rows' losses.
  public let penalties: [any Penalty<Scalar>]
  /// How many steps came before this one.
  public let index: Int
  /// The model's evaluation in tiles.
  public let evaluation: TiledEvaluation<Model>

  /// The evaluation over the batch that is under way, in tiles of consecutive rows.
  private var pass: BatchPass<Model>
  /// The loss and all cotangents, once they are known.
  private var swept: (value: Double, cotangents: Tensor<Scalar>)?
  /// The gradients of all samples' single output, once a kernel has asked for them.
  private var gradients: PerSampleGradients<Scalar>?
  /// The sum of the penalties and its gradient, once they are known.
  private var knownPenalty: (value: Double, gradient: ParameterVector<Scalar>)?
  private var keepsCotangents = false
  private var streamedCotangents: Tensor<Scalar>?

  /// A step.
  ///
  /// - Parameters:
  ///   - model: The model at the current parameters.
  ///   - batch: What it is fitted to.
  ///   - loss: The loss of the rows; the mean squared error by default.
  ///   - penalties: Terms in the parameters that are added to it; none by default.
  ///   - index: How many steps came before.
  ///   - workers: The threads that share the work; those of the runner by default.
  ///   - runner: Works on shards of the batch; the threads by default.
  ///   - rowsPerTile: How many rows are evaluated at once; chosen by measurement by default.
  public convenience init(
    model: Model, batch: Batch<Scalar>, loss: (any RowLoss<Scalar>)? = nil,
    penalties: [any Penalty<Scalar>] = [], index: Int = 0, workers: Workers? = nil,
    runner: (any ShardRunner)? = nil, rowsPerTile: Int? = nil
  ) {
    self.init(
      evaluation: TiledEvaluation(
        of: model, workers: workers, runner: runner, rowsPerTile: rowsPerTile ?? 256),
      batch: batch, loss: loss, penalties: penalties, index: index)
  }

  /// A step with settings of its own for the evaluation in tiles.
  ///
  /// - Parameters:
  ///   - evaluation: The model at the current parameters, with the settings.
  ///   - batch: What it is fitted to.
  ///   - loss: The loss of the rows; the mean squared error by default.
  ///   - penalties: Terms in the parameters that are added to it; none by default.
  ///   - index: How many steps came before.
  public init(
    evaluation: TiledEvaluation<Model>, batch: Batch<Scalar>,
    loss: (any RowLoss<Scalar>)? = nil, penalties: [any Penalty<Scalar>] = [], index: Int = 0
  ) {
    self.evaluation = evaluation
    self.batch = batch
    self.loss = loss ?? MeanSquaredError<Scalar>()
    self.penalties = penalties
    self.index = index
    self.pass = BatchPass(of: evaluation, over: batch.inputRows)
  }

  /// ∂loss/∂outputs of all samples, before any adjustment, of shape [samples, outputs].
  ///
  /// For the mean squared error they are the residuals times 2 / (samples · outputs). The first call
  /// in a step sweeps forward over the batch.
  public func cotangents() throws -> Tensor<Scalar> { try sweep().cotangents }

  /// ∂loss/∂outputs of some samples, before any adjustment, of shape [rows, outputs].
  ///
  /// Costs a forward sweep over these alone, or nothing if ``cotangents()`` was called. Where the model
  /// has normalizations, it needs their statistics over the whole batch, too.
  ///
  /// - Parameter rows: The samples' rows in the batch; a row may recur.
  public func cotangents(atRows rows: [Int]) throws -> Tensor<Scalar> {
    if let swept { return swept.cotangents.rows(at: rows) }
    return batch.valueWithCotangents(
      ofRows: .list(rows),
      outputs: try rowwiseEvaluation().outputs(for: batch.inputRows.rows(at: rows)), by: loss
    ).cotangents
  }

  /// The loss at the current parameters, by a forward sweep over the batch at the first call.
  ///
  /// It is the mean of the rows' losses, each times its weight if the batch has weights, plus the penalties.
  public func lossValue() throws -> Double {
    let ofRows = try sweep().value
    return penalty.map { ofRows + $0.value } ?? ofRows
  }

  /// The number of the model's outputs, which targets may have more columns than.
  public func outputCount() throws -> Int {
    if let outputs = swept?.cotangents.shape[1] ?? gradients?.outputs.shape[1] { return outputs }
    return try evaluation.outputs(for: batch.inputRows.rows(at: [0])).shape[1]
  }

  /// Asks for all cotangents, before any adjustment, to be read once the step is evaluated.
  ///
  /// Unlike ``cotangents()`` this costs no sweep of its own.
  public func keepCotangents() { keepsCotangents = true }

  /// All cotangents before any adjustment, of shape [samples, outputs].
  ///
  /// Nil before the step is evaluated, unless ``cotangents()`` was called, and if ``keepCotangents()`` was
  /// not.
  public var keptCotangents: Tensor<Scalar>? { streamedCotangents ?? swept?.cotangents }

  /// Jᵀ u at the current parameters.
  ///
  /// - Parameter cotangents: Shape: [samples, outputs].
  public func pullback(of cotangents: Tensor<Scalar>) throws -> ParameterVector<Scalar> {
    if let gradients, gradients.holdsGradients, gradients.outputs.shape == cotangents.shape {
      return try gradients.sum(
        weightedBy: cotangents.reshaped(to: [-1]), workers: evaluation.workers)
    }
    return try pass.pullBack(cotangents, isLast: false)
  }

  /// J v at the current parameters, of shape [samples, outputs].
  public func pushforward(of direction: ParameterVector<Scalar>) throws -> Tensor<Scalar> {
    try pass.pushForward(direction, isLast: false)
  }

  /// ‖∂ℓ_i/∂θ‖² for the loss ℓ_i of each row of the batch, of shape [samples].
  ///
  /// A row's loss is what ``RowLoss`` gives for it, times its weight if it has one: not divided by the number of
  /// rows, and without penalties.
  /// The gradients are never formed. A tile is evaluated, pulled back once and forgotten, except that
  /// parameters without a factored form take a sweep for each row
  /// (``/AutoDiff/TiledEvaluation/squaredGradientNorms(for:cotangents:)``). Where the model has normalizations,
  /// their statistics are those of the batch, held fixed.
  ///
  /// The sum of the gradients, each times a weight w_i, is `pullback(of:)` of the rows of ``cotangents()``
  /// times w_i and the number of rows.
  public func squaredLossGradientNorms() throws -> Tensor<Scalar> {
    let (batch, loss) = (batch, loss)
    let cotangents: TiledEvaluation<Model>.SampleCotangents = { rows, outputs in
      batch.valueWithCotangents(ofRows: rows, outputs: outputs, by: loss, dividedBy: 1).cotangents
    }
    if let gradients {
      let ofLoss = try cotangents(.range(0..<batch.rowCount), gradients.outputs)
      return try gradients.squaredNorms(workers: evaluation.workers)
        * ofLoss.squared().reshaped(to: [-1])
    }
    return try rowwiseEvaluation()
      .squaredGradientNorms(for: batch.inputRows, cotangents: cotangents)
  }

  /// The empirical neural tangent kernel at some rows of the batch, of shape [rows, rows].
  ///
  /// It is that of all parameters that are trained. Where the model has normalizations, their
  /// statistics are those of the whole batch, held fixed: gradients of single samples are defined then.
  /// A ``KernelDefining`` model names another function of the rows, whose kernel it is then.
  ///
  /// The kernel of a whole batch leaves the factors of its samples' gradients behind: if the model has
  /// one output and no normalizations, the step then needs no further sweep, neither for the loss nor
  /// for a pullback.
  public func empiricalKernel(atRows rows: [Int]) throws -> Tensor<Scalar> {
    func kernel(of module: some Module<Scalar>) throws -> Tensor<Scalar> {
      try kernelEvaluation(of: module).empiricalKernel(at: batch.inputRows.rows(at: rows))
    }
    if let kernelModule { return try kernel(of: kernelModule) }
    guard try outputCount() == 1, rows.elementsEqual(0..<batch.rowCount),
      !evaluation.couplesRows
    else {
      return try rowwiseEvaluation().empiricalKernel(at: batch.inputRows.rows(at: rows))
    }
    let known = try gradients ?? evaluation.perSampleGradients(for: batch.inputs)
    // Of several outputs they are the gradients of a sum, which is no use for anything else.
    if known.outputs.shape[1] == 1 { gradients = known }
    return try known.gram(runner: evaluation.runner)
  }

  /// The function whose kernel stands for the model, where it names one.
  var kernelModule: (any Module<Scalar>)? {
    (model as? any KernelDefining<Scalar>)?.kernelModule
  }

  /// The evaluation of another function of the batch's rows, on the same threads.
  func kernelEvaluation<Other: Module<Scalar>>(of module: Other) -> TiledEvaluation<Other> {
    TiledEvaluation(of: module, workers: evaluation.workers, runner: evaluation.runner)
  }

  /// The model's evaluation with the statistics of its normalizations held at those of the batch, so
  /// that rows are independent; without normalizations, the evaluation itself.
  ///
  /// With normalizations the first call in a step sweeps forward over the batch, unless that was done.
  public func rowwiseEvaluation() throws -> TiledEvaluation<Model> {
    guard evaluation.couplesRows else { return evaluation }
    return evaluation.holding(try pass.statistics())
  }

  /// Whether a sweep over the batch has left all cotangents behind.
  var isSwept: Bool { swept != nil }

  /// The sum of the penalties and its gradient; nil if there are none.
  private var penalty: (value: Double, gradient: ParameterVector<Scalar>)? {
    if let knownPenalty { return knownPenalty }
    let parameters = penalties.isEmpty ? nil : model.parameters
    for penalty in penalties {
      guard let parameters else { break }
      let (value, gradient) = penalty.valueWithGradient(at: parameters)
      var sum = knownPenalty ?? (0, ParameterVector(zeros: parameters.layout))
      sum.value += value
      sum.gradient.add(gradient, scaledBy: 1)
      knownPenalty = sum
    }
    return knownPenalty
  }

  private func sweep() throws -> (value: Double, cotangents: Tensor<Scalar>) {
    if let swept { return swept }
    let (batch, loss) = (batch, loss)
    if let outputs = gradients?.outputs {
      let known = batch.valueWithCotangents(
        ofRows: .range(0..<batch.rowCount), outputs: outputs, by: loss)
      swept = known
      return known
    }
    let parts = try pass.outputs(adding: ShardSum<Double>.self) { rows, outputs, sum in
      let part = batch.valueWithCotangents(ofRows: rows, outputs: outputs, by: loss)
      sum.value += part.value
      return part.cotangents
    }
    let result = (value: parts.sum.value, cotangents: parts.outputs)
    swept = result
    return result
  }
}

// MARK: - Evaluation

extension TrainingStep {
  /// The loss, and its gradient with the cotangents transformed on the way; penalties included.
  func lossWithGradient(
    transform: CotangentTransform<Scalar>
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    let adjusted = (model as? any KernelDefining<Scalar>)?.adjustedOutputs
    var (loss, gradient) = try rowLossWithGradient(
      transform: adjusted.map { transform.restricted(to: $0) } ?? transform)
    if let penalty {
      loss += penalty.value
      gradient.add(penalty.gradient, scaledBy: 1)
    }
    return (loss, gradient)
  }

  /// The mean of the rows' losses, and its gradient with the cotangents transformed on the way.
  private func rowLossWithGradient(
    transform: CotangentTransform<Scalar>
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    // What was swept already is gone on from.
    if gradients == nil, swept == nil,
      let plan = TilePlan(
        for: transform, groups: batch.groups, rowsPerTile: evaluation.rowsPerTile)
    {
      return try streamed(transform: transform, by: plan)
    }
    let adjusted = try transform.applied(to: cotangents(), groups: batch.groups)
    let loss = try sweep().value
    if let known = gradients, known.holdsGradients { return (loss, try pullback(of: adjusted)) }
    return (loss, try pass.pullBack(adjusted))
  }

  /// Forward, adjustment and pullback within each tile.
  private func streamed(
    transform: CotangentTransform<Scalar>, by plan: TilePlan
  ) throws -> (loss: Double, gradient: ParameterVector<Scalar>) {
    let (batch, loss, keepsCotangents) = (batch, loss, keepsCotangents)
    func pullBack(_ pass: inout BatchPass<Model>) throws -> (
      gradient: ParameterVector<Scalar>, sum: StreamedSum<Scalar>
    ) {
      try pass.pullBack(adding: StreamedSum<Scalar>.self) { tile, rows, outputs, sum in
        let part = batch.valueWithCotangents(ofRows: rows, outputs: outputs, by: loss)
        sum.loss.value += part.value
        if keepsCotangents { sum.cotangents.append(part.cotangents) }
        return try transform.applied(
          to: part.cotangents, of: plan.contents[tile], rows: rows, groupCount: batch.groups.count)
      }
    }
    let result: (gradient: ParameterVector<Scalar>, sum: StreamedSum<Scalar>)
    if plan.hasRowsInOrder {
      result = try pullBack(&pass)
    } else {
      let known = pass.knownStatistics.map { evaluation.knowing($0) }
      var reordered = BatchPass(of: known ?? evaluation, over: batch.inputRows, tiles: plan.tiles)
      result = try pullBack(&reordered)
    }
    if keepsCotangents {
      var kept = Tensor<Scalar>(zeros: [batch.rowCount, result.sum.cotangents.first?.shape[1] ?? 0])
      for (rows, part) in zip(plan.tiles.tiles, result.sum.cotangents) {
        kept.setRows(in: rows, to: part)
      }
      streamedCotangents = kept
    }
    return (result.sum.loss.value, result.gradient)
  }
}

/// What a shard adds up beside the gradient.
private struct StreamedSum<Scalar: TensorScalar>: ShardResult {
  var loss = ShardSum<Double>()
  /// Those of each tile, in order, if they are wanted.
  var cotangents: [Tensor<Scalar>] = []

  mutating func combine(_ next: StreamedSum) {
    loss.combine(next.loss)
    cotangents += next.cotangents
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&loss, named: "loss")
    try visitor.visit(&cotangents, named: "cotangents")
  }
}
