import Foundation
import TensorKit
import Testing

@Suite struct ElementaryFunctionTests {
  struct Function: Sendable, CustomTestStringConvertible {
    let name: String
    let range: ClosedRange<Double>
    let single: @Sendable (Tensor<Float>) -> Tensor<Float>
    let double: @Sendable (Tensor<Double>) -> Tensor<Double>
    let reference: @Sendable (Double) -> Double
    /// The largest error in units in the last place of the reference.
    var units = 2.0

    var testDescription: String { name }
  }

  static let functions = [
    Function(
      name: "exponential", range: -80...80, single: { $0.exponential() },
      double: { $0.exponential() }, reference: exp),
    Function(
      name: "logarithm", range: 1e-30...1e30, single: { $0.logarithm() },
      double: { $0.logarithm() }, reference: log),
    Function(
      name: "sine", range: -1000...1000, single: { $0.sine() }, double: { $0.sine() },
      reference: sin),
    Function(
      name: "cosine", range: -1000...1000, single: { $0.cosine() }, double: { $0.cosine() },
      reference: cos),
    Function(
      name: "tanh", range: -12...12, single: { $0.hyperbolicTangent() },
      double: { $0.hyperbolicTangent() }, reference: tanh, units: 4),
    Function(
      name: "square root", range: 0...1e6, single: { $0.squareRoot() },
      double: { $0.squareRoot() }, reference: sqrt, units: 1),
    Function(
      name: "square", range: -9...9, single: { $0.squared() }, double: { $0.squared() },
      reference: { $0 * $0 }, units: 1),
    Function(
      name: "reciprocal", range: -3...3, single: { $0.reciprocal() },
      double: { $0.reciprocal() }, reference: { 1 / $0 }, units: 1),
    Function(
      name: "absolute value", range: -3...3, single: { $0.absoluteValue() },
      double: { $0.absoluteValue() }, reference: abs, units: 0),
    Function(
      name: "rectifier", range: -3...3, single: { $0.rectified() }, double: { $0.rectified() },
      reference: { max($0, 0) }, units: 0),
    Function(
      name: "step", range: -3...3, single: { $0.step() }, double: { $0.step() },
      reference: { $0 > 0 ? 1 : 0 }, units: 0),
    Function(
      name: "sign", range: -3...3, single: { $0.sign() }, double: { $0.sign() },
      reference: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, units: 0),
  ]

  @Test(arguments: functions)
  func valuesAreWithinTheStatedUnitsInTheLastPlace(_ function: Function) {
    var generator = SeededGenerator(seed: 11)
    let inputs = Tensor<Double>.uniform(over: function.range, shape: [1003], using: &generator)
    for (x, y) in zip(inputs.elements, function.double(inputs).elements) {
      let expected = function.reference(x)
      #expect(abs(y - expected) <= (function.units + 1) * expected.ulp, "Double at \(x)")
    }
    let rounded = Tensor<Float>(inputs)
    for (x, y) in zip(rounded.elements, function.single(rounded).elements) {
      let expected = Float(function.reference(Double(x)))
      #expect(abs(y - expected) <= Float(function.units) * expected.ulp, "Float at \(x)")
    }
  }

  @Test func specialValuesAreAsInC() {
    let x = Tensor<Float>([.infinity, -.infinity, .nan, 0, -0.0])
    func expect(_ result: Tensor<Float>, _ expected: [Float], _ name: Comment) {
      for (a, b) in zip(result.elements, expected) {
        #expect(a == b || (a.isNaN && b.isNaN), name)
      }
    }
    expect(x.exponential(), [.infinity, 0, .nan, 1, 1], "exp")
    expect(x.logarithm(), [.infinity, .nan, .nan, -.infinity, -.infinity], "log")
    expect(x.sine(), [.nan, .nan, .nan, 0, 0], "sin")
    expect(x.cosine(), [.nan, .nan, .nan, 1, 1], "cos")
    expect(x.hyperbolicTangent(), [1, -1, .nan, 0, 0], "tanh")
    expect(x.squareRoot(), [.infinity, .nan, .nan, 0, 0], "sqrt")
    expect(x.reciprocal(), [0, 0, .nan, .infinity, -.infinity], "1/x")
    expect(x.rectified(), [.infinity, 0, .nan, 0, 0], "max(x, 0)")
    expect(x.step(), [1, 0, 0, 0, 0], "step")
    expect(x.sign(), [1, -1, 0, 0, 0], "sign")
    expect(x.absoluteValue(), [.infinity, .infinity, .nan, 0, 0], "|x|")
    expect(x.squared(), [.infinity, .infinity, .nan, 0, 0], "x²")
  }

  // MARK: Fused layers

  private func checkFused<Scalar: TensorScalar>(_ shape: [Int], _ type: Scalar.Type) {
    let z = randomTensor(shape, seed: 1, as: Scalar.self)
    let columns = shape.last ?? 1
    let random = randomTensor([columns], seed: 2, as: Scalar.self)
    let tolerance = 8 * Scalar.ulpOfOne
    func expectEqual(_ a: Tensor<Scalar>?, _ b: Tensor<Scalar>, _ name: Comment) {
      #expect(
        a?.isApproximatelyEqual(
          to: b, relativeTolerance: tolerance, absoluteTolerance: tolerance) == true, name)
    }
    for bias in [random, nil] {
      let x = bias.map { z + $0 } ?? z
      let sines = z.sines(frequency: 3, bias: bias, slopes: true)
      expectEqual(sines.values, (x * 3).sine(), "sine")
      expectEqual(sines.slopes, (x * 3).cosine() * 3, "sine's slope")
      #expect(z.sines(frequency: 3, bias: bias, slopes: false).slopes == nil)
      #expect(z.sines(frequency: 3, bias: bias, slopes: false).values == sines.values)
      let bumps = z.gaussians(scale: 1.5, bias: bias, slopes: true)
      let bump = (x.squared() * -2.25).exponential()
      expectEqual(bumps.values, bump, "Gaussian")
      expectEqual(bumps.slopes, x * bump * -4.5, "Gaussian's slope")
      #expect(z.gaussians(scale: 1.5, bias: bias, slopes: false).slopes == nil)
      #expect(z.rectified(bias: bias) == x.rectified())
    }
    #expect(z.addingBias(random) == z + random)
    #expect(z.masked(wherePositive: z + 0.1) == z * (z + 0.1).step())
    #expect(z.multiplied(by: z) == z.squared())
    let (residual, sumOfSquares) = z.residual(from: z * 0.5)
    #expect(residual == z - z * 0.5)
    let expected = residual.elements.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(sumOfSquares - expected) <= 1e-13 * (expected + 1))
    guard shape.count == 2 else { return }
    var sums = random
    sums.addColumnSums(of: z)
    expectEqual(sums, random + z.sum(alongAxis: 0), "column sums")
  }

  @Test(arguments: [
    [0, 3], [3, 0], [1, 1], [1, 40], [7, 17], [5, 16], [3, 1], [2, 3, 5],
  ])
  func fusedLayersEqualTheirCompositions(_ shape: [Int]) {
    checkFused(shape, Float.self)
    checkFused(shape, Double.self)
  }
}
