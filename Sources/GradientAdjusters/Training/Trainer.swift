import AutoDiff
import TensorKit

/// Joins a model, an optimizer and an adjuster into a training loop.
///
/// Everything that a trainer does is also within reach of a loop of one's own; see
/// ``GradientAdjuster/lossWithGradient(of:on:loss:penalties:step:workers:runner:)``.
///
/// ```swift
/// var trainer = try Trainer(
///   model, optimizer: Adam(learningRate: 1e-3), adjuster: InductiveGradientAdjuster(end: 20))
/// for _ in 0..<1000 { try trainer.advance(on: batch) }
/// let fitted = try trainer.plainModel()
/// ```
///
/// A run can be saved after any step, and resumed by a trainer that was made like the first: `savedState()`
/// and `restore(from:)`. The steps that follow have the same bits.
public struct Trainer<Model: Module>: Checkpointable {
  /// The type of numbers that the model computes with.
  public typealias Scalar = Model.Scalar

  /// The model, as the adjuster has rewritten it.
  public private(set) var model: Model
  /// The optimizer, with its state.
  public private(set) var optimizer: any Optimizer<Scalar>
  /// The adjuster, with its state.
  public private(set) var adjuster: any GradientAdjuster<Scalar>
  /// The loss of the rows.
  public let loss: any RowLoss<Scalar>
  /// What is added to the mean of the rows' losses.
  public let penalties: [any Penalty<Scalar>]
  /// The threads that share the work; results do not depend on their number.
  public let workers: Workers
  /// What works on shards of a batch: the threads, or processes.
  public let runner: any ShardRunner
  /// About how many bytes of recordings a step may keep between its sweeps; results do not depend on it.
  public let recordingBudget: Int
  /// How many steps have been made.
  public private(set) var step = 0
  /// Whether all gradients, rates and parameters so far were far from the largest number.
  private var isTemperate: Bool

  /// Prepares to train a model.
  ///
  /// - Parameters:
  ///   - model: The model; the adjuster may rewrite it.
  ///   - optimizer: Moves the parameters.
  ///   - adjuster: Changes the gradients; none by default.
  ///   - loss: The loss of the rows; the mean squared error by default.
  ///   - penalties: Terms in the parameters that are added to it; none by default.
  ///   - workers: The threads that share the work; those of the runner by default.
  ///   - runner: Works on shards of a batch, such as the processes of a `ProcessGroup`; the threads by default.
  ///   - recordingBudget: About how many bytes of recordings a step may keep between its sweeps.
  ///   - seed: Seeds what the adjuster draws while it rewrites the model.
  /// - Throws: What the adjuster throws.
  public init(
    _ model: Model, optimizer: any Optimizer<Scalar>,
    adjuster: (any GradientAdjuster<Scalar>)? = nil, loss: (any RowLoss<Scalar>)? = nil,
    penalties: [any Penalty<Scalar>] = [], workers: Workers? = nil,
    runner: (any ShardRunner)? = nil,
    recordingBudget: Int = TiledEvaluation<Model>.standardRecordingBudget, seed: UInt64 = 0
  ) throws {
    let workers = workers ?? runner?.workers ?? Workers()
    var adjuster = adjuster ?? IdentityAdjuster<Scalar>()
    var model = model
    var generator = SeededGenerator(seed: seed)
    try adjuster.prepare(&model, using: &generator)
    self.model = model
    self.optimizer = optimizer
    self.adjuster = adjuster
    self.loss = loss ?? MeanSquaredError<Scalar>()
    self.penalties = penalties
    self.workers = workers
    self.runner = runner ?? workers
    self.recordingBudget = recordingBudget
    isTemperate = model.parameters.isTemperate(workers)
  }

  /// Makes one step on a batch, or none at all.
  ///
  /// - Returns: The loss before the step's update, penalties included.
  /// - Throws: ``AdjusterError/nonFinite(_:step:)`` if the loss, the gradient or the learning rate is not finite, and
  ///   ``AdjusterError/updateNotFinite(parameter:step:)`` if a parameter would no longer be, with the step and the
  ///   first parameter by name; and whatever the adjuster throws. Model, optimizer and adjuster are then as they
  ///   were before the step, so that the run can go on from there with a smaller ``learningRate``.
  @discardableResult
  public mutating func advance(on batch: Batch<Scalar>) throws -> Double {
    let former = adjuster
    do {
      let evaluation = TiledEvaluation(
        of: model, workers: workers, runner: runner, recordingBudget: recordingBudget)
      let current = TrainingStep(
        evaluation: evaluation, batch: batch, loss: loss, penalties: penalties, index: step)
      let (value, gradient) = try adjuster.lossWithGradient(for: current)
      try update(along: gradient)
      step += 1
      return value
    } catch {
      adjuster = former
      throw error
    }
  }

