import Foundation
import TensorKit
import Testing

@testable import AutoDiff

@Suite struct PrimitiveTests {
  static let elementary: [DerivativeCase] = [
    .init("exponential", at: [normal([2, 3])]) { $0[0].exponential() },
    .init("logarithm", at: [positive([2, 3])]) { $0[0].logarithm() },
    .init("sine", at: [normal([2, 3])]) { $0[0].sine() },
    .init("cosine", at: [normal([2, 3])]) { $0[0].cosine() },
    .init("hyperbolicTangent", at: [normal([2, 3])]) { $0[0].hyperbolicTangent() },
    .init("squareRoot", at: [positive([2, 3])]) { $0[0].squareRoot() },
    .init("squared", at: [normal([2, 3])]) { $0[0].squared() },
    .init("reciprocal", at: [positive([2, 3])]) { $0[0].reciprocal() },
    .init("absoluteValue", at: [normal([2, 3])]) { $0[0].absoluteValue() },
    .init("rectified", at: [normal([2, 3])]) { $0[0].rectified() },
    .init("step", at: [normal([2, 3])]) { $0[0].step() },
    .init("sign", at: [normal([2, 3])]) { $0[0].sign() },
    .init("softplus", at: [normal([2, 3])]) { $0[0].softplus() },
    .init("sigmoid", at: [normal([2, 3])]) { $0[0].sigmoid() },
    .init("truncated exponential", at: [normal([2, 3])]) { $0[0].truncatedExponential() },
    .init("a number's sine", at: [normal([])]) { $0[0].sine() },
    .init("nothing's sine", at: [normal([0, 3])]) { $0[0].sine() },
  ]

  static let scalarOperations: [DerivativeCase] = [
    .init("-x", at: [normal([3])]) { -$0[0] },
    .init("x + 2", at: [normal([3])]) { $0[0] + 2 },
    .init("2 + x", at: [normal([3])]) { 2 + $0[0] },
    .init("x - 2", at: [normal([3])]) { $0[0] - 2 },
    .init("2 - x", at: [normal([3])]) { 2 - $0[0] },
    .init("x · 3", at: [normal([3])]) { $0[0] * 3 },
    .init("3 · x", at: [normal([3])]) { 3 * $0[0] },
    .init("x · 0", at: [normal([3])]) { $0[0] * 0 },
    .init("x / 3", at: [normal([3])]) { $0[0] / 3 },
    .init("3 / x", at: [positive([3])]) { 3 / $0[0] },
    .init("x clamped", at: [normal([6])]) { $0[0].clamped(to: -0.5...0.7) },
    .init("x² clamped", at: [normal([6])]) { $0[0].squared().clamped(to: 0.3...0.9) },
    .init("x⁰", at: [normal([3])]) { $0[0].raised(to: 0) },
    .init("x¹", at: [normal([3])]) { $0[0].raised(to: 1) },
    .init("x⁵", at: [normal([3])]) { $0[0].raised(to: 5) },
    .init("x⁻²", at: [positive([3])]) { $0[0].raised(to: -2) },
    .init("(2 - x)² · x", at: [normal([3])]) { (2 - $0[0]).squared() * $0[0] },
  ]

