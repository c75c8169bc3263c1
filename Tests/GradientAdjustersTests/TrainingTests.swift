import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct TrainingTests {
  @Test func identityIsNoAdjusterBitForBit() throws {
    let problem = SmallProblem<Float>(rows: 300)
    var plain = try Trainer(problem.model, optimizer: Adam(learningRate: 1e-3))
    var identity = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: IdentityAdjuster())
    var composed = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: ComposedAdjuster([]))
    for _ in 0..<5 {
      let loss = try plain.advance(on: problem.batch)
      #expect(try identity.advance(on: problem.batch) == loss)
      #expect(try composed.advance(on: problem.batch) == loss)
    }
    #expect(plain.model.parameters == identity.model.parameters)
    #expect(plain.model.parameters == composed.model.parameters)
  }

  @Test func trainerEqualsALoopOfOnesOwn() throws {
    let problem = SmallProblem<Double>()
    var trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3),
      adjuster: InductiveGradientAdjuster(end: 3))
    var model = problem.model
    var optimizer = Adam<Double>(learningRate: 1e-3)
    var adjuster = InductiveGradientAdjuster<Double>(end: 3)
    for step in 0..<4 {
      let (loss, gradient) = try adjuster.lossWithGradient(
        of: model, on: problem.batch, step: step)
      optimizer.update(&model, along: gradient)
      #expect(try trainer.advance(on: problem.batch) == loss)
    }
    #expect(trainer.model.parameters == model.parameters)
    #expect(try trainer.plainModel().parameters == model.parameters)
  }

  /// Multiplies cotangents and adds to the gradient, to see in which order hooks run.
  private struct Affine: GradientAdjuster {
    typealias Scalar = Double
    let factor: Double
    let offset: Double

    mutating func cotangentTransform<Model: Module<Double>>(
      for step: TrainingStep<Model>
    ) -> CotangentTransform<Double> {
      let factor = factor
      return .rows { $0 * factor }
    }

    mutating func adjust<Model: Module<Double>>(
      _ gradient: inout ParameterVector<Double>, for step: TrainingStep<Model>
    ) { gradient.values = gradient.values * factor + offset }
  }

  @Test func compositionsApplyInOrder() throws {
    let problem = SmallProblem<Double>()
    var identity = IdentityAdjuster<Double>()
    let plain = try identity.lossWithGradient(for: problem.step()).gradient.values
    var composed = ComposedAdjuster<Double>([
      Affine(factor: 2, offset: 1), Affine(factor: 3, offset: -1),
    ])
    let adjusted = try composed.lossWithGradient(for: problem.step()).gradient.values
    // Cotangents are doubled, then tripled; gradients doubled plus one, then tripled less one.
    let afterFirst: Tensor<Double> = plain * 12 + 1
    let expected: Tensor<Double> = afterFirst * 3 - 1
    #expect(adjusted.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
  }

  @Test func transformsAcrossTheBatchSeeAllRows() throws {
    struct Centering: GradientAdjuster {
      typealias Scalar = Double
      mutating func cotangentTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) -> CotangentTransform<Double> {
        .acrossBatch { $0 - $0.mean(alongAxis: 0, keepingAxis: true) }
      }
    }
    let problem = SmallProblem<Double>(rows: 50)
    var adjuster = Centering()
    let gradient = try adjuster.lossWithGradient(for: problem.step(rowsPerTile: 8)).gradient
    let cotangents = try problem.step().cotangents()
    let expected = try problem.step().pullback(
      of: cotangents - cotangents.mean(alongAxis: 0, keepingAxis: true))
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-11))
  }

  @Test func aTransformThatChangesShapesIsATypedError() {
    struct Broken: GradientAdjuster {
      typealias Scalar = Double
      mutating func cotangentTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) -> CotangentTransform<Double> { .acrossGroups { $0.transposed() } }
    }
    let problem = SmallProblem<Double>()
    var adjuster = Broken()
    #expect(throws: AdjusterError.self) {
      try adjuster.lossWithGradient(for: problem.step())
    }
  }

  @Test func stepsProbeTheKernel() throws {
    let problem = SmallProblem<Double>(rows: 10, groupSize: 1, outputs: 1)
    let step = problem.step()
    // K u = J (Jᵀ u) for each unit vector, against the Gram matrix of the rows.
    let kernel = try step.empiricalKernel(atRows: Array(0..<10))
    for column in 0..<10 {
      var unit = Tensor<Double>(zeros: [10, 1])
      unit[column, 0] = 1
      let product = try step.pushforward(of: step.pullback(of: unit))
      #expect(
        product.reshaped(to: [10]).isApproximatelyEqual(
          to: kernel.slice(column..<(column + 1)).reshaped(to: [10]), relativeTolerance: 1e-11))
    }
  }

  @Test func groupsCoverEveryRowOnce() {
    let runs = RowPartition(rowCount: 23, groupSize: 5)
    #expect(runs.count == 4 && runs.places == 5 && runs.remainder == [20, 21, 22])
    #expect(runs.row(group: 2, place: 3) == 13)
    let lists = RowPartition(rowCount: 7, groups: [[6, 0], [2, 5]])
    #expect(lists.count == 2 && lists.remainder == [1, 3, 4])
    #expect(lists.row(group: 1, place: 1) == 5)
    #expect(
      RowPartition(rowCount: 4, groups: [[0, 1], [2, 3]]) == RowPartition(rowCount: 4, groupSize: 2)
    )
  }
}