  /// Moves the model, unless a parameter would no longer be finite.
  private mutating func update(along gradient: ParameterVector<Scalar>) throws {
    var parameters = model.parameters
    precondition(
      parameters.layout == gradient.layout, "the gradient of another model was given")
    // A copy of an optimizer costs as much as its state as soon as the first is changed, so there is one only
    // where something can overflow. To what is temperate the package's own do nothing of the kind.
    guard optimizer.learningRate.hasRate(at: optimizer.step) else {
      throw AdjusterError.nonFinite("learning rate", step: step)
    }
    let rate = optimizer.learningRate(optimizer.step)
    isTemperate =
      isTemperate && optimizer is any BoundedOptimizer && gradient.isTemperate(workers)
      && abs(rate) <= ParameterVector<Scalar>.temperateSize
    let former = isTemperate ? nil : optimizer
    optimizer.update(&parameters, along: gradient)
    if !parameters.isTemperate(workers) {
      isTemperate = false
      if let name = parameters.firstNonFinite {
        if let former { optimizer = former }
        throw AdjusterError.updateNotFinite(parameter: name, step: step)
      }
    }
    model.parameters = parameters
  }

  /// The learning rate as a function of the step, which may be changed between steps.
  ///
  /// A schedule is asked for the optimizer's step, which counts from the beginning of the run and is the
  /// same after the run was resumed. It is not part of the saved state: a resumed run has the schedule of
  /// the optimizer that its trainer was made with.
  public var learningRate: LearningRateSchedule {
    get { optimizer.learningRate }
    set { optimizer.learningRate = newValue }
  }

  /// Changes the model between steps, such as its structure as it is refined.
  ///
  /// Where parameters have other names or shapes afterwards, the optimizer must be a fresh one, as its state is of the
  /// old ones. Its learning rates then start again, unless the schedule that it is given says otherwise.
  ///
  /// - Parameters:
  ///   - optimizer: The optimizer from now on; the same, with its state, by default.
  ///   - change: Changes the model.
  /// - Throws: What the change throws; the model is then unchanged.
  /// - Precondition: With the same optimizer, parameters keep their names and shapes.
  public mutating func changeModel(
    optimizer: (any Optimizer<Scalar>)? = nil, _ change: (inout Model) throws -> Void
  ) throws {
    var changed = model
    try change(&changed)
    let layout = changed.parameterLayout
    precondition(
      optimizer != nil || layout == model.parameterLayout,
      "a model whose parameters changed their shapes needs a fresh optimizer")
    model = changed
    if let optimizer { self.optimizer = optimizer }
    isTemperate = model.parameters.isTemperate(workers)
  }

  /// Shows the model's parameters, the states of the optimizer and the adjuster, and the step.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&model, named: "model")
    try visitor.visit(&optimizer, named: "optimizer")
    try visitor.visit(&adjuster, named: "adjuster")
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) steps")
    guard visitor.isReading else { return }
    isTemperate = model.parameters.isTemperate(workers)
    do {
      try optimizer.requireState(fitting: model.parameterLayout)
    } catch {
      throw error.within("optimizer")
    }
  }

  /// The model's outputs, of shape [samples, outputs].
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  public func outputs(for inputs: Tensor<Scalar>) throws -> Tensor<Scalar> {
    try TiledEvaluation(of: model, workers: workers, runner: runner).outputs(for: inputs)
  }

  /// The plain model that computes what the trained one does.
  ///
  /// - Parameter inputs: The batch that the model is trained on, for adjusters whose model depends on
  ///   it, as ``BatchNormalization``. Shape: [samples, inputs].
  /// - Throws: What the adjuster throws, such as ``AdjusterError/needsInputs``.
  public func plainModel(over inputs: Tensor<Scalar>? = nil) throws -> Model {
    try adjuster.folded(model, over: inputs)
  }
}

extension ParameterVector {
  /// The fourth root of the largest number: squares times a few thousands are still numbers.
  fileprivate static var temperateSize: Double {
    Double(Scalar.greatestFiniteMagnitude).squareRoot().squareRoot()
  }

  /// Whether the norm is far from the largest number.
  fileprivate func isTemperate(_ workers: Workers) -> Bool {
    values.sumOfSquares(workers: workers).squareRoot() <= Self.temperateSize
  }
}