  static let arithmetic: [DerivativeCase] =
    [
      ([3], [3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([2, 1, 2], [3, 1]), ([], [2, 2]), ([], []),
      ([1, 1], [2]), ([0, 3], [1, 3]), ([2, 1], [2, 1]),
    ].flatMap { left, right -> [DerivativeCase] in
      let inputs = [normal(left, seed: 1), positive(right, seed: 2)]
      return [
        .init("\(left) + \(right)", at: inputs) { $0[0] + $0[1] },
        .init("\(left) - \(right)", at: inputs) { $0[0] - $0[1] },
        .init("\(left) * \(right)", at: inputs) { $0[0] * $0[1] },
        .init("\(left) / \(right)", at: inputs) { $0[0] / $0[1] },
        .init("\(right) - \(left)", at: inputs) { $0[1] - $0[0] },
        .init("\(right) * \(left)", at: inputs) { $0[1] * $0[0] },
        .init("sine(\(left) / \(right))", at: inputs) { ($0[0] / $0[1]).sine() },
      ]
    }

  static let matrixProducts: [DerivativeCase] =
    [(2, 3, 4), (1, 1, 1), (3, 1, 2), (2, 0, 3), (0, 2, 2)].flatMap { rows, inner, columns in
      [(false, false), (false, true), (true, false), (true, true)].map { transposing in
        let left = normal(transposing.0 ? [inner, rows] : [rows, inner], seed: 1)
        let right = normal(transposing.1 ? [columns, inner] : [inner, columns], seed: 2)
        return .init(
          "product \(rows)x\(inner)x\(columns), transposing \(transposing)", at: [left, right]
        ) {
          .matrixProduct(
            $0[0], $0[1], transposingLeft: transposing.0, transposingRight: transposing.1)
        }
      }
    } + [
      .init("the square of a matrix", at: [normal([3, 3])]) { .matrixProduct($0[0], $0[0]) },
      .init("a Gram matrix", at: [normal([2, 3])]) {
        .matrixProduct($0[0], $0[0], transposingRight: true)
      },
    ]

  static let shapes: [DerivativeCase] = [
    .init("rows times matrices of rows", at: [normal([3, 2], seed: 1), normal([3, 8], seed: 2)]) {
      $0[0].contracted(with: $0[1])
    },
    .init("sum", at: [normal([2, 3])]) { $0[0].sum() },
    .init("mean", at: [normal([2, 3])]) { $0[0].mean() },
    .init("summed to rows", at: [normal([2, 3])]) { $0[0].summed(to: [2, 1]) },
    .init("summed to columns", at: [normal([2, 3])]) { $0[0].squared().summed(to: [3]) },
    .init("summed to its shape", at: [normal([2, 3])]) { $0[0].summed(to: [2, 3]) },
    .init("sum along rows", at: [normal([2, 3])]) { $0[0].squared().sum(alongAxis: 0) },
    .init("sum along columns", at: [normal([2, 3])]) {
      $0[0].sum(alongAxis: -1, keepingAxis: true).sine()
    },
    .init("mean along columns", at: [normal([2, 3, 2])]) { $0[0].sine().mean(alongAxis: 1) },
    .init("mean along an axis that is kept", at: [normal([2, 3])]) {
      ($0[0] - $0[0].mean(alongAxis: 1, keepingAxis: true)).squared()
    },
    .init("broadcast of a column", at: [normal([2, 1])]) { $0[0].broadcast(to: [2, 3]).sine() },
    .init("broadcast of a row", at: [normal([3])]) { $0[0].broadcast(to: [2, 2, 3]).sine() },
    .init("broadcast of a number", at: [normal([])]) { $0[0].broadcast(to: [2, 2]) },
    .init("broadcast to nothing", at: [normal([1, 3])]) { $0[0].broadcast(to: [0, 3]) },
    .init("reshaped", at: [normal([2, 3])]) { $0[0].reshaped(to: [3, -1]).squared() },
    .init("transposed", at: [normal([2, 3])]) { $0[0].transposed().squared() },
    .init("slice of rows", at: [normal([4, 2])]) { $0[0].slice(1..<3).squared() },
    .init("slice of columns", at: [normal([2, 4])]) {
      $0[0].slice(0..<3, alongAxis: 1).squared()
    },
    .init("slice from the last axis", at: [normal([2, 4])]) {
      $0[0].slice(2..<4, alongAxis: -1).squared()
    },
    .init("empty slice", at: [normal([2, 4])]) { $0[0].slice(2..<2, alongAxis: 1) },
    .init("slice of an axis without elements", at: [normal([0, 2])]) { $0[0].slice(0..<0) },
    .init("slice of everything", at: [normal([3])]) { $0[0].slice(0..<3) },
    .init("concatenated rows", at: [normal([2, 2], seed: 1), normal([1, 2], seed: 2)]) {
      .concatenated([$0[0], $0[1].squared(), $0[0]])
    },
    .init("concatenated columns", at: [normal([2, 2], seed: 1), normal([2, 1], seed: 2)]) {
      .concatenated([$0[0].sine(), $0[1]], alongAxis: -1).squared()
    },
    .init("concatenated with a constant", at: [normal([2, 2])]) {
      .concatenated([Variable(normal([1, 2], seed: 9)), $0[0]]).squared()
    },
    .init("rows", at: [normal([3, 2])]) { $0[0].rows(at: [2, 0, 2, 2]).squared() },
    .init("no rows", at: [normal([3, 2])]) { $0[0].rows(at: []) },
    .init("elements of a vector as rows", at: [normal([4])]) { $0[0].rows(at: [3, 1]).sine() },
  ]

  static let compositions: [DerivativeCase] = [
    .init("the input itself", at: [normal([3])]) { $0[0] },
    .init("x · x", at: [normal([3])]) { $0[0] * $0[0] },
    .init("x + x", at: [normal([3])]) { $0[0] + $0[0] },
    .init("x / x", at: [positive([3])]) { $0[0] / $0[0] },
    .init("x - x", at: [normal([3])]) { $0[0] - $0[0] },
    .init("x · sine x · exponential x", at: [normal([3])]) {
      $0[0] * $0[0].sine() * $0[0].exponential()
    },
    .init("a diamond", at: [normal([2, 2])]) {
      let shared = $0[0].sine()
      return shared.squared() * shared.exponential() + shared
    },
    .init("diamonds in a row", at: [normal([2])]) {
      (0..<6).reduce($0[0]) { x, _ in (x.sine() + x) * 0.7 }
    },
    .init("an input that is not used", at: [normal([2], seed: 1), normal([3], seed: 2)]) {
      $0[1].sine()
    },
    .init("an input that is used as a constant", at: [normal([3])]) {
      $0[0] * $0[0].detached().detached() * 0 + $0[0].squared()
    },
    .init("a constant", at: [normal([3])]) { _ in Variable(normal([2], seed: 8)) },
    .init("an input and a constant", at: [normal([3])]) {
      $0[0].sine() * Variable(normal([2, 3], seed: 8))
    },
    .init("a row less its mean", at: [normal([2, 3])]) {
      let mean = $0[0].summed(to: [2, 1]) / 3
      return ($0[0] - mean).squared()
    },
    .init("a quotient of sums", at: [positive([2, 2], seed: 1), positive([2], seed: 2)]) {
      let total = $0[0].exponential().sum()
      return $0[0].exponential() / total * $0[1].logarithm()
    },
    .init(
      "two layers", at: [normal([3, 2], seed: 1), normal([3, 2], seed: 2), normal([3], seed: 3)]
    ) { inputs in
      let hidden = Variable.matrixProduct(inputs[0], inputs[1], transposingRight: true)
      return Variable.matrixProduct((hidden + inputs[2]).hyperbolicTangent(), inputs[1])
    },
  ]

  @Test(arguments: elementary) func elementaryFunctions(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test(arguments: scalarOperations) func operationsWithNumbers(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test(arguments: arithmetic) func arithmeticWithBroadcasting(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test(arguments: matrixProducts) func productsOfMatrices(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test(arguments: shapes) func shapeOperations(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test(arguments: compositions) func compositionsOfOperations(_ example: DerivativeCase) {
    expectDerivatives(of: example.name, at: example.inputs, function: example.function)
  }

  @Test func everyElementaryFunctionIsInTheTable() {
    #expect(ElementaryPrimitive<Double>.Function.allCases.count == 15)
  }

  @Test func matricesOfRowsAreMultipliedRowByRow() {
    let rows = Variable(Tensor<Double>([1, 2, 3, 4], shape: [2, 2]))
    let matrices = Variable(Tensor<Double>([1, 0, 2, 0, 1, 3, 1, 1, 1, 2, 2, 2], shape: [2, 6]))
    #expect(rows.contracted(with: matrices).value.elements == [1, 2, 8, 11, 11, 11])
  }

  @Test func valuesOfVariablesAreThoseOfTensors() {
    let (a, b) = (normal([2, 3], seed: 1), positive([3], seed: 2))
    let (x, y) = (Variable(a), Variable(b))
    #expect((x + y).value == a + b)
    #expect((x - y).value == a - b)
    #expect((x * y).value == a * b)
    #expect((x / y).value == a / b)
    #expect((2 - x).value == 2 - a)
    #expect((x - 2).value == a - 2)
    #expect((x / 3).value == a / 3)
    #expect((3 / y).value == 3 / b)
    #expect((3 / x).value == 3 / a)
    let subnormal = Double.leastNormalMagnitude / 64
    #expect((y / subnormal).value == b / subnormal)
    #expect(x.mean().scalar == a.sum() / 6)
    #expect(x.sum().shape == [])
    #expect(x.sum(alongAxis: 0).value == a.sum(alongAxis: 0))
    #expect(x.sum(alongAxis: -1, keepingAxis: true).shape == [2, 1])
    #expect(x.mean(alongAxis: 1).value == a.mean(alongAxis: 1))
    #expect(x.clamped(to: -0.5...0.5).value == a.clamped(to: -0.5...0.5))
    #expect(x.raised(to: 3).value == a * a.squared())
    #expect(y.raised(to: -1).value == b.reciprocal())
    #expect(y.logarithm().value == b.logarithm())
  }

  @Test func softplusAndSigmoidAreAccurateFarFromZero() {
    let x = Variable(Tensor<Double>([-800, -700, -40, -1e-20, 0, 40, 800]))
    let softplus = x.softplus().value.elements
    let sigmoid = x.sigmoid().value.elements
    let small = [Foundation.exp(-700.0), Foundation.exp(-40.0)]
    #expect(softplus[0] == 0 && sigmoid[0] == 0)
    #expect(abs(softplus[1] / small[0] - 1) < 1e-13 && abs(sigmoid[1] / small[0] - 1) < 1e-13)
    #expect(abs(softplus[2] / small[1] - 1) < 1e-15 && abs(sigmoid[2] / small[1] - 1) < 1e-15)
    #expect(abs(softplus[3] - Foundation.log(2.0)) < 1e-15 && sigmoid[3] == 0.5)
    #expect(abs(softplus[4] - Foundation.log(2.0)) < 1e-15 && sigmoid[4] == 0.5)
    #expect(softplus[5] == 40 && sigmoid[5] == 1)
    #expect(softplus[6] == 800 && sigmoid[6] == 1)
    let extremes = Variable(Tensor<Float>([.infinity, -.infinity, .nan]))
    #expect(extremes.softplus().value.elements.prefix(2) == [.infinity, 0])
    #expect(extremes.sigmoid().value.elements.prefix(2) == [1, 0])
    #expect(extremes.softplus().value.elements[2].isNaN)
    #expect(extremes.sigmoid().value.elements[2].isNaN)
    // The derivative at zero is that of the function itself, not of one of its branches.
    #expect(gradient(at: Variable(Tensor<Double>([0]))) { $0.softplus().sum() }.value[0] == 0.5)
  }

  @Test func clampedElementsPassNoDerivativeAtOrBeyondTheBounds() {
    let x = Variable(Tensor<Double>([-2, -1, 0, 1, 2]))
    let slope = gradient(at: x) { $0.clamped(to: -1...1).sum() }
    #expect(slope.value.elements == [0, 0, 1, 0, 0])
  }
}
