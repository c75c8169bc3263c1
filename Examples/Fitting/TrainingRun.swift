import AutoDiff
import ExampleSupport
import GradientAdjusters
import TensorKit

/// A run in training, with all that a checkpoint holds.
package struct TrainingRun<Model: Module, Findings: Checkpointable>: Checkpointable {
  /// The model in training.
  package private(set) var trainer: Trainer<Model>
  /// What it is trained on.
  package private(set) var source: any BatchSource<Model.Scalar>
  /// The losses and times of the steps.
  package var course = TrainingCourse()
  /// What a program has observed of the model.
  package var findings: Findings
  /// The model as it was at the best step so far; nil unless it is to be kept.
  package private(set) var best: BestModel<Model>?
  /// The mean of the model's parameters over the last steps; of none unless that is asked for.
  package private(set) var average = ParameterAverage<Model.Scalar>()
  /// What tells the best step.
  private let measure: BestMeasure
  /// Over which last share of the training parameters are averaged.
  private let averagedShare: Double?

  /// A run before its first step.
  ///
  /// - Parameters:
  ///   - trainer: The model in training.
  ///   - source: What it is trained on.
  ///   - findings: What a program has observed: nothing so far.
  ///   - keepsBest: Whether the model of the best step is kept.
  ///   - measure: What tells the best step.
  ///   - averagedShare: Over which last share of the training parameters are averaged; nil for none.
  package init(
    _ trainer: Trainer<Model>, on source: any BatchSource<Model.Scalar>, findings: Findings,
    keepsBest: Bool = false, by measure: BestMeasure = .loss, averagedShare: Double? = nil
  ) {
    self.trainer = trainer
    self.source = source
    self.findings = findings
    best = keepsBest ? BestModel(trainer.model) : nil
    self.measure = measure
    self.averagedShare = averagedShare
  }

  /// How many steps have been made.
  package var step: Int { trainer.step }

  /// The learning rate as a function of the step.
  package var learningRate: LearningRateSchedule {
    get { trainer.learningRate }
    set { trainer.learningRate = newValue }
  }

  /// Changes the model between steps; see `Trainer.changeModel`.
  ///
  /// - Parameters:
  ///   - optimizer: The optimizer from now on, a fresh one where parameters have other shapes.
  ///   - change: Changes the model.
  /// - Throws: What the change throws.
  package mutating func changeModel(
    optimizer: (any Optimizer<Model.Scalar>)? = nil, _ change: (inout Model) throws -> Void
  ) throws {
    try trainer.changeModel(optimizer: optimizer, change)
  }

  /// Changes the source of batches between steps, such as what it draws more often.
  package mutating func changeSource<Source: BatchSource<Model.Scalar>>(
    _ type: Source.Type, _ change: (inout Source) throws -> Void
  ) rethrows {
    guard var changed = source as? Source else { return }
    try change(&changed)
    source = changed
  }

  /// Trains for so many steps or so much time, or until a step fails or the user asks to stop.
  ///
  /// - Parameters:
  ///   - pacing: How long it goes on; no step is begun after that. Learning rates follow it.
  ///   - storage: Where the state is kept, from where an earlier run goes on.
  ///   - label: What the run is called.
  ///   - measure: What is shown of it.
  ///   - showsEvaluations: Whether what is measured of the model now and then is shown, rather than the losses.
  ///   - loss: Makes the loss that is noted of the one that is trained.
  ///   - shown: Makes the measure that is shown of the noted loss.
  ///   - isReached: Whether the run has reached what it was to reach, and may end; asked for after each step.
  ///   - prepare: Changes the run before each step, such as a model that is refined; its time is part of the step's.
  ///   - observe: Looks at the model and notes findings: before each step, and after the last.
  /// - Returns: The progress, which is yet to be finished.
  /// - Throws: What observing throws, and a failure if the earlier run does not fit; an `AdjusterError` ends the
  ///   run and becomes its failure.
  package mutating func train(
    _ pacing: Pacing, storage: inout RunStorage, label: String,
    measure: ProgressMeasure = .psnr, showsEvaluations: Bool = false,
    loss: (Double) -> Double = { $0 }, shown: (Double) -> Double = { $0 },
    until isReached: (_ run: inout Self) throws -> Bool = { _ in false },
    prepare: (_ run: inout Self) throws -> Void = { _ in },
    observe: (_ run: inout Self, _ isLast: Bool) throws -> Void
  ) throws -> StepProgress {
    try storage.start(&self)
    let (steps, seconds) = (pacing.steps, pacing.seconds ?? .infinity)
    var hasReached = false
    var progress = StepProgress(
      label, steps: steps, after: showsEvaluations ? [] : course.losses.map(shown),
      measure: measure)
    progress.update(step: step)
    try StopRequest.agree()
    do {
      while !hasReached, step < steps, course.trainingSeconds < seconds,
        StopRequest.received == nil
      {
        try observe(&self, false)
        try advance(loss: loss) { run in
          pacing.setLearningRate(of: &run)
          try prepare(&run)
        }
        if let averagedShare, pacing.share(of: self) > 1 - averagedShare {
          average.add(trainer.model.parameters)
        }
        let value =
          showsEvaluations
          ? course.evaluation(before: step - 1) : course.losses.last.map(shown)
        progress.update(
          step: step, value: value, measuredAfter: step - 1,
          share: steps == .max ? course.trainingSeconds / seconds : nil)
        storage.noteStep(of: self)
        hasReached = try isReached(&self)
        try StopRequest.agree()
      }
      let isUnfinished = !hasReached && step < steps && course.trainingSeconds < seconds
      course.stop = isUnfinished ? StopRequest.received : nil
      // What is observed at the end is not part of the state, so that a longer run can go on from it.
      course.isSaved = storage.finish(self, evenIfNever: course.stop != nil)
      try observe(&self, true)
    } catch let error as AdjusterError {
      course.failure = RunFailure(step: step, error: error)
      storage.finish(self)
    }
    return progress
  }

  private mutating func advance(
    loss: (Double) -> Double, prepare: (_ run: inout Self) throws -> Void
  ) throws {
    let start = Machine.monotonicSeconds()
    try prepare(&self)
    // The loss is that of the model before the update.
    let former = best == nil || measure == .evaluation ? nil : trainer.model
    let batch = try source.nextBatch()
    let noted = loss(try trainer.advance(on: batch))
    course.append(noted, duration: try Ranks.shared(Machine.monotonicSeconds() - start))
    for diagnostic in trainer.adjuster.diagnostics {
      course.append(diagnostic, step: step - 1)
    }
    let made = step - 1
    if let former { best?.note(former, loss: noted, step: made) }
  }

  /// Notes what was measured of the model as it is now, where more is better.
  ///
  /// - Parameters:
  ///   - value: What was measured.
  ///   - isLast: Whether it is of the end, which is told apart in the course.
  package mutating func note(evaluation value: Double, isLast: Bool = false) {
    if !isLast { course.note(evaluation: value) }
    if measure == .evaluation { noteFinal(loss: -value) }
  }

  /// Shows the final model to the best one so far.
  ///
  /// - Parameter loss: The loss after the last update.
  package mutating func noteFinal(loss: Double) {
    let (model, step) = (trainer.model, step)
    best?.note(model, loss: loss, step: step)
  }

  /// Shows the states of the trainer and the source, the course, the findings and the best model.
  package mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&trainer, named: "trainer")
    try visitor.visit(&source, named: "source")
    try visitor.visit(&course, named: "course")
    try visitor.visit(&findings, named: "findings")
    try visitor.visit(&average, named: "average")
    try visitor.visit(&best, named: "best", startingFrom: BestModel(trainer.model))
    try visitor.require(
      course.losses.count == step, of: "course.losses",
      "there are \(course.losses.count) losses of \(step) steps")
  }
}

/// What tells the best step of a run.
package enum BestMeasure: Sendable {
  /// The smallest loss before a step's update.
  case loss
  /// The largest of the evaluations that a program makes now and then.
  case evaluation
}

/// The findings of a program that observes nothing of the model.
package struct NoFindings: Checkpointable {
  package init() {}

  /// Shows nothing.
  package mutating func visitState(_ visitor: inout StateVisitor) {}
}

/// A model as it was at the step with the smallest loss.
package struct BestModel<Model: Module>: Checkpointable {
  /// The model.
  package private(set) var model: Model
  /// After how many steps.
  package private(set) var step = 0
  /// Its loss.
  package private(set) var loss = Double.infinity

  init(_ model: Model) { self.model = model }

  mutating func note(_ model: Model, loss: Double, step: Int) {
    guard loss < self.loss else { return }
    (self.model, self.step, self.loss) = (model, step, loss)
  }

  /// Shows the model, the step and the loss.
  package mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&model, named: "model")
    try visitor.visit(&step, named: "step")
    try visitor.visit(&loss, named: "loss")
  }
}
