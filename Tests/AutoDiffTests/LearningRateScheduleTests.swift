import AutoDiff
import Foundation
import Testing

@Suite struct LearningRateScheduleTests {
  private func expect(
    _ schedule: LearningRateSchedule, _ rates: [(step: Int, rate: Double)],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (step, rate) in rates {
      #expect(
        abs(schedule(step) - rate) <= 1e-15 * abs(rate) + 1e-18,
        "step \(step) of \(schedule)", sourceLocation: sourceLocation)
    }
  }

  @Test func constant() {
    expect(.constant(0.3), [(0, 0.3), (1, 0.3), (100_000, 0.3)])
    expect(1e-3, [(0, 1e-3), (7, 1e-3)])
  }

  @Test func steps() {
    expect(
      .steps(from: 1, factor: 0.1, every: 3),
      [(0, 1), (2, 1), (3, 0.1), (5, 0.1), (6, 0.01), (9, 0.001)])
  }

  @Test func milestones() {
    expect(
      .milestones(from: 2, factor: 0.5, at: [4, 10]), [(0, 2), (3, 2), (4, 1), (9, 1), (10, 0.5)])
    expect(.milestones(from: 2, factor: 0.5, at: []), [(0, 2), (99, 2)])
  }

  @Test func exponential() {
    expect(
      .exponential(from: 8, factor: 0.25, every: 10), [(0, 8), (5, 4), (10, 2), (20, 0.5)])
  }

  @Test func cosine() {
    let schedule = LearningRateSchedule.cosine(from: 3, to: 1, over: 6)
    expect(
      schedule, [(0, 3), (1, 2 + cos(.pi / 6)), (2, 2.5), (3, 2), (4, 1.5), (6, 1), (50, 1)])
    expect(.cosine(from: 1, over: 2), [(0, 1), (1, 0.5), (2, 0)])
  }

  @Test func warmingUp() {
    expect(
      LearningRateSchedule.constant(1).warmingUp(over: 4),
      [(0, 0.25), (1, 0.5), (2, 0.75), (3, 1), (4, 1), (100, 1)])
    expect(
      LearningRateSchedule.constant(1).warmingUp(over: 4, from: 0.2),
      [(0, 0.4), (1, 0.6), (3, 1), (9, 1)])
    let schedule = LearningRateSchedule.steps(from: 1, factor: 0.5, every: 2)
    expect(schedule.warmingUp(over: 4), [(0, 0.25), (1, 0.5), (2, 0.375), (3, 0.5), (4, 0.25)])
  }

  @Test func onesOwn() {
    let schedule = LearningRateSchedule("one over the step") { 1 / Double($0 + 1) }
    expect(schedule, [(0, 1), (3, 0.25)])
    #expect(schedule.description == "one over the step")
  }

  @Test func descriptionsSayTheNumbers() {
    #expect(LearningRateSchedule.constant(0.5).description == "constant 0.5")
    let schedule = LearningRateSchedule.steps(from: 0.5, factor: 0.1, every: 30)
    #expect(
      schedule.warmingUp(over: 9).description
        == "0.5, times 0.1 every 30 steps, warming up over 9 steps")
    #expect(
      LearningRateSchedule.cosine(from: 0.5, over: 8).description
        == "0.5 to 0.0, half a cosine over 8 steps")
    #expect(
      LearningRateSchedule.milestones(from: 0.5, factor: 0.1, at: [3]).description
        == "0.5, times 0.1 at steps [3]")
    #expect(
      LearningRateSchedule.exponential(from: 0.5, factor: 0.1, every: 3).description
        == "0.5, times 0.1 over every 3 steps")
  }

  @Test func intervalsAreAtLeastOneStep() async {
    await #expect(processExitsWith: .failure) {
      _ = LearningRateSchedule.steps(from: 1, factor: 1, every: 0)
    }
    await #expect(processExitsWith: .failure) { _ = LearningRateSchedule.cosine(from: 1, over: 0) }
    await #expect(processExitsWith: .failure) {
      _ = LearningRateSchedule.constant(1).warmingUp(over: 0)
    }
  }
}
