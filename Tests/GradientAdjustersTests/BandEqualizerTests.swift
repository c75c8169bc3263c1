import AutoDiff
import Foundation
@testable import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct BandEqualizerTests {
  /// Jᵀ of all outputs as rows, from a pullback for each.
  private func jacobian(_ problem: BandProblem<Double>) throws -> Tensor<Double> {
    let (rows, outputs) = (problem.batch.rowCount, problem.batch.targets.shape[1])
    return Tensor.concatenated(
      try (0..<(rows * outputs)).map { index in
        var unit = Tensor<Double>(zeros: [rows, outputs])
        unit[index / outputs, index % outputs] = 1
        return try problem.step().pullback(of: unit).values.reshaped(to: [1, -1])
      })
  }

  /// P_b ⊗ I over outputs, as a matrix.
  private func outputProjection(
    _ projection: Tensor<Double>, outputs: Int
  ) -> Tensor<Double> {
    let count = projection.shape[0]
    return
      (projection.reshaped(to: [count, 1, count, 1])
      * Tensor.identity(outputs).reshaped(to: [1, outputs, 1, outputs]))
      .reshaped(to: [count * outputs, count * outputs])
  }

  // MARK: - Energies

  @Test(arguments: [1, 3]) func energiesEstimateTheKernelsTraces(outputs: Int) throws {
    let problem = BandProblem<Double>(height: 5, width: 6, outputs: outputs)
    let jacobian = try jacobian(problem)
    let probeCount = 200
    for bands in problem.all {
      var measured = [Double](repeating: 0, count: bands.bands.count)
      for seed in 0..<UInt64(probeCount) {
        let one = try measuredEnergies(bands, in: problem.step(), seed: seed)
        for band in measured.indices { measured[band] += one[band] / Double(probeCount) }
      }
      for (band, projection) in try bands.projections().enumerated() {
        let part = Tensor.matrixProduct(outputProjection(projection, outputs: outputs), jacobian)
        let kernel = Tensor.matrixProduct(part, part, transposingRight: true)
        let trace = part.dot(part)
        let rank = Double(bands.bands[band].rank * outputs)
        // For standard normal probes, the estimate's variance is 2 trace(K²) for each probe; for
        // those of the pullback, which are normalized, it is less.
        let deviation = (2 * kernel.dot(kernel) / Double(probeCount)).squareRoot() / rank
        #expect(abs(measured[band] - trace / rank) < 4 * deviation, "\(bands.bands[band].name)")
        if rank == 1 {
          #expect(abs(measured[band] - trace) < 1e-11 * trace)
        }
      }
    }
  }

  /// What an equalizer with a seed measures before its first step.
  private func measuredEnergies(
    _ bands: any Bands<Double>, in step: TrainingStep<CoordinateNetwork<Double>>, seed: UInt64
  ) throws -> [Double] {
    var equalizer = BandEqualizer(bands, settings: EqualizerSettings(seed: seed))
    _ = try equalizer.cotangentTransform(for: step)
    return try #require(equalizer.spectrum).measured
  }

  @Test func probesAreIndependentOfWeightsOfTheSameSeed() throws {
    // For a linear layer J v is what the layer with the parameters v gives. So if v were made of the
    // same random numbers as the weights, what is measured would go with the outputs.
    let problem = BandProblem<Double>(height: 6, width: 4, outputs: 1)
    let bands = ConstantAndRest<Double>(rowCount: problem.batch.rowCount)
    let seeds = 0..<UInt64(1000)
    let pairs = try seeds.map { seed in
      var generator = SeededGenerator(seed: seed)
      let layer = Linear<Double>(inputs: 2, outputs: 1, using: &generator)
      var equalizer = BandEqualizer<Double>(bands, settings: EqualizerSettings(seed: seed))
      _ = try equalizer.cotangentTransform(
        for: TrainingStep(model: layer, batch: problem.batch))
      let outputs = layer(Variable(problem.batch.inputs)).value
      let energy = try bands.energies(of: outputs, workers: Workers(threads: 1))[1]
      return (energy, try #require(equalizer.spectrum).measured[1])
    }
    func centered(_ numbers: [Double]) -> [Double] {
      let mean = numbers.reduce(0, +) / Double(numbers.count)
      return numbers.map { $0 - mean }
    }
    func product(_ left: [Double], _ right: [Double]) -> Double {
      zip(left, right).map { $0 * $1 }.reduce(0, +)
    }
    let (energies, measured) = (centered(pairs.map(\.0)), centered(pairs.map(\.1)))
    let correlation =
      product(energies, measured)
      / (product(energies, energies) * product(measured, measured)).squareRoot()
    // Four standard errors of the correlation of independent numbers.
    #expect(abs(correlation) < 4 / Double(seeds.count).squareRoot())
  }

  @Test func aSinglePullbackIsExactWhereTheRankIsOne() throws {
    let problem = BandProblem<Double>(outputs: 1)
    var equalizer = BandEqualizer<Double>(problem.cosine)
    _ = try equalizer.cotangentTransform(for: problem.step())
    let constant = Tensor<Double>(repeating: 1, shape: problem.batch.targets.shape)
    let pulled = try problem.step().pullback(of: constant)
    let expected = pulled.dot(pulled) / Double(problem.batch.rowCount)
    let found = try #require(equalizer.spectrum).measured[0]
    #expect(abs(found - expected) < 1e-12 * expected)
  }

  // MARK: - Factors

  /// Energies, settings and the factors that the definition gives.
  static let factorCases:
    [(energies: [Double], exponent: Double, floor: Double, levels: Bool, factors: [Double])] = [
      ([100, 4, 1, 0.25], 0.5, 1e-3, true, [0.05, 0.25, 0.5, 1]),
      ([20, 4, 1, 0.25], 1, 1e-3, true, [0.0125, 0.0625, 0.25, 1]),
      ([20, 4, 1, 0.25], 0, 1e-3, true, [0.2, 1, 1, 1]),
      ([100, 4, 1, 0.25], 0, 1e-3, false, [1, 1, 1, 1]),
      ([20, 4, 1, 0.25], 0.5, 0.25, true, [0.1, 0.5, 1, 1]),
      ([1, 4, 1, 0.25], 0.5, 1e-3, true, [0.25, 0.25, 0.5, 1]),
      ([16, 4, 1, 0.25], 0.5, 1e-3, false, [0.125, 0.25, 0.5, 1]),
      ([1, 4, 16], 0.5, 1e-3, true, [1, 1, 0.5]),
      ([3, 0, 0], 0.5, 1e-3, true, [1, 1, 1]),
      ([0, 4, 0], 0.5, 0.01, true, [0.1, 0.1, 1]),
      ([5], 0.5, 1e-3, true, [1]),
      // A constant beside a band that is not learned is still learned.
      ([1, 0, 1], 0.5, 0.01, true, [0.2, 1, 0.1]),
      // Nothing overflows or vanishes.
      ([0, 1, 1e-250], 2, 1e-200, false, [1, 1e-30, 1]),
    ]

  @Test(arguments: factorCases)
  func factorsFollowTheDefinition(
    energies: [Double], exponent: Double, floor: Double, levels: Bool, factors: [Double]
  ) {
    let found = BandSpectrum.factors(
      energies: energies,
      settings: EqualizerSettings(exponent: exponent, floor: floor, levelsConstant: levels))
    #expect(zip(found, factors).allSatisfy { abs($0 - $1) < 1e-14 }, "\(found)")
  }

  @Test func transformsAreSymmetricAndPositiveDefinite() throws {
    let problem = BandProblem<Double>()
    for bands in problem.all {
      var equalizer = BandEqualizer<Double>(bands)
      _ = try equalizer.lossWithGradient(for: problem.step())
      let spectrum = try #require(equalizer.spectrum)
      #expect(spectrum.factors.max() == 1 && spectrum.factors.allSatisfy { $0 > 0 })
      let matrix = try bands.weighting(by: spectrum.factors)(
        .identity(bands.rowCount), workers: Workers(threads: 1))
      #expect(largestMagnitude(matrix - matrix.transposed()) < 1e-13)
      let values = try matrix.symmetricEigenpairs().values.elements
      let smallest = try #require(spectrum.factors.min())
      #expect(values.allSatisfy { $0 > smallest * 0.999 && $0 < 1.001 })
    }
  }

  // MARK: - Gradients

  /// The gradient by explicit projections of the cotangents.
  private func expectedGradient(
    _ problem: BandProblem<Double>, _ bands: some Bands<Double>, _ factors: [Double]
  ) throws -> Tensor<Double> {
    let cotangents = try problem.step().cotangents()
    let adjusted = zip(try bands.projections(), factors).map {
      Tensor.matrixProduct($0, cotangents) * $1
    }
    return try problem.step().pullback(of: adjusted.reduce(cotangents * 0, +)).values
  }

  @Test(arguments: EqualizerSettings.ResidualsUsed.allCases)
  func gradientsAreThoseOfTheWeightedResiduals(residuals: EqualizerSettings.ResidualsUsed) throws {
    let problem = BandProblem<Double>()
    let plain = try problem.step().pullback(of: problem.step().cotangents()).values
    for bands in problem.all {
      var equalizer = BandEqualizer<Double>(
        bands, settings: EqualizerSettings(refreshInterval: 1000, residuals: residuals))
      // At the same parameters the previous residuals are the current ones.
      for _ in 0..<3 {
        let (loss, gradient) = try equalizer.lossWithGradient(for: problem.step())
        let factors = try #require(equalizer.spectrum).factors
        let expected = try expectedGradient(problem, bands, factors)
        #expect(abs(loss - (try problem.step().lossValue())) < 1e-14)
        #expect(gradient.values.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
        #expect(!gradient.values.isApproximatelyEqual(to: plain, relativeTolerance: 1e-3))
      }
    }
  }

  @Test func updatedMeansSeeTheChangeSinceTheStepBefore() throws {
    let problem = BandProblem<Double>(height: 24, width: 20)
    /// The gradient after a move.
    func gradient(
      _ residuals: EqualizerSettings.ResidualsUsed, rowsPerGroup: Int
    ) throws -> Tensor<Double> {
      let bands = NestedMeanBands<Double>(
        .blocks(of: problem.signal.grid), rowsPerTile: rowsPerGroup)
      var equalizer = BandEqualizer<Double>(
        bands, settings: EqualizerSettings(refreshInterval: 1000, residuals: residuals))
      _ = try equalizer.lossWithGradient(for: problem.step())
      let step = problem.step(problem.moved)
      let gradient = try equalizer.lossWithGradient(for: step).gradient.values
      #expect(step.isSwept == (residuals == .current))
      return gradient
    }
    /// The gradient with the means of the step before, not updated.
    func late(rowsPerGroup: Int) throws -> Tensor<Double> {
      let bands = NestedMeanBands<Double>(
        .blocks(of: problem.signal.grid), rowsPerTile: rowsPerGroup)
      var equalizer = BandEqualizer<Double>(bands)
      _ = try equalizer.cotangentTransform(for: problem.step())
      let factors = try #require(equalizer.spectrum).factors
      let split = try #require(bands.weighting(by: factors).split)
      let workers = Workers(threads: 1)
      let before = try split.groups.means(of: problem.step().cotangents(), workers: workers)
      let coarse = split.coarse(before)
      let step = problem.step(problem.moved)
      let adjusted = try split.groups.mapped(step.cotangents(), workers: workers) {
        split.fine($0, $1, coarse.slice($1))
      }
      return try step.pullback(of: adjusted).values
    }
    func distance(_ found: Tensor<Double>, rowsPerGroup: Int) throws -> Double {
      let exact = try gradient(.current, rowsPerGroup: rowsPerGroup)
      return (found - exact).norm() / exact.norm()
    }
    // All rows of groups of four are seen, a quarter of those of sixteen.
    #expect(try distance(gradient(.updated, rowsPerGroup: 4), rowsPerGroup: 4) < 1e-12)
    let (updated, previous) = try (
      distance(gradient(.updated, rowsPerGroup: 16), rowsPerGroup: 16),
      distance(late(rowsPerGroup: 16), rowsPerGroup: 16)
    )
    #expect(updated > 1e-6 && updated < previous / 5, "\(updated), \(previous)")
  }

  @Test func someRowsCotangentsAreThoseOfTheBatch() throws {
    let problem = BandProblem<Double>()
    let step = problem.step()
    let some = try step.cotangents(atRows: [5, 0, 62, 5])
    #expect(!step.isSwept)
    let expected = try step.cotangents().rows(at: [5, 0, 62, 5])
    #expect(some.isApproximatelyEqual(to: expected, relativeTolerance: 1e-14))
    #expect(try step.cotangents(atRows: [5, 0, 62, 5]) == expected)
  }

  @Test func nothingToDoIsTheIdentityBitForBit() throws {
    let problem = BandProblem<Float>()
    for bands in problem.all {
      var plain = try Trainer(problem.model, optimizer: Adam(learningRate: 1e-3))
      var equalized = try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3),
        adjuster: BandEqualizer(
          bands, settings: EqualizerSettings(exponent: 0, levelsConstant: false)))
      for _ in 0..<5 {
        #expect(
          try plain.advance(on: problem.batch) == equalized.advance(on: problem.batch))
      }
      #expect(plain.model.parameters == equalized.model.parameters)
    }
  }

  @Test(arguments: EqualizerSettings.ResidualsUsed.allCases)
  func doesNotDependOnThreads(residuals: EqualizerSettings.ResidualsUsed) throws {
    let problem = BandProblem<Float>(height: 37, width: 41)
    for bands in problem.all {
      let gradients = try [1, 2, 5].map { threads in
        var equalizer = BandEqualizer<Float>(
          bands, settings: EqualizerSettings(residuals: residuals))
        _ = try equalizer.lossWithGradient(for: problem.step(threads: threads))
        let gradient = try equalizer.lossWithGradient(
          for: problem.step(problem.moved, threads: threads)
        ).gradient
        return (gradient, equalizer.spectrum)
      }
      #expect(gradients[0] == gradients[1])
      #expect(gradients[0] == gradients[2])
    }
  }

  @Test(arguments: EqualizerSettings.ResidualsUsed.allCases)
  func aSinglePointIsTrainedPlainly(residuals: EqualizerSettings.ResidualsUsed) throws {
    let problem = BandProblem<Double>(height: 1, width: 1)
    let plain = try problem.step().pullback(of: problem.step().cotangents())
    for bands in [problem.nested, problem.block, problem.cosine] as [any Bands<Double>] {
      var equalizer = BandEqualizer<Double>(
        bands, settings: EqualizerSettings(residuals: residuals))
      for _ in 0..<2 {
        #expect(try equalizer.lossWithGradient(for: problem.step()).gradient == plain)
      }
    }
  }

  @Test func centeringTakesTheMeanOut() throws {
    let problem = BandProblem<Double>()
    var adjuster = Centering<Double>(remaining: 0.25)
    let found = try adjuster.lossWithGradient(for: problem.step()).gradient.values
    let bands = ConstantAndRest<Double>(rowCount: problem.batch.rowCount)
    let expected = try expectedGradient(problem, bands, [0.25, 1])
    #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
  }
}
