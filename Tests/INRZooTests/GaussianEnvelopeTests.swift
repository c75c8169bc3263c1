import AutoDiff
import TensorKit
import Testing

@testable import INRZoo

/// Derivatives of envelopes against central differences, first and second ones.
@Suite struct GaussianEnvelopeTests {
  private let shapes = [[4, 2], [3, 2], [3]]

  private func inputs(seed: UInt64) -> [Tensor<Double>] {
    var generator = SeededGenerator(seed: seed)
    return shapes.map { .normal(standardDeviation: 0.6, shape: $0, using: &generator) }
  }

  @Sendable private func envelope(_ inputs: [Variable<Double>]) -> Variable<Double> {
    .applying(GaussianEnvelope(), to: inputs)
  }

  @Test func valuesHaveTheirFormula() {
    let inputs = inputs(seed: 1)
    let values = envelope(inputs.map { Variable($0) }).value
    for sample in 0..<4 {
      for unit in 0..<3 {
        let (x, y) = (
          inputs[0][sample, 0] - inputs[1][unit, 0], inputs[0][sample, 1] - inputs[1][unit, 1]
        )
        let exponent = Tensor(-inputs[2].elements[unit] * (x * x + y * y) / 2)
        #expect(abs(values[sample, unit] - exponent.exponential().scalar) < 1e-14)
      }
    }
  }

  @Test func firstDerivatives() {
    let (point, direction) = (inputs(seed: 2), inputs(seed: 3))
    let step = 1e-5
    func moved(_ sign: Double) -> Tensor<Double> {
      envelope(zip(point, direction).map { Variable($0 + $1 * (sign * step)) }).value
    }
    let expected = (moved(1) - moved(-1)) * (1 / (2 * step))
    let (_, derivative) = valueWithPushforward(
      at: point.map { Variable($0) }, along: direction.map { Variable($0) }, of: envelope)
    #expect(derivative.value.isApproximatelyEqual(to: expected, relativeTolerance: 1e-8))
    for index in shapes.indices {
      // One input's share by itself.
      let alone = direction.enumerated().map { $0 == index ? $1 : Tensor(zeros: $1.shape) }
      let (_, share) = valueWithPushforward(
        at: point.map { Variable($0) }, along: alone.map { Variable($0) }, of: envelope)
      let (_, pullback) = valueWithPullback(at: point.map { Variable($0) }, of: envelope)
      let cotangent = inputs(seed: 4)[1].reshaped(to: [-1]).slice(0..<1).scalar
      let ones = Tensor<Double>(repeating: cotangent, shape: [4, 3])
      let pulled = pullback(Variable(ones))[index].value
      #expect(abs((pulled * direction[index]).sum() - (share.value * ones).sum()) < 1e-12)
    }
  }

  @Test func secondDerivatives() {
    let (point, direction) = (inputs(seed: 5), inputs(seed: 6))
    var generator = SeededGenerator(seed: 7)
    let cotangent = Variable(Tensor<Double>.normal(shape: [4, 3], using: &generator))
    let step = 1e-5
    @Sendable func gradient(_ inputs: [Variable<Double>]) -> Variable<Double> {
      let (_, pullback) = valueWithPullback(at: inputs, of: envelope)
      return .concatenated(pullback(cotangent).map { $0.reshaped(to: [-1]) })
    }
    func moved(_ sign: Double) -> Tensor<Double> {
      gradient(zip(point, direction).map { Variable($0 + $1 * (sign * step)) }).value
    }
    let expected = (moved(1) - moved(-1)) * (1 / (2 * step))
    let (_, product) = valueWithPushforward(
      at: point.map { Variable($0) }, along: direction.map { Variable($0) }, of: gradient)
    #expect(product.value.isApproximatelyEqual(to: expected, relativeTolerance: 1e-8))
  }
}
