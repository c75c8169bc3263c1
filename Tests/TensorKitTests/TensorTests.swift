import TensorKit
import Testing

@Suite struct TensorTests {
  // MARK: Values

  @Test func aCopyKeepsItsElementsWhenTheOriginalIsWritten() {
    var original = counting([2, 3], as: Float.self)
    let copy = original
    original[1, 2] = 50
    #expect(original.elements == [0, 1, 2, 3, 4, 50])
    #expect(copy.elements == [0, 1, 2, 3, 4, 5])
  }

  /// Each way of writing in place must leave whoever shares the elements alone.
  @Test(arguments: [
    "+=", "-=", "*=", "/=", "* number", "add", "elements", "setRows", "addRows", "addProduct",
    "addColumnSums",
  ])
  func writingInPlaceLeavesACopyAlone(_ operation: String) {
    let size = operation == "addColumnSums" ? [4] : [2, 2]
    var written = counting(size, as: Double.self) + 1
    let copy = written
    switch operation {
    case "+=": written += copy
    case "-=": written -= copy * 3
    case "*=": written *= copy
    case "/=": written /= copy + 1
    case "* number": written *= 3
    case "add": written.add(copy, scaledBy: 2)
    case "elements": written.withUnsafeMutableElements { $0[0] = 9 }
    case "setRows": written.setRows(at: [1], to: copy.slice(0..<1))
    case "addRows": written.addRows(at: [0], copy.slice(0..<1))
    case "addProduct": written.addProduct(copy, copy)
    default: written.addColumnSums(of: counting([2, 4]))
    }
    #expect(copy.elements == [1, 2, 3, 4])
    #expect(written != copy)
  }

  @Test func consumingOperationsLeaveTheirOperandAlone() {
    let operand = counting([2, 2], as: Double.self) + 0.5
    let bias = Tensor<Double>([1, 2])
    _ = operand.sines(frequency: 2, bias: bias, slopes: true)
    _ = operand.gaussians(scale: 2, bias: bias, slopes: true)
    _ = operand.variableSines(frequency: 2, throughScale: true, bias: bias, slopes: true)
    _ = operand.gabors(frequency: 2, scale: 1, bias: bias, slopes: true)
    _ = operand.complexGabors(frequency: 2, scale: 1)
    _ = operand.complexGaborPullback(of: operand, values: operand, frequency: 2, scale: 1)
    _ = operand.rectified(bias: bias)
    _ = operand.addingBias(bias)
    _ = operand.masked(wherePositive: operand)
    _ = operand.multiplied(by: operand)
    _ = operand.residual(from: operand)
    #expect(operand.elements == [0.5, 1.5, 2.5, 3.5])
    #expect(bias.elements == [1, 2])
  }

  @Test func anOperandMayBeTheTensorItself() {
    var x = counting([3], as: Float.self)
    x += x
    #expect(x.elements == [0, 2, 4])
    x.add(x, scaledBy: -0.5)
    #expect(x.elements == [0, 1, 2])
    var rows = counting([3, 2], as: Float.self)
    rows.setRows(at: [0, 1, 2], to: rows.rows(at: [2, 1, 0]))
    #expect(rows.elements == [4, 5, 2, 3, 0, 1])
    rows.addRows(at: [2, 2, 0], rows)
    #expect(rows.elements == [4, 6, 2, 3, 6, 9])
  }

  @Test func reshapedTensorsShareNothingThatCanBeSeen() {
    var original = counting([2, 3], as: Float.self)
    let flat = original.reshaped(to: [6])
    original[0, 0] = -1
    #expect(flat[0] == 0)
  }

  // MARK: Making

