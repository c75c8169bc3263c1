import AutoDiff
import GradientAdjusters
import TensorKit
import Testing

@Suite struct MemoryEstimateTests {
  private let problem = SmallProblem<Float>()

  @Test func footprintsAreThoseOfTheModel() throws {
    let footprint = try ModelFootprint(of: problem.model, inputs: 2)
    // 2 -> 16 -> 16 -> 3, with biases; a recording holds each layer's values, and what their derivatives need.
    #expect(footprint.trainedCount == 3 * 16 + 17 * 16 + 17 * 3)
    #expect(footprint.storedCount == footprint.trainedCount && footprint.outputs == 3)
    #expect(footprint.recordedPerRow >= 16 + 16 + 3)
    var normalized = problem.model
    var generator = SeededGenerator(seed: 1)
    var adjuster = BatchNormalization<Float>()
    try adjuster.prepare(&normalized, using: &generator)
    let other = try ModelFootprint(of: normalized, inputs: 2)
    #expect(other.trainedCount == footprint.trainedCount + 2 * 32)
    // What normalizations receive, in the place of the slopes.
    #expect(other.recordedPerRow == footprint.recordedPerRow)
  }

  @Test func partsAreThoseThatTheRunHas() throws {
    let footprint = try ModelFootprint(of: problem.model, inputs: 2)
    let plain = MemoryEstimate(of: footprint, rowCount: 10_000, bytesPerNumber: 4, threads: 2)
    #expect(plain.bytes[.kernels] == 0 && plain.bytes[.recordings] == 0)
    #expect(plain.bytes[.optimizer] == 8 * footprint.trainedCount)
    #expect(plain.total == plain.bytes.values.reduce(0, +))
    let kept = MemoryEstimate(
      of: footprint, rowCount: 10_000, bytesPerNumber: 4, keepsRecordings: true,
      kernelSizes: [1000], threads: 2)
    #expect(kept.bytes[.recordings] == 40_000 * footprint.recordedPerRow)
    #expect(try #require(kept.bytes[.kernels]) >= 4_000_000 && kept.largest == .kernels)
    // What does not find half of the room is not kept at all.
    let small = MemoryEstimate(
      of: footprint, rowCount: 10_000, bytesPerNumber: 4, keepsRecordings: true,
      recordingBudget: 1 << 16, threads: 2)
    #expect(small.bytes[.recordings] == 0)
    let double = MemoryEstimate(of: footprint, rowCount: 10_000, bytesPerNumber: 8, threads: 2)
    #expect(double.total == 2 * plain.total)
  }

  @Test func sumsOfTheLargestAreStillNumbers() throws {
    var footprint = try ModelFootprint(of: problem.model, inputs: 2)
    (footprint.trainedCount, footprint.storedCount) = (1 << 60, 1 << 60)
    footprint.recordedPerRow = 1 << 60
    let estimate = MemoryEstimate(
      of: footprint, rowCount: 1 << 30, bytesPerNumber: 8, keepsRecordings: true,
      recordingBudget: .max, kernelSizes: [1 << 30])
    #expect(estimate.total > 1 << 60)
  }
}
