import TensorKit
import Testing

/// Two shapes, and the shape that they broadcast to.
struct BroadcastCase: Sendable, CustomTestStringConvertible {
  let left: [Int]
  let right: [Int]
  let result: [Int]

  init(_ left: [Int], _ right: [Int], _ result: [Int]) {
    self.left = left
    self.right = right
    self.result = result
  }

  var testDescription: String { "\(left) with \(right)" }

  static let all = [
    // The same shape, single numbers.
    BroadcastCase([], [], []), BroadcastCase([5], [5], [5]),
    BroadcastCase([2, 3], [2, 3], [2, 3]),
    BroadcastCase([3, 17], [], [3, 17]), BroadcastCase([1], [], [1]),
    BroadcastCase([1, 1], [4], [1, 4]), BroadcastCase([2, 3, 4], [1], [2, 3, 4]),
    // Inner axes stretched, outer axes stretched.
    BroadcastCase([4, 1], [4, 33], [4, 33]), BroadcastCase([4, 1, 1], [4, 3, 5], [4, 3, 5]),
    BroadcastCase([33], [4, 33], [4, 33]), BroadcastCase([1, 3, 5], [4, 3, 5], [4, 3, 5]),
    BroadcastCase([2, 1, 5], [2, 3, 5], [2, 3, 5]),
    // More short rows than are stretched at once.
    BroadcastCase([1100, 3], [1100, 1], [1100, 3]), BroadcastCase([1100, 3], [3], [1100, 3]),
    BroadcastCase([2, 40, 64], [2, 40, 1], [2, 40, 64]),
    BroadcastCase([1, 65], [40, 65], [40, 65]),
    BroadcastCase([1, 3, 1], [4, 3, 5], [4, 3, 5]),
    // Both stretched, in every arrangement of three axes.
    BroadcastCase([4, 1], [1, 5], [4, 5]), BroadcastCase([4, 1], [5], [4, 5]),
    BroadcastCase([4, 1, 3], [1, 5, 1], [4, 5, 3]),
    BroadcastCase([1, 5, 1], [4, 1, 3], [4, 5, 3]),
    BroadcastCase([4, 5, 1], [1, 1, 3], [4, 5, 3]),
    BroadcastCase([4, 1, 1], [1, 5, 3], [4, 5, 3]),
    BroadcastCase([4, 1, 3], [5, 1], [4, 5, 3]),
    BroadcastCase([2, 1, 3, 1], [1, 4, 3, 5], [2, 4, 3, 5]),
    BroadcastCase([2, 1, 1, 3], [1, 4, 5, 1], [2, 4, 5, 3]),
    // Extents of one on both sides.
    BroadcastCase([2, 1, 3], [1, 1, 3], [2, 1, 3]), BroadcastCase([2, 1], [2, 1], [2, 1]),
    BroadcastCase([3, 1, 1], [1, 1], [3, 1, 1]),
    // No elements.
    BroadcastCase([0], [], [0]), BroadcastCase([0], [1], [0]), BroadcastCase([0, 3], [3], [0, 3]),
    BroadcastCase([3, 0], [3, 1], [3, 0]), BroadcastCase([1, 0], [4, 1], [4, 0]),
    BroadcastCase([0, 1], [1, 0], [0, 0]), BroadcastCase([0, 0], [0, 0], [0, 0]),
  ]
}

@Suite struct BroadcastingTests {
  /// The element of an operand that meets an index of the result.
  private func element<Scalar>(_ x: Tensor<Scalar>, at index: [Int]) -> Scalar {
    let own = zip(index.suffix(x.rank), x.shape).map { $1 == 1 ? 0 : $0 }
    return x.elements[place(of: own, in: x.shape)]
  }

  private func checkAll<Scalar: TensorScalar>(_ example: BroadcastCase, _ type: Scalar.Type) {
    let left = randomTensor(example.left, seed: 1, as: Scalar.self)
    let right = randomTensor(example.right, seed: 2, as: Scalar.self)
    let operations:
      [(String, (Tensor<Scalar>, Tensor<Scalar>) -> Tensor<Scalar>, (Scalar, Scalar) -> Scalar)] = [
        ("+", { $0 + $1 }, { $0 + $1 }), ("-", { $0 - $1 }, { $0 - $1 }),
        ("*", { $0 * $1 }, { $0 * $1 }), ("/", { $0 / $1 }, { $0 / $1 }),
        ("minimum", Tensor.minimum, Swift.min), ("maximum", Tensor.maximum, Swift.max),
      ]
    for (name, operation, scalar) in operations {
      let expected = tensor(example.result) {
        scalar(element(left, at: $0), element(right, at: $0))
      }
      #expect(operation(left, right) == expected, "\(name) of \(Scalar.self)")
      let swapped = tensor(example.result) {
        scalar(element(right, at: $0), element(left, at: $0))
      }
      #expect(operation(right, left) == swapped, "\(name) of \(Scalar.self), swapped")
    }
  }

  @Test(arguments: BroadcastCase.all)
  func binaryOperationsEqualALoopOverIndices(_ example: BroadcastCase) {
    checkAll(example, Float.self)
    checkAll(example, Double.self)
  }

  @Test(arguments: BroadcastCase.all.filter { $0.left == $0.result })
  func operationsInPlaceEqualThoseThatAreNot(_ example: BroadcastCase) {
    let left = randomTensor(example.left, seed: 1, as: Double.self)
    let right = randomTensor(example.right, seed: 2, as: Double.self)
    var (sum, difference, product, quotient) = (left, left, left, left)
    sum += right
    difference -= right
    product *= right
    quotient /= right
    #expect(sum == left + right)
    #expect(difference == left - right)
    #expect(product == left * right)
    #expect(quotient == left / right)
  }

  @Test(arguments: [0, 1, 3, 16, 35])
  func numbersCombineWithEveryElement(_ count: Int) {
    let x = randomTensor([count], as: Float.self)
    func map(_ function: (Float) -> Float) -> Tensor<Float> { Tensor(x.elements.map(function)) }
    #expect(x + 3 == map { $0 + 3 })
    #expect(3 + x == map { 3 + $0 })
    #expect(x - 3 == map { $0 - 3 })
    #expect(3 - x == map { 3 - $0 })
    #expect(x * 3 == map { $0 * 3 })
    #expect(3 * x == map { 3 * $0 })
    #expect(x / 3 == map { $0 / 3 })
    #expect(3 / x == map { 3 / $0 })
    #expect(-x == map { -$0 })
    #expect(x.clamped(to: -0.5...0.25) == map { Swift.min(Swift.max($0, -0.5), 0.25) })
    var scaled = x
    scaled *= 3
    #expect(scaled == map { $0 * 3 })
    var added = x
    added.add(x * 2, scaledBy: 0.5)
    #expect(added.isApproximatelyEqual(to: map { $0 * 2 }, relativeTolerance: 1e-6))
  }

  @Test func minimumAndMaximumKeepNaNOfEitherSide() {
    let (a, b) = (Tensor<Float>([.nan, 1, 2]), Tensor<Float>([1, .nan, 3]))
    for result in [Tensor.minimum(a, b), Tensor.maximum(a, b), Tensor.minimum(b, a)] {
      #expect(result[0].isNaN)
      #expect(result[1].isNaN)
    }
    #expect(Tensor.minimum(a, b)[2] == 2)
    #expect(Tensor.maximum(a, b)[2] == 3)
  }
}
