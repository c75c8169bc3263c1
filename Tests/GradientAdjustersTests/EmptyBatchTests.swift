import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct EmptyBatchTests {
  private static let batch = Batch(
    inputs: Tensor<Double>(zeros: [0, 2]), targets: Tensor<Double>(zeros: [0, 3]))

  @Test(arguments: ConformanceTests.adjusters(Double.self).map(\.name))
  func nothingIsLearnedFromNoRows(name: String) throws {
    let adjuster = try #require(
      ConformanceTests.adjusters(Double.self).first { $0.name == name }?.adjuster)
    let problem = SmallProblem<Double>()
    var trainer = try Trainer(
      problem.model, optimizer: SGD(learningRate: 0.1), adjuster: adjuster)
    #expect(throws: AdjusterError.noRows) { try trainer.advance(on: Self.batch) }
    // Nor does it do any harm.
    let selected = problem.batch.selecting([])
    #expect(throws: AdjusterError.noRows) { try trainer.advance(on: selected) }
    #expect(trainer.step == 0)
  }

  @Test func theOutputsForNoRowsAreNoRows() throws {
    let problem = SmallProblem<Double>()
    let evaluation = TiledEvaluation(of: problem.model)
    #expect(try evaluation.outputs(for: Self.batch.inputs).shape == [0, 3])
    #expect(try evaluation.empiricalKernel(at: Self.batch.inputs).shape == [0, 0])
  }

  @Test func aBatchWithoutAWholeGroupIsToldSo() throws {
    let problem = SmallProblem<Double>(rows: 5)
    var adjuster = InductiveGradientAdjuster<Double>(end: 0)
    let error = #expect(throws: AdjusterError.self) {
      try adjuster.lossWithGradient(for: problem.step())
    }
    #expect(error == .endNotBelowGroups(end: 0, groups: 0))
    #expect(error?.description.contains("choose smaller groups") == true)
    #expect(error?.description.contains("below 0") == false)
  }
}
