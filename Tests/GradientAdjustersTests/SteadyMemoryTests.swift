import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Steps leave no tensor behind: after any number of them there are as many as before.
///
/// That freed ones are not hoarded is a test of the buffers themselves.
@Suite struct SteadyMemoryTests {
  /// Makes steps in a process of its own, and ends it with success if tensors did not become more.
  private static func train(_ adjuster: any GradientAdjuster<Float>) throws -> Never {
    let problem = SmallProblem<Float>(rows: 600, groupSize: 30)
    var trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-4), adjuster: adjuster,
      workers: Workers(threads: 3))
    for _ in 0..<60 { try trainer.advance(on: problem.batch) }
    let before = TensorMemory.bytesInUse
    for _ in 0..<600 { try trainer.advance(on: problem.batch) }
    // What other threads have not told yet: a part of 64 KiB each.
    let growth = TensorMemory.bytesInUse - before
    exit(abs(growth) <= 3 << 16 ? 0 : 1)
  }

  @Test func plainStepsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      try SteadyMemoryTests.train(IdentityAdjuster())
    }
  }

  @Test func stepsWithKernelsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      try SteadyMemoryTests.train(InductiveGradientAdjuster(end: 4))
    }
  }

  @Test func stepsWithBandsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let bands = NestedMeanBands<Float>(.blocks(of: RowGrid(extents: [600])), rowsPerTile: 64)
      try SteadyMemoryTests.train(ComposedAdjuster([BandEqualizer(bands), BurstDamping()]))
    }
  }
}
