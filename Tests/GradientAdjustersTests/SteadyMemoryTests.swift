import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Memory does not creep: after a warm-up, steps leave the process as large as it was.
@Suite struct SteadyMemoryTests {
  /// Makes steps in a process of its own, and ends it with success if it did not grow.
  private static func train(_ adjuster: any GradientAdjuster<Float>) throws -> Never {
    let problem = SmallProblem<Float>(rows: 120)
    var trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-4), adjuster: adjuster,
      workers: Workers(threads: 3))
    func growth(steps: Int) throws -> (tensors: Int, resident: Int) {
      let before = (TensorMemory.bytesInUse, residentBytes())
      for _ in 0..<steps { try trainer.advance(on: problem.batch) }
      return (TensorMemory.bytesInUse - before.0, residentBytes() - before.1)
    }
    _ = try growth(steps: 500)
    let found = try growth(steps: 2500)
    let isSteady = found.tensors <= 1 << 17 && found.resident <= 1 << 20
    if !isSteady { FileHandle.standardError.write(Data("\(found)\n".utf8)) }
    exit(isSteady ? 0 : 1)
  }

  private static func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  @Test func plainStepsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) { try SteadyMemoryTests.train(IdentityAdjuster()) }
  }

  @Test func stepsWithKernelsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      try SteadyMemoryTests.train(InductiveGradientAdjuster(end: 4))
    }
  }

  @Test func stepsWithBandsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let bands = NestedMeanBands<Float>(.blocks(of: RowGrid(extents: [120])), rowsPerTile: 16)
      try SteadyMemoryTests.train(ComposedAdjuster([BandEqualizer(bands), BurstDamping()]))
    }
  }
}
