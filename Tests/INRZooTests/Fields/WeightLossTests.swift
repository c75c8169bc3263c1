import AutoDiff
import INRZoo
import TensorKit
import Testing

@Suite struct WeightLossTests {
  private struct Settings: Decodable {}

  private func bounds(_ reference: FieldReference<Settings>) throws -> [Int] {
    try reference.indices("ray_start") + [try reference.indices("ray_count").reduce(0, +)]
  }

  private func check<Scalar: TensorScalar>(
    _: Scalar.Type, values: Double, gradients: Double
  ) throws {
    let reference = try FieldReference<Settings>("weight-losses")
    let bounds = try bounds(reference)
    let rays = bounds.count - 1
    func column(_ name: String) throws -> Variable<Scalar> {
      Variable(try reference.tensor(name, as: Scalar.self).reshaped(to: [-1, 1]))
    }
    let weights = try column("weights")
    let (midpoints, intervals) = (try column("midpoints"), try column("intervals"))

    let distortion = valueWithPullback(at: [weights]) {
      .distortionLoss(
        weights: $0[0], midpoints: midpoints, intervals: intervals, bounds: bounds)
    }
    try reference.expect(distortion.value.value, "distortion", tolerance: values)
    let cotangent = try column("cotangent.distortion")
    try reference.expect(
      distortion.pullback(cotangent)[0].value, "gradient.weights", tolerance: gradients)

    let opacity = valueWithPullback(at: [try column("opacity")]) { .opacityLoss($0[0]) }
    try reference.expect(opacity.value.value, "opacity_loss", tolerance: values)
    let ones = Variable(Tensor<Scalar>(repeating: 1, shape: opacity.value.shape))
    try reference.expect(
      opacity.pullback(ones)[0].value, "gradient.opacity", tolerance: gradients)

    let background = valueWithPullback(at: [try column("remaining")]) {
      .backgroundEntropyLoss($0[0])
    }
    try reference.expect(background.value.value, "background_entropy", tolerance: values)
    let count = background.value.shape[0]
    let share = Variable(Tensor<Scalar>(repeating: 1 / Scalar(count), shape: [count, 1]))
    try reference.expect(
      background.pullback(share)[0].value, "gradient.remaining", tolerance: gradients)

    let colors = Variable(try reference.tensor("colors", as: Scalar.self))
    let targets = Variable(try reference.tensor("targets", as: Scalar.self))
    let ofSamples = valueWithPullback(at: [colors, weights]) {
      .sampleColorLoss(weights: $0[1], colors: $0[0], targets: targets, bounds: bounds)
    }
    try reference.expect(
      ofSamples.value.value.sum(alongAxis: 0) * (1 / Scalar(rays)), "per_point_loss",
      tolerance: values)
    let gradient = ofSamples.pullback(
      Variable(Tensor<Scalar>(repeating: 1 / Scalar(rays), shape: [rays, 1])))
    try reference.expect(gradient[0].value, "gradient.colors", tolerance: gradients)
    // Weights count as constants.
    #expect(gradient[1].value == Tensor(zeros: weights.shape))
  }

  @Test func lossesAndGradientsAreTheReferences() throws {
    try check(Double.self, values: 1e-12, gradients: 1e-10)
    try check(Float.self, values: 2e-5, gradients: 1e-4)
  }

  private static func numbers(_ count: Int, _ columns: Int = 1, seed: UInt64) -> Tensor<Double> {
    var generator = SeededGenerator(seed: seed)
    return .uniform(over: 0.1...0.9, shape: [count, columns], using: &generator)
  }

  @Test func derivatives() {
    let bounds = [0, 3, 3, 4]
    let midpoints = Tensor<Double>([[2.1], [2.5], [3.3], [2.7]])
    let inputs = [Self.numbers(4, seed: 1), midpoints, Self.numbers(4, seed: 2)]
    #expect(
      checkDerivatives(at: inputs) {
        .distortionLoss(weights: $0[0], midpoints: $0[1], intervals: $0[2], bounds: bounds)
      } == [])
    #expect(checkDerivatives(at: [Self.numbers(4, seed: 3)]) { .opacityLoss($0[0]) } == [])
    #expect(
      checkDerivatives(at: [Self.numbers(4, seed: 4)]) { .backgroundEntropyLoss($0[0]) } == [])
    let weights = Variable(Self.numbers(4, seed: 5))
    #expect(
      checkDerivatives(at: [Self.numbers(4, 3, seed: 6), Self.numbers(3, 3, seed: 7)]) {
        .sampleColorLoss(weights: weights, colors: $0[0], targets: $0[1], bounds: bounds)
      } == [])
  }

  /// The sums written out, and distances that are shifted far.
  @Test func distortionIsItsDefinition() {
    let (weights, lengths) = (Self.numbers(6, seed: 8), Self.numbers(6, seed: 9))
    var ends: [Double] = [100]
    for length in lengths.elements { ends.append((ends.last ?? 0) + length) }
    let middles = (0..<6).map { (ends[$0] + ends[$0 + 1]) / 2 }
    var expected = 0.0
    for i in 0..<6 {
      for j in 0..<6 {
        expected += weights[i, 0] * weights[j, 0] * abs(middles[i] - middles[j])
      }
      expected += weights[i, 0] * weights[i, 0] * lengths[i, 0] / 3
    }
    func loss<Scalar: TensorScalar>(_: Scalar.Type) -> Scalar {
      Variable<Scalar>.distortionLoss(
        weights: Variable(Tensor(weights)),
        midpoints: Variable(Tensor(Tensor<Double>(middles, shape: [6, 1]))),
        intervals: Variable(Tensor(lengths)), bounds: [0, 6]
      ).scalar
    }
    #expect(abs(loss(Double.self) - expected) < 1e-12 * expected)
    #expect(abs(Double(loss(Float.self)) - expected) < 2e-5 * expected)
  }

  @Test func raysWithoutSamples() {
    let none = Variable(Tensor<Float>(zeros: [0, 1]))
    let (value, pullback) = valueWithPullback(at: [none]) {
      .distortionLoss(weights: $0[0], midpoints: none, intervals: none, bounds: [0, 0, 0])
    }
    #expect(value.value == Tensor(zeros: [2, 1]))
    #expect(pullback(value)[0].shape == [0, 1])
    let colors = Variable(Tensor<Float>(zeros: [0, 3]))
    #expect(
      Variable.sampleColorLoss(
        weights: none, colors: colors, targets: Variable(Tensor(zeros: [2, 3])), bounds: [0, 0, 0]
      ).value == Tensor(zeros: [2, 1]))
  }
}
