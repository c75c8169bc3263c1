import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct DivergenceTests {
  private let problem = SmallProblem<Float>()

  /// Multiplies the gradient of one step.
  private struct Outburst: GradientAdjuster {
    let step: Int
    let factor: Float
    private var adjustedCount = 0

    init(_ factor: Float, step: Int) { (self.factor, self.step) = (factor, step) }

    mutating func adjust<Model: Module<Float>>(
      _ gradient: inout ParameterVector<Float>, for step: TrainingStep<Model>
    ) {
      adjustedCount += 1
      if step.index == self.step { gradient *= factor }
    }

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&adjustedCount, named: "adjustedCount")
    }
  }

  /// Moves parameters out of range at its second update.
  private struct Leaping: Optimizer {
    var learningRate: LearningRateSchedule = 1.0
    private(set) var step = 0
    private var moment = Tensor<Float>([0])

    mutating func update(
      _ parameters: inout ParameterVector<Float>, along gradient: ParameterVector<Float>
    ) {
      step += 1
      moment[0] += 1
      if step == 2 { parameters.values[20] = .nan }
    }

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&step, named: "step")
      try visitor.visit(&moment, named: "moment")
    }
  }

  /// The fourth root of residuals, whose slope at zero is none.
  private struct Cusp: RowLoss {
    func callAsFunction(_ outputs: Variable<Float>, _ targets: Tensor<Float>) -> Variable<Float> {
      (outputs - Variable(targets)).squared().squareRoot().squareRoot().mean(
        alongAxis: 1, keepingAxis: true)
    }
  }

  private func bytes(_ trainer: Trainer<CoordinateNetwork<Float>>) throws -> [UInt8] {
    try trainer.savedState().file.bytes()
  }

  /// Makes a step that fails, and checks that nothing changed.
  private func expectFailure(
    _ trainer: inout Trainer<CoordinateNetwork<Float>>, on batch: Batch<Float>,
    _ error: AdjusterError
  ) throws {
    let before = try bytes(trainer)
    #expect(throws: error) { try trainer.advance(on: batch) }
    #expect(try bytes(trainer) == before)
  }

  @Test func dataThatAreNotFiniteAreNoDivergence() throws {
    var (inputs, targets) = (problem.batch.inputs, problem.batch.targets)
    targets[3, 1] = .infinity
    inputs[50, 0] = .nan
    var trainer = try Trainer(problem.model, optimizer: SGD(learningRate: 0.1))
    try expectFailure(
      &trainer, on: Batch(inputs: problem.batch.inputs, targets: targets),
      .dataNotFinite("targets"))
    try expectFailure(
      &trainer, on: Batch(inputs: inputs, targets: problem.batch.targets), .dataNotFinite("inputs"))
  }

  @Test func anInfiniteLossIsToldFromWhatMadeItInfinite() throws {
    var spoilt = problem.model
    spoilt.parameters.values[spoilt.parameters.layout.entries[2].offset] = .nan
    var trainer = try Trainer(spoilt, optimizer: SGD(learningRate: 0.1))
    let name = spoilt.parameters.layout.entries[2].name
    try expectFailure(&trainer, on: problem.batch, .nonFinite("parameter \(name)", step: 0))

    // Finite parameters, of outputs that are not.
    var huge = problem.model
    let last = huge.parameters.layout.entries[4]
    huge.parameters.values.setElements(
      from: last.offset,
      to: Tensor(repeating: Float.greatestFiniteMagnitude, shape: [last.count]))
    trainer = try Trainer(huge, optimizer: SGD(learningRate: 0.1))
    try expectFailure(&trainer, on: problem.batch, .nonFinite("output", step: 0))
  }

  @Test func aGradientIsNamedByItsFirstParameter() throws {
    // Outputs of zero for targets of zero: the loss is zero, and its slope is not a number.
    var flat = problem.model
    let last = flat.parameters.layout.entries[4]
    flat.parameters.values.setElements(
      from: last.offset, to: Tensor(zeros: [flat.parameters.layout.count - last.offset]))
    let batch = Batch(
      inputs: problem.batch.inputs, targets: Tensor(zeros: problem.batch.targets.shape))
    var trainer = try Trainer(flat, optimizer: Adam(learningRate: 0.1), loss: Cusp())
    try expectFailure(
      &trainer, on: batch, .nonFinite("gradient of layers.0.weight", step: 0))

    trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 0.1), adjuster: Outburst(.nan, step: 2))
    for _ in 0..<2 { try trainer.advance(on: problem.batch) }
    try expectFailure(
      &trainer, on: problem.batch, .nonFinite("adjusted gradient of layers.0.weight", step: 2))
    #expect(trainer.step == 2 && trainer.optimizer.step == 2)
  }

  @Test(arguments: ["SGD", "Adam", "Muon"])
  func anUpdateThatOverflowsIsTakenBack(_ name: String) throws {
    let rate = LearningRateSchedule("huge in the third step") { $0 == 2 ? 1e300 : 1e-3 }
    let optimizer: any Optimizer<Float> =
      switch name {
      case "SGD": SGD(learningRate: rate, momentum: 0.9)
      case "Adam": Adam(learningRate: rate, amsGrad: true)
      default: Muon(learningRate: rate)
      }
    var trainer = try Trainer(problem.model, optimizer: optimizer, adjuster: Outburst(1, step: 0))
    for _ in 0..<2 { try trainer.advance(on: problem.batch) }
    let good = trainer.model.parameters
    try expectFailure(
      &trainer, on: problem.batch, .updateNotFinite(parameter: "layers.0.weight", step: 2))
    #expect(trainer.model.parameters == good)

    // With a smaller rate the run goes on as if nothing had been.
    trainer.learningRate = 1e-3
    var other = try Trainer(
      problem.model, optimizer: optimizer, adjuster: Outburst(1, step: 0))
    other.learningRate = 1e-3
    for _ in 0..<3 { try other.advance(on: problem.batch) }
    try trainer.advance(on: problem.batch)
    #expect(try bytes(trainer) == bytes(other))
  }

  @Test func squaresOfAGradientThatOverflowAreTakenBack() throws {
    var trainer = try Trainer(
      problem.model, optimizer: SGD(learningRate: 1e10, momentum: 0.9),
      adjuster: Outburst(1e36, step: 1))
    trainer.learningRate = LearningRateSchedule("larger and larger") { $0 == 0 ? 1e-3 : 1e10 }
    try trainer.advance(on: problem.batch)
    try expectFailure(
      &trainer, on: problem.batch, .updateNotFinite(parameter: "layers.0.weight", step: 1))
  }

  @Test func aScheduleWithoutARateIsAnError() throws {
    let overflowing = LearningRateSchedule.steps(from: 1e-3, factor: 1e300, every: 1)
    for optimizer: any Optimizer<Float> in [
      SGD(learningRate: LearningRateSchedule("overflowing") { $0 == 1 ? .infinity : 1e-3 }),
      Adam(learningRate: LearningRateSchedule("negative") { $0 == 1 ? -1 : 1e-3 }),
    ] {
      var trainer = try Trainer(problem.model, optimizer: optimizer)
      try trainer.advance(on: problem.batch)
      let former = try trainer.savedState()
      #expect(throws: AdjusterError.nonFinite("learning rate", step: 1)) {
        try trainer.advance(on: problem.batch)
      }
      #expect(try trainer.savedState() == former)
    }
    #expect(overflowing.hasRate(at: 1) && !overflowing.hasRate(at: 2))
  }

  @Test func optimizersOfOnesOwnAreTakenBackToo() throws {
    var trainer = try Trainer(problem.model, optimizer: Leaping())
    try trainer.advance(on: problem.batch)
    try expectFailure(
      &trainer, on: problem.batch, .updateNotFinite(parameter: "layers.0.weight", step: 1))
    #expect(trainer.optimizer.step == 1)
  }

  @Test func theErrorSaysWhereAndWhatHelps() {
    let text = AdjusterError.nonFinite("gradient of layers.1.weight", step: 7).description
    #expect(text.hasPrefix("At step 7 the gradient of layers.1.weight is not finite"))
    #expect(text.contains("smaller learning rate"))
  }
}
