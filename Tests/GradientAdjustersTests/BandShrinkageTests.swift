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
    #expect(zip(found, energies).contains { abs($0 / $1 - 1) > 1e-4 })
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

  @Test(
    "On average errors become smaller",
    arguments: [
      ("flat", [0, 0, 0, 0, 0, 0], 0.4), ("sloping", [0, -2.5, -5, -7.5, -10, -12.5], 0.4),
      ("bent", [0, 0.2, 0, -1.5, -4, -7], 0.75), ("cut off", [0, 0.1, 0, 0, 0.1, -9], 1.02),
    ])
  func errors(name: String, truth: [Double], most: Double) {
    var generator = SeededGenerator(seed: 4)
    let dimensions = [3, 9, 36, 144, 576, 2304]
    var (before, after) = (0.0, 0.0)
    for _ in 0..<200 {
      let measured = zip(truth, dimensions).map { truth, count in
        let noise = Tensor<Double>.normal(shape: [count], using: &generator)
        return exp(truth) * noise.dot(noise) / Double(count)
      }
      let variances = dimensions.map { 2 / Double($0) }
      // The first one is the constant, of which nothing is asked.
      let estimates = shrunkEnergies([1] + measured, variances: [1] + variances).dropFirst()
      func error(_ energies: some Sequence<Double>) -> Double {
        zip(energies, truth).reduce(0) { $0 + pow(log($1.0) - $1.1, 2) }
      }
      before += error(measured)
      after += error(estimates)
    }
    #expect(after < most * before)
  }

  @Test func whatIsExactOrNothingStays() {
    #expect(shrunkEnergies([3], variances: [0.5]) == [3])
    #expect(shrunkEnergies([3, 5, 7], variances: [0.5, 0.5, 0.5]) == [3, 5, 7])
    #expect(shrunkEnergies([3, 0, 5, 0, 9], variances: [1, 1, 1, 1, 1]) == [3, 0, 5, 0, 9])
    let energies: [Double] = [3, 5, 0, 7, 1, 7]
    let exact = shrunkEnergies(energies, variances: energies.map { _ in 0 })
    for (new, old) in zip(exact, energies) { #expect(abs(new - old) < 1e-6) }
    #expect(exact[0] == 3 && exact[2] == 0)
    let smooth = shrunkEnergies([3, 8, 4, 2, 1], variances: [1, 1, 1, 1, 1])
    for (new, old) in zip(smooth, [3, 8, 4, 2, 1] as [Double]) { #expect(abs(new - old) < 1e-9) }
  }

  @Test func whatIsManyOrExtremeStaysFinite() {
    var generator = SeededGenerator(seed: 3)
    let many = Tensor<Double>.uniform(over: -40...40, shape: [500], using: &generator).elements
    let variances = many.indices.map { $0 % 7 == 0 ? 0 : 2 / Double($0) }
    let tiny = Double.leastNonzeroMagnitude
    for energies in [
      many.map(exp), [1, 1e308, 3e307, 1e308, 1e308], [1e-300, 1e-300, tiny, 1e300, 1],
      [5, tiny, tiny, tiny, tiny],
    ] {
      let found = shrunkEnergies(energies, variances: variances)
      #expect(found.allSatisfy { $0.isFinite && $0 >= 0 })
      let factors = bandFactors(
        energies: found, exponent: 0.5, floor: 1e-3, levelsConstant: true)
      #expect(factors.allSatisfy { $0 > 0 && $0 <= 1 })
    }
  }

  @Test("Factors follow from estimates by the errors of measurements", arguments: [1, 3], [1, 8])
  func factors(outputs: Int, probeCount: Int) throws {
    let problem = BandProblem<Double>(height: 9, width: 8, outputs: outputs)
    // The second band is that of two halves.
    let bands = NestedMeanBands<Double>(
      .bisecting(problem.batch.inputs, cutsPerLevel: 1), rowsPerCell: 4)
    #expect(bands.bands[1].rank == 1)
    for probe in BandProbe.allCases {
      var equalizer = BandEqualizer<Double>(
        bands, refreshInterval: 1, probe: probe, probeCount: probeCount)
      for _ in 0..<3 {
        _ = try equalizer.cotangentTransform(for: problem.step())
        let spectrum = try #require(equalizer.spectrum)
        let variances = spectrum.bands.map {
          $0.rank * outputs == 1 ? 0 : 2 / Double($0.rank * outputs * probeCount)
        }
        #expect(spectrum.estimates == shrunkEnergies(spectrum.energies, variances: variances))
        let changes = zip(spectrum.estimates, spectrum.energies).map { abs($0 / $1 - 1) }
        #expect(changes[0] == 0 && changes.dropFirst(2).contains { $0 > 1e-3 })
        #expect((changes[1] < 1e-6) == (outputs == 1))
        #expect(
          spectrum.factors
            == bandFactors(
              energies: spectrum.estimates, exponent: 0.5, floor: 1e-3, levelsConstant: true))
      }
    }
  }

  @Test func bandsWithoutAnOrderStayAsMeasured() throws {
    let problem = BandProblem<Double>()
    var equalizer = BandEqualizer<Double>(Unordered(bands: problem.cosine))
    _ = try equalizer.cotangentTransform(for: problem.step())
    let spectrum = try #require(equalizer.spectrum)
    #expect(spectrum.estimates == spectrum.energies)
  }
}

/// Bands whose neighbours have nothing in common.
private struct Unordered<Scalar: TensorScalar>: Bands {
  let base: any Bands<Scalar>

  init(bands: any Bands<Scalar>) { base = bands }

  var rowCount: Int { base.rowCount }
  var bands: [Band] { base.bands }
  var areOrdered: Bool { false }
  func weighting(by factors: [Double]) -> BandWeighting<Scalar> { base.weighting(by: factors) }
}

extension [Double] {
  fileprivate func dot(_ other: [Double]) -> Double {
    zip(self, other).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
