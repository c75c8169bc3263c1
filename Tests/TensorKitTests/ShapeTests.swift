import TensorKit
import Testing

@Suite struct ShapeTests {
  @Test(arguments: [
    ([], []), ([3], [0]), ([2, 3], [0, 1]), ([2, 3], [1, 0]), ([2, 3, 4], [0, 1, 2]),
    ([2, 3, 4], [0, 2, 1]), ([2, 3, 4], [1, 0, 2]), ([2, 3, 4], [1, 2, 0]),
    ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [2, 1, 0]), ([2, 1, 3, 5], [3, 1, 0, 2]),
    ([2, 3, 2, 5], [1, 0, 2, 3]), ([0, 3], [1, 0]), ([2, 0, 3], [2, 0, 1]),
    ([1, 1, 1], [2, 0, 1]),
  ])
  func permutingAxesEqualsALoopOverIndices(_ shape: [Int], _ order: [Int]) {
    let x = counting(shape, as: Float.self)
    let result = x.permutingAxes(order)
    let expected = tensor(order.map { shape[$0] }) { index in
      var source = [Int](repeating: 0, count: shape.count)
      for (axis, from) in order.enumerated() { source[from] = index[axis] }
      return x.elements[place(of: source, in: shape)]
    }
    #expect(result == expected)
    let inverse = order.indices.map { axis in order.firstIndex(of: axis) ?? -1 }
    #expect(result.permutingAxes(inverse) == x)
  }

  @Test(arguments: [
    [0, 0], [0, 3], [1, 1], [1, 7], [7, 1], [3, 5], [8, 8], [16, 16], [17, 33], [65, 130],
    [129, 31],
  ])
  func transposingEqualsALoop(_ shape: [Int]) {
    let single = counting(shape, as: Float.self)
    let double = counting(shape, as: Double.self)
    #expect(single.transposed() == single.permutingAxes([1, 0]))
    #expect(double.transposed() == double.permutingAxes([1, 0]))
    #expect(
      double.transposed()
        == tensor([shape[1], shape[0]]) { double.elements[$0[1] * shape[1] + $0[0]] })
  }

  @Test(arguments: [
    (0..<2, 0), (1..<1, 0), (1..<3, 1), (0..<3, 1), (3..<4, 2), (0..<4, -1), (1..<3, -2),
    (2..<2, -1),
  ])
  func slicesEqualALoop(_ range: Range<Int>, _ axis: Int) {
    let shape = [2, 3, 4]
    let x = counting(shape, as: Double.self)
    let own = axis < 0 ? axis + 3 : axis
    var expectedShape = shape
    expectedShape[own] = range.count
    let expected = tensor(expectedShape) { index in
      var index = index
      index[own] += range.lowerBound
      return x.elements[place(of: index, in: shape)]
    }
    #expect(x.slice(range, alongAxis: axis) == expected)
  }

  @Test(arguments: [0, 1, 2, -1, -2, -3])
  func concatenatedSlicesAreTheWhole(_ axis: Int) {
    let x = randomTensor([4, 5, 6], as: Float.self)
    let extent = x.shape[axis < 0 ? axis + 3 : axis]
    let bounds = [0, 1, 1, 3, extent]
    let parts = zip(bounds, bounds.dropFirst()).map { x.slice($0..<$1, alongAxis: axis) }
    #expect(Tensor.concatenated(parts, alongAxis: axis) == x)
    #expect(Tensor.concatenated([x], alongAxis: axis) == x)
  }

  @Test func concatenationPutsElementsInOrder() {
    let (a, b) = (Tensor<Float>([[1, 2], [3, 4]]), Tensor<Float>([[5], [6]]))
    #expect(Tensor.concatenated([a, b], alongAxis: 1) == Tensor([[1, 2, 5], [3, 4, 6]]))
    #expect(
      Tensor.concatenated([a, a.slice(1..<2)]) == Tensor([[1, 2], [3, 4], [3, 4]]))
  }

  @Test func rowsAreGatheredInTheirOrder() {
    let x = counting([4, 2], as: Double.self)
    #expect(x.rows(at: [3, 0, 3]) == Tensor([[6, 7], [0, 1], [6, 7]]))
    #expect(x.rows(at: [Int]()).shape == [0, 2])
    #expect(x.rows(at: 1..<3) == x.slice(1..<3))
    #expect(counting([5], as: Double.self).rows(at: [4, 1]).elements == [4, 1])
    #expect(counting([2, 2, 2], as: Double.self).rows(at: [1]).elements == [4, 5, 6, 7])
    #expect(Tensor<Double>(zeros: [3, 0]).rows(at: [2, 2]).shape == [2, 0])
  }

  @Test func rowsAreOverwrittenAndAdded() {
    var x = Tensor<Double>(zeros: [4, 2])
    x.setRows(at: [2, 0], to: Tensor([[1, 2], [3, 4]]))
    #expect(x == Tensor([[3, 4], [0, 0], [1, 2], [0, 0]]))
    x.addRows(at: [2, 2, 3], Tensor([[10, 20], [100, 200], [5, 6]]))
    #expect(x == Tensor([[3, 4], [0, 0], [111, 222], [5, 6]]))
    x.setRows(at: [1, 1], to: Tensor([[7, 7], [8, 9]]))
    #expect(x.rows(at: [1]) == Tensor([[8, 9]]))
  }

  @Test func addingRowsIsTheTransposeOfGathering() {
    let indices = [0, 4, 2, 4, 4, 1]
    let v = randomTensor([5, 7], seed: 1, as: Double.self)
    let u = randomTensor([6, 7], seed: 2, as: Double.self)
    var scattered = Tensor<Double>(zeros: [5, 7])
    scattered.addRows(at: indices, u)
    #expect(abs(v.rows(at: indices).dot(u) - v.dot(scattered)) < 1e-13)
  }
}
