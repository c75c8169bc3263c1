import AutoDiff
import Foundation
@testable import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Doubles the residuals, row by row.
private struct Doubling<Scalar: TensorScalar>: GradientAdjuster {
  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) -> CotangentTransform<Scalar> { .rows { $0 * 2 } }
}

/// Band equalization over steps, with other adjusters, and where it refuses.
@Suite struct BandTrainingTests {
  // MARK: - Refreshes and batches

  @Test func measuresEarlyAndThenAtItsInterval() throws {
    let problem = BandProblem<Float>(height: 4, width: 4)
    var equalizer = BandEqualizer<Float>(
      problem.nested, settings: EqualizerSettings(refreshInterval: 40))
    var steps: [Int] = []
    for index in 0..<90 {
      _ = try equalizer.cotangentTransform(for: problem.step())
      if equalizer.spectrum?.step == index { steps.append(index) }
    }
    #expect(steps == [0, 3, 10, 25, 40, 50, 80])
  }

  @Test func measurementsAreSmoothedInTheirLogarithms() throws {
    let problem = BandProblem<Double>(height: 4, width: 5)
    var equalizer = BandEqualizer<Double>(
      problem.cosine, settings: EqualizerSettings(refreshInterval: 1))
    _ = try equalizer.cotangentTransform(for: problem.step())
    let first = try #require(equalizer.spectrum)
    #expect(first.energies == first.measured)
    _ = try equalizer.cotangentTransform(for: problem.step())
    let second = try #require(equalizer.spectrum)
    for (old, (new, smoothed)) in zip(first.energies, zip(second.measured, second.energies)) {
      #expect(old != new)
      #expect(abs(log(smoothed) - (0.3 * log(old) + 0.7 * log(new))) < 1e-12)
    }
    #expect(second.adjustedEnergies == zip(second.factors, second.energies).map { $0 * $1 })
  }

  @Test func batchesDrawnAnewHaveBandsOfTheirOwn() throws {
    var generator = SeededGenerator(seed: 9)
    let problem = BandProblem<Double>()
    var equalizer = BandEqualizer<Double>(settings: EqualizerSettings(refreshInterval: 1000)) {
      batch in
      NestedMeanBands(.bisecting(batch.inputs))
    }
    var factors: [Double]?
    for _ in 0..<3 {
      let batch = Batch(
        inputs: Tensor<Double>.uniform(over: -1...1, shape: [40, 2], using: &generator),
        targets: Tensor<Double>.uniform(over: 0...1, shape: [40, 3], using: &generator))
      let found = try equalizer.lossWithGradient(of: problem.model, on: batch).gradient.values
      let current = try #require(equalizer.spectrum).factors
      if let factors { #expect(current == factors) }
      factors = current
      let step = TrainingStep(model: problem.model, batch: batch)
      let adjusted = try NestedMeanBands<Double>(.bisecting(batch.inputs))
        .weighting(by: current)(step.cotangents(), workers: Workers())
      #expect(
        found.isApproximatelyEqual(
          to: try step.pullback(of: adjusted).values, relativeTolerance: 1e-11))
    }
  }

  @Test func groupsThatAreLargeAreNotHeldInATile() throws {
    let problem = BandProblem<Double>(height: 9, width: 5)
    // Nothing but the constant and single rows: the only group is the batch.
    let bands = NestedMeanBands<Double>(RowPartition(rowCount: 45, labels: []))
    for (rowsPerTile, isCut) in [(4, false), (16, true)] {
      var equalizer = BandEqualizer<Double>(bands)
      let step = problem.step(rowsPerTile: rowsPerTile)
      let transform = try equalizer.cotangentTransform(for: step)
      let plan = TilePlan(for: transform, groups: step.batch.groups, rowsPerTile: rowsPerTile)
      #expect((plan != nil) == isCut)
      let factors = try #require(equalizer.spectrum).factors
      let expected = try bands.weighting(by: factors)(step.cotangents(), workers: Workers())
      let found = try transform.applied(to: step.cotangents(), groups: problem.batch.groups)
      #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
    }
  }

  @Test func bandsOfRankOneAreMeasuredExactly() throws {
    // One output: what a pullback finds of the constant does not depend on the draw.
    let problem = BandProblem<Double>(height: 6, width: 4, outputs: 1)
    let exact = try (0..<UInt64(8)).map { seed in
      var equalizer = BandEqualizer<Double>(problem.nested, settings: EqualizerSettings(seed: seed))
      _ = try equalizer.cotangentTransform(for: problem.step())
      let spectrum = try #require(equalizer.spectrum)
      return zip(spectrum.bands, spectrum.measured).filter { $0.0.rank == 1 }.map(\.1)
    }
    #expect(exact[0].count >= 1)
    for energies in exact {
      #expect(zip(energies, exact[0]).allSatisfy { abs($0 / $1 - 1) < 1e-10 })
    }
  }

