import AutoDiff
import Foundation
@testable import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// When a constant is no longer brought level.
@Suite struct ConstantWatchTests {
  /// The squared mean and the rest at each look, and whether the constant is lost at the last.
  static let looks: [(mean: [Double], rest: [Double], isLost: Bool)] = [
    // The mean stays, and the rest falls.
    ([1, 1], [2, 1], true),
    ([1, 0.6], [1, 0.3], true),
    // Both fall, the mean faster.
    ([1, 0.4, 0.1], [1, 0.8, 0.4], false),
    // The mean halves, though the rest falls faster.
    ([1, 0.5], [1, 0.2], false),
    // Nothing is learned yet, as while a rate rises from zero.
    ([1, 1, 0.99], [1, 1, 0.98], false),
    // The mean is small.
    ([0.01, 0.02, 0.02], [1, 0.5, 0.1], false),
    // It is lost later.
    ([1, 0.1, 0.09], [1, 0.5, 0.1], true),
    // What is not finite is no look.
    ([1, .infinity, 0.6], [1, 1, 0.3], true),
    ([0, 0], [0, 0], false),
  ]

  @Test(arguments: looks)
  func noticesAMeanThatStays(mean: [Double], rest: [Double], isLost: Bool) {
    var watch = ConstantWatch()
    for (index, step) in [10, 25, 50].prefix(mean.count).enumerated() {
      #expect(watch.isDue(atStep: step) && !watch.isLost)
      watch.note(mean: mean[index], rest: rest[index], atStep: step)
    }
    #expect(watch.isLost == isLost)
    // What is lost stays so.
    #expect(watch.isDue(atStep: 100) == !isLost)
  }

  @Test func looksFromTheTenthToTheHundredthStep() {
    var watch = ConstantWatch()
    #expect(!watch.isDue(atStep: 9) && watch.isDue(atStep: 10))
    watch.note(mean: 1, rest: 1, atStep: 10)
    #expect(!watch.isDue(atStep: 19) && watch.isDue(atStep: 20))
    #expect(watch.isDue(atStep: 100) && !watch.isDue(atStep: 101))
  }

  /// The spectra of an equalizer at its refreshes, with a network that stands still and residuals that
  /// change from step to step.
  private func spectra(
    bands: some Bands<Double>, residuals: (_ step: Int, _ first: Tensor<Double>) -> Tensor<Double>
  ) throws -> [Int: BandSpectrum] {
    let problem = BandProblem<Double>()
    let outputs = problem.model(Variable(problem.batch.inputs)).value
    let first = outputs - problem.batch.targets
    var equalizer = BandEqualizer<Double>(bands)
    var spectra: [Int: BandSpectrum] = [:]
    for index in 0...25 {
      let batch = TrainingBatch(
        inputs: problem.batch.inputs, targets: outputs - residuals(index, first))
      _ = try equalizer.lossWithGradient(of: problem.model, on: batch)
      let spectrum = try #require(equalizer.spectrum)
      spectra[spectrum.step] = spectrum
    }
    return spectra
  }

  private func isLevel(_ spectrum: BandSpectrum?) throws -> Bool {
    let adjusted = try #require(spectrum).adjustedEnergies
    return abs(adjusted[0] - adjusted[1]) < 1e-12 * adjusted[1]
  }

  @Test func aConstantThatIsNotLearnedIsTreatedLikeOtherBands() throws {
    for bands in BandProblem<Double>().all {
      let spectra = try spectra(bands: bands) { step, first in
        let mean = first.mean(alongAxis: 0)
        return (first - mean) * pow(0.9, Double(step)) + mean + 1
      }
      for step in [0, 3, 10] { #expect(try isLevel(spectra[step])) }
      let last = try #require(spectra[25])
      let expected = (last.estimates[0] / last.estimates[1]).squareRoot()
      #expect(last.estimates[0] > last.estimates[1])
      #expect(abs(last.factors[1] / last.factors[0] - expected) < 1e-12 * expected)
    }
  }

  @Test func aConstantThatIsLearnedStaysLevel() throws {
    let bands = BandProblem<Double>().cosine
    let falling = try spectra(bands: bands) { step, first in first * pow(0.9, Double(step)) + 0.1 }
    let spectra = try spectra(bands: bands) { step, first in
      let mean = first.mean(alongAxis: 0)
      return (first - mean) * pow(0.99, Double(step)) + (mean + 1) * pow(0.9, Double(step))
    }
    #expect(try isLevel(spectra[25]))
    #expect(try !isLevel(falling[25]))
  }

  @Test func randomFourierFeaturesDoNotEndBehindPlainTraining() throws {
    var generator = SeededGenerator(seed: 2)
    let model = CoordinateNetwork<Float>.randomFourierFeatures(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    func trainer(_ adjuster: (any GradientAdjuster<Float>)?) throws -> (Double, BandSpectrum?) {
      var trainer = try Trainer(
        model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 250)), adjuster: adjuster)
      let losses = try (0..<250).map { _ in try trainer.advance(on: signal.batch) }
      return (losses[249], (trainer.adjuster as? BandEqualizer<Float>)?.spectrum)
    }
    let (plain, _) = try trainer(nil)
    let (equalized, spectrum) = try trainer(
      BandEqualizer(NestedMeanBands(.blocks(of: signal.grid))))
    #expect(equalized < plain)
    #expect(try !isLevel(spectrum))
  }
}