  @Test func initializersGiveShapeAndElements() {
    #expect(Tensor<Float>(repeating: 2, shape: [2, 2]).elements == [2, 2, 2, 2])
    #expect(Tensor<Double>(zeros: [3]).elements == [0, 0, 0])
    #expect(Tensor<Double>(7).shape == [])
    #expect(Tensor<Double>(7).scalar == 7)
    #expect(Tensor<Float>([1, 2]).shape == [2])
    #expect(Tensor<Float>([[1, 2, 3], [4, 5, 6]]).shape == [2, 3])
    #expect(Tensor<Float>([[1, 2, 3], [4, 5, 6]])[1, 0] == 4)
    #expect(Tensor<Float>([[Float]]()).shape == [0, 0])
    #expect(Tensor<Float>(zeros: [2, 0, 3]).count == 0)
    #expect(
      Tensor<Float>(stride(from: 0, to: 6, by: 1).map { Float($0) }, shape: [1, 6]).rank == 2)
    let written = Tensor<Double>(shape: [2, 2]) { for index in $0.indices { $0[index] = 3 } }
    #expect(written.elements == [3, 3, 3, 3])
  }

  @Test func anErrorWhileInitializingIsThrownOn() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try Tensor<Float>(shape: [2]) { _ in throw Stop() } }
  }

  @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 33, 100, 1001])
  func fillingReachesEveryElementOfAnySize(_ count: Int) {
    #expect(Tensor<Float>(repeating: 5, shape: [count]).elements.allSatisfy { $0 == 5 })
    #expect(Tensor<Double>(repeating: 5, shape: [count]).elements.allSatisfy { $0 == 5 })
  }

  @Test func conversionRoundsToNearest() {
    let third = Tensor<Double>([1.0 / 3, 1e300, -2])
    #expect(Tensor<Float>(third).elements == [Float(1.0 / 3), .infinity, -2])
    #expect(Tensor<Double>(Tensor<Float>([1 / 3])).elements == [Double(Float(1) / 3)])
    #expect(Tensor<Double>(third) == third)
  }

  @Test func evenlySpacedNumbersReachBothEnds() {
    let numbers = Tensor<Double>.evenlySpaced(over: -0.1...0.7, count: 5)
    #expect(numbers[0] == -0.1)
    #expect(numbers[4] == 0.7)
    let expected = Tensor<Double>([-0.1, 0.1, 0.3, 0.5, 0.7])
    #expect(numbers.largestDifference(from: expected) < 1e-15)
    #expect(Tensor<Float>.evenlySpaced(over: 2...3, count: 1).elements == [2])
    #expect(Tensor<Float>.evenlySpaced(over: 2...3, count: 2).elements == [2, 3])
  }

  @Test func theIdentityHasOnesOnItsDiagonal() {
    #expect(Tensor<Float>.identity(0).shape == [0, 0])
    #expect(
      Tensor<Double>.identity(3) == Tensor<Double>([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))
  }

  // MARK: Subscripts, reshaping

  @Test func subscriptsAddressRowMajorOrder() {
    let x = counting([2, 3, 4], as: Double.self)
    for index in allIndices([2, 3, 4]) {
      #expect(x[index[0], index[1], index[2]] == Double(place(of: index, in: [2, 3, 4])))
    }
    var y = x
    y[1, 2, 3] += 10
    #expect(y[1, 2, 3] == 33)
    #expect(Tensor<Double>(4)[] == 4)
  }

  @Test(arguments: [
    ([2, 6], [-1, 4], [3, 4]), ([2, 6], [12], [12]), ([2, 6], [2, -1, 3], [2, 2, 3]),
    ([1], [], []), ([], [1, 1], [1, 1]), ([], [-1], [1]), ([0, 3], [-1, 3], [0, 3]),
    ([0, 3], [0, -1], [0, 0]), ([4], [-1], [4]),
  ])
  func reshapingWorksOutAnExtent(_ shape: [Int], _ asked: [Int], _ expected: [Int]) {
    let x = counting(shape, as: Float.self)
    #expect(x.reshaped(to: asked).shape == expected)
    #expect(x.reshaped(to: asked).elements == x.elements)
  }

  // MARK: Comparison, description

  @Test func equalityIsOfShapeAndElements() {
    #expect(counting([2, 3], as: Float.self) == counting([2, 3]))
    #expect(counting([2, 3], as: Float.self) != counting([3, 2]))
    #expect(Tensor<Float>([1, 2]) != Tensor<Float>([1, 3]))
    #expect(Tensor<Float>([.nan]) != Tensor<Float>([.nan]))
    #expect(Tensor<Float>([0.0]) == Tensor<Float>([-0.0]))
  }

  @Test func approximateEqualityIsRelativeToTheLargestMagnitude() {
    let expected = Tensor<Double>([100, 0])
    let close = Tensor<Double>([100, 0.5])
    #expect(close.isApproximatelyEqual(to: expected, relativeTolerance: 0.0051))
    #expect(!close.isApproximatelyEqual(to: expected, relativeTolerance: 0.0049))
    #expect(
      close.isApproximatelyEqual(to: expected, relativeTolerance: 0, absoluteTolerance: 0.5))
    #expect(!close.isApproximatelyEqual(to: expected.reshaped(to: [2, 1]), relativeTolerance: 1))
    let broken = Tensor<Double>([100, .nan])
    let nothing = Tensor<Double>(zeros: [0])
    #expect(!broken.isApproximatelyEqual(to: expected, relativeTolerance: 1))
    #expect(!expected.isApproximatelyEqual(to: broken, relativeTolerance: 1))
    #expect(nothing.isApproximatelyEqual(to: nothing, relativeTolerance: 0))
    #expect(close.largestDifference(from: expected) == 0.5)
    #expect(broken.largestDifference(from: expected).isNaN)
    #expect(nothing.largestDifference(from: nothing) == 0)
  }

  @Test func theDescriptionShowsShapeTypeAndEnds() {
    #expect(
      Tensor<Float>([[1, 2], [3, 4]]).description == "Tensor<Float>[2, 2] [[1.0, 2.0], [3.0, 4.0]]")
    #expect(Tensor<Double>(2).description == "Tensor<Double>[] 2.0")
    #expect(
      counting([8], as: Double.self).description
        == "Tensor<Double>[8] [0.0, 1.0, 2.0, …, 5.0, 6.0, 7.0]")
    #expect(Tensor<Double>(zeros: [2, 0]).description == "Tensor<Double>[2, 0] [[], []]")
  }
}