  @Test func composesWithOtherAdjusters() throws {
    let problem = BandProblem<Double>()
    let bands = problem.nested
    func equalizer() -> BandEqualizer<Double> {
      BandEqualizer(bands, settings: EqualizerSettings(refreshInterval: 1000))
    }
    // With groups coupled as well, tiles cannot hold what both need; two equalizers share a partition.
    let composed: [[any GradientAdjuster<Double>]] = [
      [InductiveGradientAdjuster(end: 1, sampling: .center), equalizer()],
      [equalizer(), equalizer()], [Centering(), equalizer()],
    ]
    for adjusters in composed {
      var composition = ComposedAdjuster(adjusters)
      var cotangents = try problem.step().cotangents()
      for var adjuster in adjusters {
        let transform = try adjuster.cotangentTransform(for: problem.step())
        cotangents = try transform.applied(to: cotangents, groups: problem.batch.groups)
      }
      let expected = try problem.step().pullback(of: cotangents).values
      for _ in 0..<2 {
        let found = try composition.lossWithGradient(for: problem.step()).gradient.values
        #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
      }
    }
  }

  @Test(arguments: EqualizerSettings.ResidualsUsed.allCases)
  func afterOthersTheirResidualsAreWeighted(residuals: EqualizerSettings.ResidualsUsed) throws {
    // What an adjuster before has changed is not known of the step before: all is taken as it is.
    let problem = BandProblem<Double>()
    let doubling = Doubling<Double>()
    for bands in [problem.nested, problem.block] as [any Bands<Double>] {
      let equalizer = BandEqualizer<Double>(
        bands, settings: EqualizerSettings(refreshInterval: 1000, residuals: residuals))
      var composition = ComposedAdjuster<Double>([doubling, equalizer])
      _ = try composition.lossWithGradient(for: problem.step())
      let step = problem.step(problem.moved)
      let found = try composition.lossWithGradient(for: step).gradient.values
      var exact = BandEqualizer<Double>(bands, settings: EqualizerSettings(residuals: .current))
      _ = try exact.cotangentTransform(for: problem.step())
      let weighted = try exact.cotangentTransform(for: step)
        .applied(to: step.cotangents() * 2, groups: problem.batch.groups)
      let expected = try step.pullback(of: weighted).values
      #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    }
  }

  @Test(arguments: EqualizerSettings.ResidualsUsed.allCases)
  func whatElseAsksForResidualsChangesNothing(residuals: EqualizerSettings.ResidualsUsed) throws {
    let problem = BandProblem<Double>(height: 24, width: 20)
    for bands in problem.all {
      let gradients = try [false, true].map { isSwept in
        var equalizer = BandEqualizer<Double>(
          bands, settings: EqualizerSettings(residuals: residuals))
        _ = try equalizer.lossWithGradient(for: problem.step())
        let step = problem.step(problem.moved)
        if isSwept { _ = try step.cotangents() }
        return try equalizer.lossWithGradient(for: step).gradient.values
      }
      #expect(gradients[0].isApproximatelyEqual(to: gradients[1], relativeTolerance: 1e-11))
    }
  }

  @Test func randomFourierFeaturesDoNotEndBehindPlainTraining() throws {
    var generator = SeededGenerator(seed: 2)
    let model = CoordinateNetwork<Float>.randomFourierFeatures(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    func loss(_ adjuster: (any GradientAdjuster<Float>)?) throws -> Double {
      var trainer = try Trainer(
        model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 250)), adjuster: adjuster)
      return try (0..<250).map { _ in try trainer.advance(on: signal.batch) }[249]
    }
    let equalized = try loss(BandEqualizer(NestedMeanBands(.blocks(of: signal.grid))))
    #expect(try equalized < loss(nil))
  }

  // MARK: - What goes wrong

  @Test func bandsOfAnotherBatchAreATypedError() {
    let problem = BandProblem<Float>()
    var equalizer = BandEqualizer<Float>(CosineBands(RowGrid(extents: [5, 5])))
    #expect(throws: AdjusterError.bandsOfOtherRows(bands: 25, batch: 63)) {
      try equalizer.lossWithGradient(for: problem.step())
    }
  }

  @Test func aDivergedNetworkIsATypedError() {
    let problem = BandProblem<Float>()
    var broken = problem.model
    broken.layers[1].weight = Variable(
      Tensor(repeating: .infinity, shape: broken.layers[1].weight.shape))
    for bands in problem.all {
      var equalizer = BandEqualizer<Float>(bands)
      #expect(throws: AdjusterError.nonFinite("energy of a band", step: 0)) {
        try equalizer.lossWithGradient(for: problem.step(broken))
      }
    }
  }

  @Test func settingsThatMakeNoSenseAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = EqualizerSettings(exponent: -1)
    }
    await #expect(processExitsWith: .failure) {
      _ = EqualizerSettings(floor: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = EqualizerSettings(refreshInterval: 0)
    }
    await #expect(processExitsWith: .failure) { _ = Centering<Float>(remaining: 0) }
  }
}
