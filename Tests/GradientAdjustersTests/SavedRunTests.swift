import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Runs that are saved into a file, resumed by a trainer that is made anew, and go on with the same bits.
@Suite struct SavedRunTests {
  private static func throughAFile(_ state: SavedState) throws -> SavedState {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try state.file.write(to: path)
    return try SavedState(SafeTensorsFile(contentsOf: path))
  }

  /// Expects that runs which are saved at some steps and resumed have the bits of one that is not.
  private func expectSameBits<Model: Module>(
    _ name: String, steps stepCount: Int, savedAt saves: [Int],
    on batch: Batch<Model.Scalar>, threads: [(before: Int, after: Int)] = [(1, 3), (3, 1)],
    _ trainer: (Workers) throws -> Trainer<Model>
  ) throws {
    for (before, after) in threads {
      var straight = try trainer(Workers(threads: before))
      var losses: [Double] = []
      var states: [Int: SavedState] = [:]
      for step in 0..<stepCount {
        if saves.contains(step) { states[step] = try straight.savedState() }
        losses.append(try straight.advance(on: batch))
      }
      for save in saves {
        let state = try #require(states[save])
        let read = try Self.throughAFile(state)
        #expect(read == state, "\(name)")
        var resumed = try trainer(Workers(threads: after))
        try resumed.restore(from: read)
        #expect(resumed.step == save)
        let rest = try (save..<stepCount).map { _ in try resumed.advance(on: batch) }
        #expect(rest == Array(losses[save...]), "\(name), saved at step \(save)")
        #expect(resumed.model.parameters == straight.model.parameters, "\(name)")
        // All that is carried on is the same, too.
        #expect(try resumed.savedState() == straight.savedState(), "\(name)")
      }
    }
  }

