import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// States that do not fit are refused by name, and change nothing.
@Suite struct RefusedStateTests {
  private typealias Problem = SmallProblem<Float>

  private static func trainer(
    _ adjuster: any GradientAdjuster<Float> = InductiveGradientAdjuster(
      end: 4, sampling: .randomOnce),
    optimizer: any Optimizer<Float> = Adam(learningRate: 1e-3), on problem: Problem = Problem()
  ) throws -> Trainer<CoordinateNetwork<Float>> {
    var trainer = try Trainer(problem.model, optimizer: optimizer, adjuster: adjuster)
    for _ in 0..<2 { try trainer.advance(on: problem.batch) }
    return trainer
  }

  /// Expects that a state is refused with an error by a trainer, which stays as it was.
  private func expectRefusal(
    _ error: StateError, of state: SavedState, by trainer: Trainer<CoordinateNetwork<Float>>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var trainer = trainer
    let before = try trainer.savedState()
    #expect(throws: error, sourceLocation: sourceLocation) { try trainer.restore(from: state) }
    #expect(try trainer.savedState() == before, sourceLocation: sourceLocation)
  }

  @Test func everyEntryIsNeeded() throws {
    let trainer = try Self.trainer()
    let state = try trainer.savedState()
    #expect(state.count > 15)
    for name in state.names {
      var less = state
      less[name] = nil
      try expectRefusal(.missing(name: name), of: less, by: trainer)
    }
  }

  @Test func entriesOfOthersAreRefused() throws {
    let trainer = try Self.trainer()
    var state = try trainer.savedState()
    state["adjuster.velocity"] = .absent
    try expectRefusal(.leftOver(names: ["adjuster.velocity"]), of: state, by: trainer)

    state = try trainer.savedState()
    state["adjuster.rows"] = .text("none")
    try expectRefusal(
      .kind(
        name: "adjuster.rows", expected: "an array of I64 with one axis", found: "a text"),
      of: state, by: trainer)

    // Another rule, another adjuster and one adjuster fewer.
    try expectRefusal(
      .leftOver(names: ["optimizer.firstMoment", "optimizer.secondMoment"]),
      of: trainer.savedState(), by: Self.trainer(optimizer: SGD(learningRate: 0.1)))
    try expectRefusal(
      .missing(name: "adjuster.scale"), of: trainer.savedState(), by: Self.trainer(BurstDamping()))
    let composed = try Self.trainer(ComposedAdjuster([Centering(), BurstDamping()]))
    try expectRefusal(
      .leftOver(names: composed.savedState().names.filter { $0.hasPrefix("adjuster.1.") }),
      of: composed.savedState(), by: Self.trainer(ComposedAdjuster([Centering()])))
  }

  @Test func otherShapesAreRefused() throws {
    let trainer = try Self.trainer()
    let other = try Self.trainer(on: Problem(outputs: 2))
    try expectRefusal(
      .shape(name: "model.layers.2.weight", expected: [2, 16], found: [3, 16]),
      of: trainer.savedState(), by: other)
    // Moments of another model than the parameters.
    let state = try trainer.savedState()
    var mixed = state
    mixed["optimizer.secondMoment"] = .array(StoredArray(Tensor<Float>(zeros: [5])))
    let count = trainer.model.parameterLayout.count
    try expectRefusal(
      .shape(name: "optimizer.secondMoment", expected: [count], found: [5]), of: mixed, by: trainer)

    mixed = state
    mixed["adjuster.transform.dampings"] = .array(StoredArray(Tensor<Float>(zeros: [3])))
    try expectRefusal(
      .shape(name: "adjuster.transform.dampings", expected: [4], found: [3]), of: mixed,
      by: trainer)
  }

  @Test func statesThatSettingsCannotGiveAreRefused() throws {
    let trainer = try Self.trainer()
    try expectRefusal(
      .invalid(name: "adjuster.transform.vectors", reason: "there are more than 2 eigenvectors"),
      of: trainer.savedState(), by: Self.trainer(InductiveGradientAdjuster(end: 2)))
    try expectRefusal(
      .invalid(
        name: "adjuster.known.transform.vectors", reason: "there are more than 2 eigenvectors"),
      of: Self.trainer(EmpiricalNTKAdjuster(end: 4)).savedState(),
      by: Self.trainer(EmpiricalNTKAdjuster(end: 2)))

    var state = try trainer.savedState()
    state["adjuster.rows"] = [Int](repeating: -1, count: 10).stateEntry
    try expectRefusal(
      .invalid(name: "adjuster.rows", reason: "a row is negative"), of: state, by: trainer)
    state = try trainer.savedState()
    state["step"] = .integer(-3)
    try expectRefusal(
      .invalid(name: "step", reason: "there were -3 steps"), of: state, by: trainer)
  }

  @Test func statesOfOtherBandsAreRefused() throws {
    func equalizer(_ rowsPerTile: Int) throws -> Trainer<CoordinateNetwork<Float>> {
      let groups = RowPartition.blocks(of: RowGrid(extents: [60]))
      return try Self.trainer(BandEqualizer(NestedMeanBands(groups, rowsPerTile: rowsPerTile)))
    }
    let trainer = try equalizer(8)
    let state = try trainer.savedState()
    try expectRefusal(
      .invalid(
        name: "adjuster.spectrum.bands", reason: "they are not the bands of this run"),
      of: Self.trainer(BandEqualizer(CosineBands(RowGrid(extents: [60])))).savedState(),
      by: trainer)
    // The same bands in other tiles fit.
    var other = try equalizer(16)
    try other.restore(from: state)

    let changes: [(String, SavedState.Entry, StateError)] = [
      (
        "adjuster.spectrum.bands.1.rank", .integer(0),
        .invalid(
          name: "adjuster.spectrum.bands.1.rank", reason: "a band cannot have the rank 0")
      ),
      (
        "adjuster.stepCount", .integer(-1),
        .invalid(name: "adjuster.stepCount", reason: "there were -1 steps")
      ),
      (
        "adjuster.previous.cotangents", .array(StoredArray(Tensor<Float>(zeros: [8]))),
        .invalid(name: "adjuster.previous.cotangents", reason: "they have shape [8]")
      ),
    ]
    for (name, entry, error) in changes {
      var changed = state
      changed[name] = entry
      try expectRefusal(error, of: changed, by: trainer)
    }
  }
}
