import COneDNN
import TensorKit
import Testing

@Suite struct MatrixProductTests {
  static let sizes = [
    [0, 0, 0], [0, 3, 2], [3, 0, 2], [3, 2, 0], [1, 1, 1], [1, 5, 3], [5, 1, 3], [5, 3, 1],
    [2, 3, 4], [7, 13, 5], [17, 16, 33], [64, 3, 65], [31, 100, 9],
  ]

  /// The product of plain loops over a left matrix [rows, inner] and a right one [inner, columns].
  private func product(_ left: Tensor<Double>, _ right: Tensor<Double>) -> Tensor<Double> {
    let (inner, columns) = (left.shape[1], right.shape[1])
    let (a, b) = (left.elements, right.elements)
    return tensor([left.shape[0], columns]) { index in
      (0..<inner).reduce(0.0) { $0 + a[index[0] * inner + $1] * b[$1 * columns + index[1]] }
    }
  }

  private func check<Scalar: TensorScalar>(_ size: [Int], _ type: Scalar.Type) {
    let left = randomTensor([size[0], size[1]], seed: 1, as: Scalar.self)
    let right = randomTensor([size[1], size[2]], seed: 2, as: Scalar.self)
    let expected = product(Tensor<Double>(left), Tensor<Double>(right))
    let tolerance = Scalar.ulpOfOne * Scalar(4 + size[1])
    for (transposingLeft, transposingRight) in [
      (false, false), (false, true), (true, false), (true, true),
    ] {
      let a = transposingLeft ? left.transposed() : left
      let b = transposingRight ? right.transposed() : right
      let mode: Comment = "\(Scalar.self), transposing \(transposingLeft), \(transposingRight)"
      func expectEqual(_ result: Tensor<Scalar>, _ expected: Tensor<Double>) {
        #expect(
          result.isApproximatelyEqual(
            to: Tensor<Scalar>(expected), relativeTolerance: tolerance), mode)
      }
      let result = Tensor.matrixProduct(
        a, b, transposingLeft: transposingLeft, transposingRight: transposingRight)
      expectEqual(result, expected)
      var sum = Tensor<Scalar>(repeating: 1, shape: [size[0], size[2]])
      sum.addProduct(a, b, transposingLeft: transposingLeft, transposingRight: transposingRight)
      expectEqual(sum, expected + 1)
      sum.addProduct(a, b, transposingLeft: transposingLeft, transposingRight: transposingRight)
      expectEqual(sum, expected * 2 + 1)
    }
  }

  @Test(arguments: sizes)
  func productsEqualALoopInDoublePrecision(_ size: [Int]) {
    check(size, Float.self)
    check(size, Double.self)
  }

  @Test(arguments: [[0, 3, 2], [3, 0, 2], [3, 2, 0], [1, 5, 3], [65, 9, 7], [200, 31, 70]])
  func productsBySeveralThreadsAreTheSameForAnyNumberOfThem(_ size: [Int]) {
    let left = randomTensor([size[0], size[1]], seed: 1, as: Float.self)
    let right = randomTensor([size[1], size[2]], seed: 2, as: Float.self)
    let expected = Tensor.matrixProduct(left, right)
    for (transposingLeft, transposingRight) in [
      (false, false), (false, true), (true, false), (true, true),
    ] {
      let products = [1, 2, 5].map { threads in
        Tensor.matrixProduct(
          transposingLeft ? left.transposed() : left,
          transposingRight ? right.transposed() : right, transposingLeft: transposingLeft,
          transposingRight: transposingRight, workers: Workers(threads: threads))
      }
      #expect(products[0].isApproximatelyEqual(to: expected, relativeTolerance: 1e-5))
      #expect(products[0] == products[1] && products[0] == products[2])
    }
  }

  /// The result's storage may hold anything before: 0 · NaN must not come through.
  @Test func aProductDoesNotReadWhatItsStorageHeldBefore() {
    for _ in 0..<4 {
      _ = Tensor<Float>(repeating: .nan, shape: [24, 24]) * 2
      _ = Tensor<Double>(repeating: .nan, shape: [24, 24]) * 2
      let single = randomTensor([24, 24], as: Float.self)
      let double = randomTensor([24, 24], as: Double.self)
      #expect(Tensor.matrixProduct(single, single).isFinite)
      #expect(Tensor.matrixProduct(double, double).isFinite)
      let empty = Tensor<Float>(zeros: [24, 0])
      #expect(
        Tensor.matrixProduct(empty, empty, transposingRight: true) == Tensor(zeros: [24, 24]))
    }
  }

  @Test func nonFiniteFactorsStayVisible() {
    let left = Tensor<Float>([[.nan, 1], [2, 3]])
    let right = Tensor<Float>([[0, 1], [1, .infinity]])
    let result = Tensor.matrixProduct(left, right)
    #expect(result[0, 0].isNaN)
    #expect(result[1, 0] == 3)
    #expect(result[1, 1] == .infinity)
  }

  private func checkRowProducts<Scalar: TensorScalar>(_ type: Scalar.Type) {
    let left = randomTensor([9, 5], seed: 3, as: Scalar.self)
    let right = randomTensor([7, 5], seed: 4, as: Scalar.self)
    let whole = Tensor.matrixProduct(left, right, transposingRight: true)
    for (rows, columns) in [(0..<9, 0..<7), (2..<5, 1..<7), (8..<9, 6..<7), (3..<3, 0..<7)] {
      let part = Tensor.rowProducts(left, rows: rows, right, rows: columns)
      let expected = whole.slice(rows).slice(columns, alongAxis: 1)
      #expect(part.isApproximatelyEqual(to: expected, relativeTolerance: 16 * Scalar.ulpOfOne))
    }
    let empty = Tensor<Scalar>(zeros: [3, 0])
    #expect(
      Tensor.rowProducts(empty, rows: 0..<2, empty, rows: 1..<3) == Tensor(zeros: [2, 2]))
  }

  @Test func rowProductsArePartsOfTheWholeProduct() {
    checkRowProducts(Float.self)
    checkRowProducts(Double.self)
  }

  @Test(arguments: [0, 1, 2, 127, 128, 129, 300, 641])
  func aSymmetricMatrixIsFilledFromItsBlocks(_ size: Int) throws {
    let random = randomTensor([size, size], as: Double.self)
    let whole = random + random.transposed()
    for threads in [1, 3] {
      let filled = try Tensor.symmetric(size: size, runner: Workers(threads: threads)) {
        whole.slice($0).slice($1, alongAxis: 1)
      }
      #expect(filled == whole)
    }
  }

  @Test func blocksOnTheDiagonalAreMadeSymmetric() throws {
    let random = randomTensor([100, 100], as: Float.self)
    let filled = try Tensor.symmetric(size: 100) { random.slice($0).slice($1, alongAxis: 1) }
    #expect(filled == filled.transposed())
    #expect(filled == (random + random.transposed()) * 0.5)
  }

  /// Sizes around those of the blocks that the kernel works on, too.
  @Test(arguments: sizes + [[121, 129, 385], [250, 300, 20]])
  func doublePrecisionIsRightOnEveryInstructionSet(_ size: [Int]) {
    withEachInstructionSet { _ in check(size, Double.self) }
  }

  /// By construction: an element is summed along its row and column, wherever it stands.
  @Test func anElementInDoublePrecisionDependsOnItsRowAndColumnAlone() {
    let left = randomTensor([130, 300], seed: 1, as: Double.self)
    let right = randomTensor([300, 90], seed: 2, as: Double.self)
    var products: [String: Tensor<Double>] = [:]
    withEachInstructionSet { name in
      let all = Tensor.matrixProduct(left, right)
      products[name] = all
      #expect(
        Tensor.matrixProduct(
          left.transposed(), right.transposed(), transposingLeft: true,
          transposingRight: true) == all, "\(name)")
      for rows in [0..<1, 3..<10, 57..<130] {
        for columns in [0..<1, 5..<70, 88..<90] {
          let part = Tensor.matrixProduct(
            left.slice(rows), right.slice(columns, alongAxis: 1))
          #expect(part == all.slice(rows).slice(columns, alongAxis: 1), "\(name) \(rows)")
        }
      }
    }
    if let wide = products["AVX-512"] { #expect(wide == products["AVX2"]) }
  }

  /// A host that uses OpenMP itself finds its number of threads as it left it.
  @Test func theHostsThreadsAreLeftAlone() {
    let before = omp_get_max_threads()
    defer { omp_set_num_threads(before) }
    omp_set_num_threads(3)
    check([64, 64, 64], Float.self)
    check([64, 64, 64], Double.self)
    #expect(omp_get_max_threads() == 3)
  }
}