  @Test(arguments: ConformanceTests.adjusters(Float.self).map(\.name))
  func everyAdjusterResumes(name: String) throws {
    let problem = SmallProblem<Float>(rows: 61, groupSize: 4)
    let adjuster = try #require(
      ConformanceTests.adjusters(Float.self).first { $0.name == name }?.adjuster)
    try expectSameBits(name, steps: 7, savedAt: [0, 2, 5], on: problem.batch) {
      try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster, workers: $0)
    }
  }

  @Test func everyAdjusterResumesInDoublePrecision() throws {
    let problem = SmallProblem<Double>(rows: 61, groupSize: 4)
    for (name, adjuster) in ConformanceTests.adjusters(Double.self) {
      try expectSameBits(name, steps: 4, savedAt: [2], on: problem.batch, threads: [(1, 3)]) {
        try Trainer(
          problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster, workers: $0)
      }
    }
  }

  @Test func everyOptimizerResumes() throws {
    let problem = SmallProblem<Float>(rows: 300)
    let rate = LearningRateSchedule.cosine(from: 1e-3, over: 7)
    let optimizers: [(String, any Optimizer<Float>)] = [
      ("SGD", SGD(learningRate: rate)), ("momentum", SGD(learningRate: rate, momentum: 0.9)),
      (
        "Nesterov",
        SGD(learningRate: rate, momentum: 0.9, nesterov: true, weightDecay: .coupled(0.1))
      ),
      ("Adam", Adam(learningRate: rate)), ("AMSGrad", Adam(learningRate: rate, amsGrad: true)),
      ("AdamW", Adam(learningRate: rate, weightDecay: .decoupled(0.1))),
      ("Muon", Muon(learningRate: rate)),
    ]
    for (name, optimizer) in optimizers {
      try expectSameBits(name, steps: 7, savedAt: [0, 1, 4], on: problem.batch) {
        try Trainer(
          problem.model, optimizer: optimizer, adjuster: InductiveGradientAdjuster(end: 3),
          workers: $0)
      }
    }
  }

  @Test func equalizersResumeAfterTheirRefreshesAndLooksAtTheConstant() throws {
    let grid = RowGrid(extents: [16, 32])
    let problem = SmallProblem<Float>(rows: 512, groupSize: 8)
    let bands: [any Bands<Float>] = [
      NestedMeanBands(.blocks(of: grid), rowsPerTile: 32), CosineBands(grid),
    ]
    for bands in bands {
      try expectSameBits("\(bands)", steps: 30, savedAt: [3, 12, 21, 26], on: problem.batch) {
        try Trainer(
          problem.model, optimizer: Adam(learningRate: 1e-2), adjuster: BandEqualizer(bands),
          workers: $0)
      }
    }
  }

  /// Kernels of this size are decomposed from the last step's vectors on.
  @Test(arguments: [true, false]) func eigenpairsThatStartWarmResume(isWholeBatch: Bool) throws {
    let problem = SmallProblem<Float>(rows: 768, groupSize: 1, outputs: 1)
    func trainer(_ workers: Workers) throws -> Trainer<CoordinateNetwork<Float>> {
      let adjuster: any GradientAdjuster<Float> =
        isWholeBatch ? EmpiricalNTKAdjuster(end: 10) : InductiveGradientAdjuster(end: 10)
      return try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster, workers: workers)
    }
    try expectSameBits("warm", steps: 5, savedAt: [3], on: problem.batch, trainer)

    // Without the vectors to start from the bits are others, so that the above says something.
    var straight = try trainer(Workers(threads: 2))
    for _ in 0..<3 { try straight.advance(on: problem.batch) }
    var state = try straight.savedState()
    let block = isWholeBatch ? "adjuster.known.transform.block" : "adjuster.transform.block"
    guard case .array(let array) = state[block] else {
      Issue.record("there is no \(block)")
      return
    }
    #expect(array.shape == [30, 768])
    state[block] = .absent
    var cold = try trainer(Workers(threads: 2))
    try cold.restore(from: state)
    try straight.advance(on: problem.batch)
    try cold.advance(on: problem.batch)
    #expect(cold.model.parameters != straight.model.parameters)
  }

  @Test func dampingResumesWithinBursts() throws {
    let problem = SmallProblem<Double>()
    let layout = problem.model.parameterLayout
    let lengths = (0..<70).map { [22: 5.0, 24: 9, 50: 3][$0] ?? 1 + 0.1 * Double($0 % 3) }
    func damped(_ damping: inout BurstDamping<Double>, _ lengths: ArraySlice<Double>) -> [Double] {
      lengths.map { length in
        var gradient = ParameterVector<Double>(zeros: layout)
        gradient.values[0] = length
        damping.adjust(&gradient, for: problem.step())
        return gradient.values[0]
      }
    }
    for save in lengths.indices {
      var straight = BurstDamping<Double>(isProportional: true)
      _ = damped(&straight, lengths[..<save])
      var resumed = BurstDamping<Double>(isProportional: true)
      try resumed.restore(from: straight.savedState())
      #expect(damped(&resumed, lengths[save...]) == damped(&straight, lengths[save...]))
      #expect(straight.scale < 1)
    }
  }

  @Test func theLearningRateChangesInMidRun() throws {
    let problem = SmallProblem<Float>()
    let schedule = LearningRateSchedule("less from step 3 on") { $0 < 3 ? 1e-2 : 1e-3 }
    let optimizers: [any Optimizer<Float>] = [
      SGD(learningRate: 1e-2), Adam(learningRate: 1e-2), Muon(learningRate: 1e-2),
    ]
    for optimizer in optimizers {
      var scheduled = optimizer
      scheduled.learningRate = schedule
      var expected = try Trainer(problem.model, optimizer: scheduled)
      var changed = try Trainer(problem.model, optimizer: optimizer)
      for step in 0..<6 {
        if step == 3 { changed.learningRate = 1e-3 }
        #expect(try changed.advance(on: problem.batch) == expected.advance(on: problem.batch))
      }
      #expect(changed.model.parameters == expected.model.parameters)
      #expect(changed.learningRate(6) == 1e-3)
      // The rate is configuration, and the step that a schedule is asked for is state.
      var resumed = try Trainer(problem.model, optimizer: scheduled)
      try resumed.restore(from: changed.savedState())
      #expect(resumed.learningRate(0) == 1e-2 && resumed.optimizer.step == 6)
    }
  }
}
