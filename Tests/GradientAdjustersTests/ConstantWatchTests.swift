import AutoDiff
@testable import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// When a constant is no longer brought level.
@Suite struct ConstantWatchTests {
  @Test(
    arguments: [
      // It grows from the start.
      ([0.3, 0.4], [10, 25], true),
      // It stays.
      ([0.5, 0.5], [10, 25], true),
      // It falls.
      ([0.9, 0.8, 0.6, 0.5, 0.3], [10, 25, 50, 100, 200], false),
      // It grows, but is small.
      ([0.01, 0.02, 0.2], [10, 25, 50], false),
      // It is lost later.
      ([0.2, 0.1, 0.26], [25, 50, 100], true),
    ] as [([Double], [Int], Bool)])
  func noticesAShareThatStays(shares: [Double], steps: [Int], isLost: Bool) {
    var watch = ConstantWatch()
    for (share, step) in zip(shares, steps) {
      #expect(watch.isDue(atStep: step) && !watch.isLost)
      watch.note(share: share, atStep: step)
      #expect(!watch.isDue(atStep: step + 1))
    }
    #expect(watch.isLost == isLost)
    // What is lost stays so.
    #expect(watch.isDue(atStep: 10_000) == !isLost)
  }

  @Test func looksAtTheTenthStepFirst() {
    #expect(!ConstantWatch().isDue(atStep: 9) && ConstantWatch().isDue(atStep: 10))
  }

  /// The spectra of an equalizer at its refreshes, with a network that stands still and targets whose
  /// mean is shifted.
  private func spectra(shift: Double, bands: some Bands<Double>) throws -> [Int: BandSpectrum] {
    let problem = BandProblem<Double>()
    let batch = TrainingBatch(
      inputs: problem.batch.inputs, targets: problem.batch.targets + shift)
    var equalizer = BandEqualizer<Double>(bands)
    var spectra: [Int: BandSpectrum] = [:]
    for _ in 0...25 {
      _ = try equalizer.lossWithGradient(of: problem.model, on: batch)
      let spectrum = try #require(equalizer.spectrum)
      spectra[spectrum.step] = spectrum
    }
    return spectra
  }

  @Test func aConstantThatIsNotLearnedIsTreatedLikeOtherBands() throws {
    for bands in BandProblem<Double>().all {
      let spectra = try spectra(shift: 10, bands: bands)
      for step in [0, 3, 10] {
        let spectrum = try #require(spectra[step])
        let adjusted = spectrum.adjustedEnergies
        #expect(abs(adjusted[0] - adjusted[1]) < 1e-12 * adjusted[1])
      }
      let last = try #require(spectra[25])
      let expected = (last.energies[0] / last.energies[1]).squareRoot()
      #expect(last.energies[0] > last.energies[1])
      #expect(abs(last.factors[1] / last.factors[0] - expected) < 1e-12 * expected)
    }
  }

  @Test func aConstantThatIsLearnedStaysLevel() throws {
    let problem = BandProblem<Double>()
    // Takes the mean of the residuals away.
    let residuals = problem.model(Variable(problem.batch.inputs)).value - problem.batch.targets
    let spectra = try spectra(shift: residuals.mean(), bands: problem.cosine)
    let adjusted = try #require(spectra[25]).adjustedEnergies
    #expect(abs(adjusted[0] - adjusted[1]) < 1e-12 * adjusted[1])
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
    let plain = try loss(nil)
    let level = try loss(BandEqualizer(NestedMeanBands(.blocks(of: signal.grid))))
    #expect(level < plain)
  }
}
