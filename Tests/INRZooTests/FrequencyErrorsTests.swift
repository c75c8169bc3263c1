import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct FrequencyErrorsTests {
  /// Sums of sines with amplitudes and phases at bins of a period of 64 samples.
  private func signal(_ parts: [(bin: Int, amplitude: Double, phase: Double)]) -> Tensor<Double> {
    Tensor(
      (0..<64).map { sample in
        parts.reduce(0.3) {
          $0 + $1.amplitude * cos(2 * .pi * Double($1.bin * sample) / 64 + $1.phase)
        }
      })
  }

  @Test func errorsOfAmplitudeAndPhaseAreToldApart() {
    let target = signal([(3, 2, 0.1), (7, 1, 0.5), (20, 0.5, -1)])
    let prediction = signal([(3, 1.5, 0.1), (7, 1, 0.5 + .pi / 3), (20, 0, 0), (9, 4, 0)])
    let errors = FrequencyErrors(of: target, bins: [3, 7, 20])
    // A quarter of the amplitude; a turn of 60 degrees, which is a chord of one; all of it.
    let complex = errors.relativeErrors(of: prediction)
    let magnitude = errors.relativeErrors(of: prediction, definition: .magnitude)
    for (found, expected) in zip(complex + magnitude, [0.25, 1, 1, 0.25, 0, 1]) {
      #expect(abs(found - expected) < 1e-12)
    }
    #expect(errors.relativeErrors(of: target.reshaped(to: [64, 1])) == [0, 0, 0])
  }

  @Test func constantsAndTheHighestFrequencyCount() {
    let target = signal([(32, 1, 0)])
    let errors = FrequencyErrors(of: target, bins: [0, 32]).relativeErrors(of: target * 0.5)
    #expect(abs(errors[0] - 0.5) < 1e-12 && abs(errors[1] - 0.5) < 1e-12)
  }

  @Test func theStrongestBinsAreFound() {
    let target = signal([(3, 2, 0.1), (7, 1, 0.5), (31, 0.5, -1)])
    #expect(FrequencyErrors.strongestBins(of: target, count: 1) == [3])
    // The constant of 0.3 is an amplitude of 0.6.
    #expect(FrequencyErrors.strongestBins(of: target, count: 3) == [0, 3, 7])
    #expect(FrequencyErrors.strongestBins(of: target, count: 4) == [0, 3, 7, 31])
    #expect(FrequencyErrors.strongestBins(of: target, count: 0) == [])
  }

  @Test func theStrongestBinsOfPublishedSignals() {
    // Computed with NumPy from the released script's target.
    #expect(
      FrequencyErrors.strongestBins(of: FunctionSignal<Float>.circle().values, count: 4)
        == [1, 3, 5, 10])
    let sines = FunctionSignal<Float>.sines(frequencies: [5, 10, 15, 20, 25, 30])
    #expect(
      FrequencyErrors.strongestBins(of: sines.values, count: 6) == [10, 20, 30, 40, 50, 60])
  }

  @Test func steppedSignal() {
    let signal = FunctionSignal<Float>.steps()
    #expect(signal.sampleCount == 300 && signal.inputs.shape == [300, 1])
    #expect(Set(signal.values.elements).isSubset(of: [-4, -2, 0, 2, 4]))
    #expect(signal.values.largest() == 4 && signal.values.smallest() == -4)
    // The strongest of the published bins 3, 5, 7, 9: half cycles over the length of two.
    #expect(
      FrequencyErrors.strongestBins(of: signal.values, count: 4) == [3, 5, 7, 9])
  }
}
