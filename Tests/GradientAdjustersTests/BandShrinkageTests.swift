import Foundation
@testable import GradientAdjusters
import TensorKit
import Testing

/// Energies of bands, smoothed as far as errors of measurement explain what is not smooth.
@Suite struct BandShrinkageTests {
  @Test func whatMayBeAGeometricSequenceBecomesOne() {
    let energies: [Double] = [700, 130, 160, 70, 41, 20.1]
    let variances = [2, 2, 0.5, 0.1, 0.01, 0.001]
    let found = shrunkEnergies(energies, variances: variances)
    // The line through the logarithms above the constant, each with one divided by its variance as weight.
    let weights = variances.dropFirst().map { 1 / $0 }
    let seen = energies.dropFirst().map { log($0) }
    func mean(_ values: [Double]) -> Double {
      zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    }
    let places = weights.indices.map(Double.init)
    let (middle, level) = (mean(places), mean(seen))
    let slope =
      mean(zip(places, seen).map { ($0 - middle) * ($1 - level) })
      / mean(places.map { ($0 - middle) * ($0 - middle) })
    #expect(found[0] == 700)
    for (place, energy) in zip(places, found.dropFirst()) {
      #expect(abs(energy / exp(level + slope * (place - middle)) - 1) < 1e-10)
    }
  }

  @Test func whatIsMeasuredWellStays() {
    let energies: [Double] = [9e6, 5e5, 6e4, 8e1, 7e2, 50]
    let found = shrunkEnergies(energies, variances: [0.1, 0.02, 0.02, 0.01, 0.005, 0.001])
    for (new, old) in zip(found, energies) { #expect(abs(new / old - 1) < 0.05) }
    #expect(found != energies)
  }

  @Test func theResultIsTheLikeliestCurve() throws {
    let energies: [Double] = [1, 900, 400, 700, 90, 30, 33, 8]
    let variances = [1, 0.7, 0.3, 0.2, 0.1, 0.05, 0.04, 0.01]
    let found = shrunkEnergies(energies, variances: variances)
    let curve: [Double] = found.dropFirst().map { log($0) }
    let seen: [Double] = energies.dropFirst().map { log($0) }
    let errors = Array(variances.dropFirst())
    let count = seen.count
    let misses: [Double] = zip(seen, curve).map { $0 - $1 }
    let bends: [Double] = (0..<count - 2).map { band in
      let outer = curve[band] + curve[band + 2]
      return outer - 2 * curve[band + 1]
    }
    // The log-likelihood's gradient is zero at each band: (y - x) / R = Δᵀ Δ x / t. The first one tells t.
    let pulls: [Double] = zip(misses, errors).map { $0 / $1 }
    let variance = bends[0] / pulls[0]
    #expect(variance > 0.1)
    for band in 0..<count {
      var expected = band < count - 2 ? bends[band] : 0
      if band >= 1 && band <= count - 2 { expected -= 2 * bends[band - 1] }
      if band >= 2 { expected += bends[band - 2] }
      #expect(abs(pulls[band] - expected / variance) < 1e-9)
    }
    // With that t, (Δ y)ᵀ S⁻¹ Δ y is the number of its entries. It is what the curve's likelihood is made of:
    // the squares of misses and bends, each divided by its variance.
    let size = misses.dot(pulls) + bends.dot(bends) / variance
    #expect(abs(size - Double(count - 2)) < 1e-9)
  }

  @Test("On average errors become smaller", arguments: [0, 1, 2.5])
  func errors(slope: Double) {
    var generator = SeededGenerator(seed: 4)
    let dimensions = [3, 3, 12, 54, 216]
    let truth = dimensions.indices.map { exp(-slope * Double($0)) }
    var (before, after) = (0.0, 0.0)
    for _ in 0..<300 {
      let measured = zip(truth, dimensions).map { truth, count in
        let noise = Tensor<Double>.normal(shape: [count], using: &generator)
        return truth * noise.dot(noise) / Double(count)
      }
      let estimates = shrunkEnergies(measured, variances: dimensions.map { 2 / Double($0) })
      func error(_ energies: [Double]) -> Double {
        zip(energies, truth).dropFirst().reduce(0) { $0 + pow(log($1.0 / $1.1), 2) }
      }
      before += error(measured)
      after += error(estimates)
    }
    #expect(after < 0.6 * before)
  }

  @Test func whatIsExactOrNothingStays() {
    #expect(shrunkEnergies([3], variances: [0.5]) == [3])
    #expect(shrunkEnergies([3, 5, 7], variances: [0.5, 0.5, 0.5]) == [3, 5, 7])
    #expect(shrunkEnergies([3, 0, 5, 0, 9], variances: [1, 1, 1, 1, 1]) == [3, 0, 5, 0, 9])
    let energies: [Double] = [3, 5, 0, 7, 1, 7]
    let exact = shrunkEnergies(energies, variances: energies.map { _ in 0 })
    for (new, old) in zip(exact, energies) { #expect(abs(new - old) < 1e-9) }
    #expect(exact[0] == 3 && exact[2] == 0)
    let smooth = shrunkEnergies([3, 8, 4, 2, 1], variances: [1, 1, 1, 1, 1])
    for (new, old) in zip(smooth, [3, 8, 4, 2, 1] as [Double]) { #expect(abs(new - old) < 1e-9) }
  }

  @Test func factorsFollowFromTheEstimates() throws {
    let problem = BandProblem<Double>(height: 16, width: 16)
    var equalizer = BandEqualizer<Double>(problem.nested, refreshInterval: 1)
    for _ in 0..<3 {
      _ = try equalizer.cotangentTransform(for: problem.step())
      let spectrum = try #require(equalizer.spectrum)
      let outputCount = problem.batch.targets.shape[1]
      let variances = spectrum.bands.map { 2 / Double($0.rank * outputCount) }
      #expect(spectrum.estimates == shrunkEnergies(spectrum.energies, variances: variances))
      #expect(
        spectrum.factors
          == bandFactors(
            energies: spectrum.estimates, exponent: 0.5, floor: 1e-3, levelsConstant: true))
      #expect(spectrum.estimates != spectrum.energies)
    }
  }
}

extension [Double] {
  fileprivate func dot(_ other: [Double]) -> Double {
    zip(self, other).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
