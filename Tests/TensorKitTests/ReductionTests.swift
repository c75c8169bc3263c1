import TensorKit
import Testing

@Suite struct ReductionTests {
  private static let shapes: [[Int]] = [
    [1], [7], [33], [1, 1], [4, 5], [5, 1], [1, 5], [37, 3], [3, 1100], [2, 3, 4], [3, 1, 2],
    [2, 2, 3, 5], [0], [0, 3], [3, 0], [2, 0, 3],
  ]

  private func checkSums<Scalar: TensorScalar>(_ shape: [Int], _ type: Scalar.Type) {
    let x = randomTensor(shape, as: Scalar.self)
    for axis in shape.indices {
      var kept = shape
      kept[axis] = 1
      let expected = tensor(kept) { index in
        Scalar(
          (0..<shape[axis]).reduce(0.0) { sum, position in
            var index = index
            index[axis] = position
            return sum + Double(x.elements[place(of: index, in: shape)])
          })
      }
      let tolerance = Scalar(8) * Scalar.ulpOfOne
      let sums = x.sum(alongAxis: axis, keepingAxis: true)
      #expect(
        sums.isApproximatelyEqual(
          to: expected, relativeTolerance: tolerance, absoluteTolerance: tolerance),
        "\(Scalar.self), axis \(axis)")
      kept.remove(at: axis)
      #expect(x.sum(alongAxis: axis) == sums.reshaped(to: kept))
      #expect(x.sum(alongAxis: axis - shape.count) == sums.reshaped(to: kept))
      guard shape[axis] > 0 else { continue }
      #expect(
        x.mean(alongAxis: axis, keepingAxis: true).isApproximatelyEqual(
          to: expected / Scalar(shape[axis]), relativeTolerance: tolerance,
          absoluteTolerance: tolerance))
      #expect(x.mean(alongAxis: axis).shape == kept)
    }
  }

  @Test(arguments: shapes)
  func sumsAlongEveryAxisEqualALoop(_ shape: [Int]) {
    checkSums(shape, Float.self)
    checkSums(shape, Double.self)
  }

  @Test(arguments: [0, 1, 5, 31, 32, 33, 1000])
  func wholeReductionsEqualALoop(_ count: Int) {
    let x = randomTensor([count], seed: 3, as: Float.self)
    let y = randomTensor([count], seed: 4, as: Float.self)
    let (a, b) = (x.elements.map { Double($0) }, y.elements.map { Double($0) })
    let scale = Double(Swift.max(count, 1)) * 1e-7
    #expect(abs(Double(x.sum()) - a.reduce(0, +)) <= scale)
    #expect(abs(Double(x.dot(y)) - zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }) <= scale)
    #expect(abs(Double(x.norm()) - a.reduce(0) { $0 + $1 * $1 }.squareRoot()) <= scale)
    guard count > 0 else {
      #expect(x.mean().isNaN)
      return
    }
    #expect(abs(Double(x.mean()) - a.reduce(0, +) / Double(count)) <= 1e-6)
    #expect(x.largest() == x.elements.max())
    #expect(x.smallest() == x.elements.min())
    let rows = x.reshaped(to: [1, count])
    let magnitudes = a.reduce(0) { $0 + abs($1) }
    #expect(abs(Double(rows.absoluteRowSums()[0]) - magnitudes) <= scale)
  }

  @Test func normsAreRightAtAnyScale() {
    for exponent in [-1074, -1000, -520, 0, 510, 1000] {
      let unit = Double(sign: .plus, exponent: exponent, significand: 1)
      #expect((Tensor<Double>([3, -4, 0]) * unit).norm() == 5 * unit)
    }
    for exponent in [-149, -100, 0, 100, 125] {
      let unit = Float(sign: .plus, exponent: exponent, significand: 1)
      #expect((Tensor<Float>([3, -4, 0]) * unit).norm() == 5 * unit)
    }
    #expect(Tensor<Double>(zeros: [4]).norm() == 0 && Tensor<Double>(zeros: [0]).norm() == 0)
    #expect(Tensor<Double>([1, .nan]).norm().isNaN && Tensor<Float>([1, .nan]).norm().isNaN)
    #expect(Tensor<Double>([1, -.infinity]).norm() == .infinity)
  }

  @Test func rowSumsOfAbsoluteValuesKeepTheRowsApart() {
    #expect(Tensor<Double>([[1, -2, 3], [-4, 0, 0.5]]).absoluteRowSums().elements == [6, 4.5])
    #expect(Tensor<Double>(zeros: [3, 0]).absoluteRowSums().elements == [0, 0, 0])
  }

  /// A Float accumulator would lose the ones beside 2²⁴.
  @Test func sumsAreAccumulatedInDoublePrecision() {
    var x = Tensor<Float>(repeating: 1, shape: [1001])
    x[0] = 16_777_216
    x[1000] = -16_777_216
    #expect(x.sum() == 999)
    #expect(x.dot(Tensor(repeating: 1, shape: [1001])) == 999)
    #expect(x.reshaped(to: [1001, 1]).sum(alongAxis: 0).scalar == 999)
    let pair = Tensor.concatenated(
      [x.reshaped(to: [1001, 1]), x.reshaped(to: [1001, 1])], alongAxis: 1)
    #expect(pair.sum(alongAxis: 0).elements == [999, 999])
  }

  @Test(arguments: [0, 1, 6, 15, 16, 40])
  func notANumberIsFoundAnywhere(_ place: Int) {
    var x = randomTensor([41], as: Float.self)
    #expect(x.isFinite)
    x[place] = .nan
    #expect(x.largest().isNaN)
    #expect(x.smallest().isNaN)
    #expect(!x.isFinite)
    x[place] = -.infinity
    #expect(!x.isFinite)
    #expect(x.smallest() == -.infinity)
    #expect(Tensor<Float>(zeros: [0]).isFinite)
  }

  private func checkTranspose<Scalar: TensorScalar>(
    _ small: [Int], _ large: [Int], _ type: Scalar.Type
  ) {
    let v = randomTensor(small, seed: 5, as: Scalar.self)
    let u = randomTensor(large, seed: 6, as: Scalar.self)
    let (left, right) = (v.broadcast(to: large).dot(u), v.dot(u.summed(to: small)))
    let scale = v.norm() * u.norm() * Scalar(u.count + 1)
    #expect(abs(left - right) <= scale * Scalar.ulpOfOne)
    #expect(u.summed(to: small).shape == small)
  }

  @Test(arguments: BroadcastCase.all)
  func summingToAShapeIsTheTransposeOfBroadcasting(_ example: BroadcastCase) {
    for shape in [example.left, example.right] {
      checkTranspose(shape, example.result, Float.self)
      checkTranspose(shape, example.result, Double.self)
      let ones = Tensor<Double>(repeating: 1, shape: shape)
      #expect(
        ones.broadcast(to: example.result) == Tensor(repeating: 1, shape: example.result))
    }
  }

  @Test func broadcastingRepeatsElements() {
    #expect(
      Tensor<Float>([1, 2]).broadcast(to: [2, 2, 2]).elements == [1, 2, 1, 2, 1, 2, 1, 2])
    #expect(Tensor<Float>([[1], [2]]).broadcast(to: [2, 3]).elements == [1, 1, 1, 2, 2, 2])
    #expect(
      Tensor<Float>([[1, 2], [3, 4]]).summed(to: [2, 1]).elements == [3, 7])
    #expect(Tensor<Float>([[1, 2], [3, 4]]).summed(to: [2]).elements == [4, 6])
    #expect(Tensor<Float>([[1, 2], [3, 4]]).summed(to: []).scalar == 10)
  }
}
