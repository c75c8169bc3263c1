import TensorKit
import Testing

@Suite struct TableRowTests {
  /// Every number of columns that has a loop of its own, and some that have none.
  static let columns = [0, 1, 2, 3, 4, 7, 8, 12, 27]

  @Test func threadsShareTheRowsOfATable() {
    let rows: Tensor<Float> = randomTensor([4000, 5], seed: 1)
    let weights: Tensor<Float> = randomTensor([4000, 4], seed: 2)
    let indices = (0..<16_000).map { ($0 * 7919) % 101 }
    let sums = [1, 2, 3, 8].map { threads in
      var table = Tensor<Float>(zeros: [105, 5])
      // A matrix of 101 rows within a longer run of elements.
      table.addRows(
        at: indices, weightedBy: weights, rows, toMatrixOf: 101, from: 10,
        workers: Workers(threads: threads))
      return table
    }
    #expect(sums.dropFirst().allSatisfy { $0 == sums[0] })
    var expected = Tensor<Float>(zeros: [101, 5])
    expected.addRows(at: indices, weightedBy: weights, rows)
    #expect(sums[0].slice(2..<103) == expected)
    #expect(sums[0].slice(0..<2).elements.allSatisfy { $0 == 0 })
  }

  private struct Problem<Scalar: TensorScalar> {
    let table: Tensor<Scalar>
    let rows: Tensor<Scalar>
    let weights: Tensor<Scalar>
    let indices: [Int]

    init(columns: Int) {
      table = randomTensor([9, columns], seed: 1)
      rows = randomTensor([5, columns], seed: 2)
      weights = randomTensor([5, 3], seed: 3)
      // Rows that recur within a sum and in others.
      indices = [0, 8, 8, 3, 4, 3, 8, 0, 1, 2, 2, 2, 7, 6, 5]
    }
  }

  private func check<Scalar: TensorScalar>(_: Scalar.Type, columns: Int) {
    let problem = Problem<Scalar>(columns: columns)
    let (table, rows, weights) = (problem.table, problem.rows, problem.weights)
    let tolerance = 16 * Scalar.ulpOfOne
    let gathered = tensor([5, columns]) { at in
      (0..<3).reduce(Scalar(0)) {
        $0 + weights[at[0], $1] * table[problem.indices[at[0] * 3 + $1], at[1]]
      }
    }
    #expect(
      table.rows(at: problem.indices, weightedBy: weights)
        .isApproximatelyEqual(to: gathered, relativeTolerance: 0, absoluteTolerance: tolerance))
    let products = tensor([5, 3]) { at in
      (0..<columns).reduce(Scalar(0)) {
        $0 + table[problem.indices[at[0] * 3 + at[1]], $1] * rows[at[0], $1]
      }
    }
    #expect(
      table.products(ofRowsAt: problem.indices, corners: 3, with: rows)
        .isApproximatelyEqual(to: products, relativeTolerance: 0, absoluteTolerance: tolerance))
    var expected = table
    for row in 0..<5 {
      for corner in 0..<3 {
        for column in 0..<columns {
          expected[problem.indices[row * 3 + corner], column] +=
            weights[row, corner] * rows[row, column]
        }
      }
    }
    var found = table
    found.addRows(at: problem.indices, weightedBy: weights, rows)
    #expect(
      found.isApproximatelyEqual(to: expected, relativeTolerance: 0, absoluteTolerance: tolerance))
    #expect(table == problem.table)
    let first = Array(problem.indices.prefix(5))
    var unweighted = table
    unweighted.addRows(at: first, weightedBy: nil, rows)
    var one = table
    one.addRows(at: first, rows)
    #expect(unweighted == one)
  }

  @Test(arguments: columns) func gathersAndScatters(_ columns: Int) {
    withEachInstructionSet { _ in
      check(Float.self, columns: columns)
      check(Double.self, columns: columns)
    }
  }

  @Test func nothingIsGatheredForNoRows() {
    let table = Tensor<Float>(zeros: [4, 2])
    #expect(table.rows(at: [], weightedBy: Tensor(zeros: [0, 3])).shape == [0, 2])
    #expect(table.products(ofRowsAt: [], corners: 3, with: Tensor(zeros: [0, 2])).shape == [0, 3])
    #expect(table.rows(at: [], weightedBy: Tensor(zeros: [2, 0])) == Tensor(zeros: [2, 2]))
  }

  @Test func indicesOutsideTheTableAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).rows(at: [0, 3], weightedBy: Tensor(zeros: [1, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).rows(at: [-1, 0], weightedBy: Tensor(zeros: [1, 2]))
    }
    await #expect(processExitsWith: .failure) {
      var table = Tensor<Float>(zeros: [3, 2])
      table.addRows(at: [0], weightedBy: Tensor(zeros: [1, 2]), Tensor(zeros: [1, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [0, 2])
        .products(ofRowsAt: [0], corners: 1, with: Tensor(zeros: [1, 2]))
    }
  }
}
