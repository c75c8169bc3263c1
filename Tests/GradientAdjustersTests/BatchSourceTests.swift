import AutoDiff
@testable import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Batches: what tells them apart, rows that are computed, and where they come from.
@Suite struct BatchSourceTests {
  private typealias Problem = SmallProblem<Float>

  @Test func equalBatchesAreTheSameAndOthersAreNot() {
    let problem = Problem()
    let (inputs, targets) = (problem.batch.inputs, problem.batch.targets)
    let batch = Batch(inputs: inputs, targets: targets)
    #expect(batch.identity == Batch(inputs: inputs, targets: targets).identity)
    var moved = inputs
    moved[3, 0] = moved[3, 0].nextUp
    let groups = RowPartition(rowCount: inputs.shape[0], groupSize: 2)
    let others = [
      Batch(inputs: moved, targets: targets), Batch(inputs: inputs, targets: targets * 2),
      Batch(inputs: inputs, targets: targets, groups: groups),
    ]
    #expect(Set(others.map(\.identity) + [batch.identity]).count == 4)
  }

  @Test func aGridOfComputedRowsIsThatOfStoredOnes() throws {
    let grid = Rows<Float>.grid(extents: [5, 4])
    let stored: Tensor<Float> = pixelCoordinates(height: 5, width: 4)
    #expect(grid.matrix == stored && grid.count == 20 && grid.columns == 2)
    #expect(grid.rows(at: [7, 0, 7]) == stored.rows(at: [7, 0, 7]))
    #expect(grid.selecting([3, 9]).matrix == stored.rows(at: [3, 9]))
    #expect(Rows<Float>.grid(extents: [1, 3]).matrix[0, 0] == -1)

    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 1, width: 8, hiddenLayers: 1, using: &generator)
    let targets = Rows<Float>(count: 20, columns: 1) { rows in
      Tensor(rows.map { Float($0) }).reshaped(to: [-1, 1])
    }
    let computed = Batch(inputs: grid, targets: targets)
    let whole = Batch(inputs: stored, targets: targets.matrix)
    for adjuster in [
      IdentityAdjuster<Float>(), InductiveGradientAdjuster(end: 3),
      BandEqualizer(CosineBands(RowGrid(extents: [5, 4]))),
    ] as [any GradientAdjuster<Float>] {
      var (first, second) = (adjuster, adjuster)
      let found = try first.lossWithGradient(of: model, on: computed)
      let expected = try second.lossWithGradient(of: model, on: whole)
      #expect(found.loss == expected.loss && found.gradient == expected.gradient)
    }
  }

  @Test func aLargeVolumeTakesNoMemory() throws {
    // 52 TB, were it stored.
    let side = 1 << 14
    let volume = Rows<Float>.grid(extents: [side, side, side])
    let batch = Batch(
      inputs: volume,
      targets: Rows(count: volume.count, columns: 1) { rows in
        Tensor(zeros: [rows.count, 1])
      })
    #expect(batch.rowCount == 1 << 42 && batch.groups.count == 1 << 42)
    let corner = volume.rows(in: .range((volume.count - 1)..<volume.count))
    #expect(corner == Tensor(repeating: 1, shape: [1, 3]))
    #expect(batch.groups.row(group: (1 << 42) - 1, place: 0) == (1 << 42) - 1)
  }

  /// The rows of the signal that a batch holds, by their targets.
  private func rows(_ batch: Batch<Float>) -> [Int] { batch.targets.elements.map { Int($0) } }

  private var signal: Batch<Float> {
    let numbers = Tensor<Float>((0..<20).map { Float($0) }).reshaped(to: [20, 1])
    return Batch(
      inputs: numbers / 20, targets: numbers,
      groups: RowPartition(rowCount: 20, groups: [[0, 5, 10], [1, 2], [19, 18, 17, 16]]))
  }

  @Test func withoutReplacementEveryRowComesOnceInAPass() {
    var source = MiniBatches(of: signal, rowCount: 6, seed: 3)
    for _ in 0..<3 {
      let seen = (0..<3).flatMap { _ in rows(source.nextBatch()) }
      #expect(seen.count == 18 && Set(seen).count == 18)
    }
  }

  @Test func withReplacementEveryRowIsAsLikely() {
    var source = MiniBatches(of: signal, rowCount: 6, isReplacing: true, seed: 3)
    var counts = [Int](repeating: 0, count: 20)
    for _ in 0..<1000 {
      let drawn = rows(source.nextBatch())
      #expect(Set(drawn).count == 6)
      for row in drawn { counts[row] += 1 }
    }
    // Binomial, 300 expected with a deviation of 14.5.
    #expect(counts.allSatisfy { abs($0 - 300) < 65 })
  }

  @Test func epochsHaveEveryGroupOnceAndTheRestUnadjusted() {
    var source = GroupBatches(of: signal, groupsPerBatch: 2, fewestAdjusted: 2, seed: 3)
    #expect(source.stepsPerEpoch == 3)
    var orders: Set<[Int]> = []
    for epoch in 0..<8 {
      let batches = (0..<3).map { _ in source.nextBatch() }
      #expect(source.epoch == epoch)
      #expect(batches.map(\.isAdjusted) == [true, false, false])
      #expect(batches.map(\.groups.count) == [2, 1, 11])
      let groups = batches.dropLast().flatMap { batch in
        (0..<batch.groups.count).map { group in
          (0..<batch.groups.size(ofGroup: group)).map {
            rows(batch)[batch.groups.row(group: group, place: $0)]
          }
        }
      }
      #expect(Set(groups) == [[0, 5, 10], [1, 2], [19, 18, 17, 16]])
      orders.insert(groups.map { $0[0] })
      #expect(rows(batches[2]) == [3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15])
    }
    #expect(orders.count > 1)
  }

  @Test func anUnadjustedBatchIsAStepOfPlainTraining() throws {
    let problem = Problem()
    var identity = IdentityAdjuster<Float>()
    let plain = try identity.lossWithGradient(of: problem.model, on: problem.batch)
    for adjuster in [
      InductiveGradientAdjuster<Float>(end: 3), Centering(),
      BandEqualizer { NestedMeanBands(.bisecting($0.inputs)) },
    ] as [any GradientAdjuster<Float>] {
      var adjuster = adjuster
      let left = try adjuster.lossWithGradient(
        of: problem.model, on: problem.batch.adjusted(false))
      #expect(left.loss == plain.loss && left.gradient == plain.gradient)
      #expect(adjuster.diagnostics.isEmpty)
      let adjusted = try adjuster.lossWithGradient(of: problem.model, on: problem.batch)
      #expect(adjusted.gradient != plain.gradient)
    }
    #expect(!problem.batch.adjusted(false).selecting([1, 2]).isAdjusted)
  }

  @Test func gradientsOfUnadjustedBatchesAreShortenedToo() throws {
    let problem = SmallProblem<Double>()
    let batch = problem.batch.adjusted(false)
    var plain = IdentityAdjuster<Double>()
    var expected = try plain.lossWithGradient(of: problem.model, on: batch).gradient
    var clipping = GradientClipping<Double>(norm: 1e-3)
    #expect(clipping.actsOnEveryBatch && !plain.actsOnEveryBatch)
    let clipped = try clipping.lossWithGradient(of: problem.model, on: batch).gradient
    expected *= 1e-3 / (expected.norm() + 1e-6)
    #expect(clipped.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-12))
    // The rest of a composition leaves the batch alone.
    for parts in [
      [Centering(), InductiveGradientAdjuster(end: 3), GradientClipping(norm: 1e-3)],
      [GradientClipping(norm: 1e-3), ComposedAdjuster([Centering()])],
      [ComposedAdjuster([Centering(), GradientClipping(norm: 1e-3)])],
    ] as [[any GradientAdjuster<Double>]] {
      var composed = ComposedAdjuster(parts)
      #expect(composed.actsOnEveryBatch)
      let found = try composed.lossWithGradient(of: problem.model, on: batch).gradient
      #expect(found == clipped)
      #expect(composed.diagnostics.isEmpty)
    }
    #expect(!ComposedAdjuster<Double>([Centering()]).actsOnEveryBatch)
  }

  @Test(arguments: [0.5, 1e6]) func longGradientsAreShortened(bound: Double) throws {
    let problem = SmallProblem<Double>()
    var (identity, clipping) = (IdentityAdjuster<Double>(), GradientClipping<Double>(norm: bound))
    let batch = Batch(inputs: problem.batch.inputs, targets: problem.batch.targets * 100)
    let plain = try identity.lossWithGradient(of: problem.model, on: batch).gradient
    let clipped = try clipping.lossWithGradient(of: problem.model, on: batch).gradient
    let norm = plain.norm()
    #expect(norm > 0.5 && norm < 1e6)
    let expected = min(1, bound / (norm + 1e-6))
    for (found, value) in zip(clipped.values.elements, plain.values.elements) {
      #expect(abs(found - value * expected) <= 1e-12 * norm)
    }
  }

  @Test func slicesOfRowsAreTheirs() {
    let grid = Rows<Float>.grid(extents: [5, 4])
    for rows in [grid, Rows(grid.matrix)] {
      let slice = rows.slice(3..<11)
      #expect(slice.count == 8 && slice.matrix == grid.matrix.slice(3..<11))
      #expect(slice.rows(at: [7, 0]) == grid.rows(at: [10, 3]))
      #expect(slice.slice(2..<4).matrix == grid.matrix.slice(5..<7))
    }
  }

  @Test func groupsAreTheSignalsAmongTheRowsDrawn() {
    let part = signal.selecting([18, 5, 7, 0, 16])
    #expect(rows(part) == [18, 5, 7, 0, 16])
    let groups = (0..<part.groups.count).map { group in
      (0..<part.groups.size(ofGroup: group)).map {
        rows(part)[part.groups.row(group: group, place: $0)]
      }
    }
    #expect(groups == [[5, 0], [18, 16]])
    #expect(part.groups.remainder.map { rows(part)[$0] } == [7])
  }

  @Test func sourcesGoOnWhereTheyWereSaved() throws {
    func check(_ source: some BatchSource<Float>) throws {
      var (source, fresh) = (source, source)
      for _ in 0..<2 { _ = try source.nextBatch() }
      try fresh.restore(from: source.savedState())
      for _ in 0..<5 {
        #expect(try source.nextBatch().identity == fresh.nextBatch().identity)
      }
    }
    try check(WholeBatch(signal))
    try check(MiniBatches(of: signal, rowCount: 7, seed: 1))
    try check(MiniBatches(of: signal, rowCount: 7, isReplacing: true, seed: 1))
    try check(GroupBatches(of: signal, groupsPerBatch: 2, seed: 1))
    try check(
      StratifiedBatches(of: signal, on: RowGrid(extents: [20]), blockSide: 3, rowsPerBlock: 2))
    var important = ImportanceSampledBatches(of: signal, rowCount: 7, seed: 1)
    important.setLikelihoods(Tensor((0..<20).map { Float($0) }))
    try check(important)
    try check(
      DrawnBatches<Float>(seed: 4) { generator in
        let points = Tensor<Float>.uniform(over: -1...1, shape: [9, 2], using: &generator)
        return Batch(inputs: points, targets: points)
      })
    var source = MiniBatches(of: signal, rowCount: 7)
    var state = try source.savedState()
    state["order"] = [3, 25].stateEntry
    #expect(throws: StateError.invalid(name: "order", reason: "it is no order of 20 rows")) {
      try source.restore(from: state)
    }
  }

  @Test func whatIsRememberedBelongsToOneBatch() throws {
    // Two batches of as many rows by turns: each step is as if its batch had come alone.
    let problem = Problem(rows: 40)
    let batch = problem.batch
    let other = Batch(inputs: batch.inputs * 0.5, targets: batch.targets + 1, groups: batch.groups)
    let adjusters: [any GradientAdjuster<Float>] = [
      InductiveGradientAdjuster(end: 4, sampling: .previousLargestResidual),
      InductiveGradientAdjuster(end: 4, sampling: .center, refreshInterval: 5),
      EmpiricalNTKAdjuster(end: 4, refreshInterval: 5),
    ]
    for adjuster in adjusters {
      var alternating = adjuster
      for step in 0..<4 {
        let batch = step % 2 == 0 ? batch : other
        var alone = adjuster
        let expected = try alone.lossWithGradient(of: problem.model, on: batch).gradient
        let found = try alternating.lossWithGradient(of: problem.model, on: batch).gradient
        #expect(found == expected)
      }
    }
    let bands = NestedMeanBands<Float>(
      .blocks(of: RowGrid(extents: [40])), rowsPerTile: 8)
    var equalizer = BandEqualizer<Float>(bands, settings: EqualizerSettings(refreshInterval: 1000))
    _ = try equalizer.lossWithGradient(of: problem.model, on: batch)
    let found = try equalizer.lossWithGradient(of: problem.model, on: other).gradient
    let factors = try #require(equalizer.spectrum).factors
    let step = TrainingStep(model: problem.model, batch: other)
    let adjusted = try bands.weighting(by: factors)(step.cotangents(), workers: Workers())
    #expect(
      found.values.isApproximatelyEqual(
        to: try step.pullback(of: adjusted).values, relativeTolerance: 1e-4))
  }

  @Test func rowsMayBeWeighted() throws {
    let problem = Problem(rows: 40)
    struct Weighting: GradientAdjuster {
      typealias Scalar = Float
      let weights: Tensor<Float>
      func cotangentTransform<Model: Module<Float>>(
        for step: TrainingStep<Model>
      ) -> CotangentTransform<Float> { .weightingRows(by: weights) }
    }
    let weights = Tensor<Float>((0..<40).map { Float($0 % 3) })
    var adjuster = Weighting(weights: weights)
    let step = problem.step(rowsPerTile: 7)
    let found = try adjuster.lossWithGradient(for: step).gradient
    // Within the only sweep.
    #expect(!step.isSwept)
    let expected = try problem.step().pullback(
      of: problem.step().cotangents() * weights.reshaped(to: [-1, 1]))
    #expect(found.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-5))
  }
}
