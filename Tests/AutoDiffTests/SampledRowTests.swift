import TensorKit
import Testing

@testable import AutoDiff

/// Operations on runs of rows and on tables, and sums of cotangents that touch few rows.
@Suite struct SampledRowTests {
  static let runs: [DerivativeCase] = [
    .init("summed runs of two", at: [normal([6, 2])]) { $0[0].sine().summedOverRuns(of: 2) },
    .init("summed runs", at: [normal([5, 2])]) {
      $0[0].squared().summedOverRuns(bounds: [0, 2, 2, 5])
    },
    .init("one run", at: [normal([3, 1])]) { $0[0].summedOverRuns(of: 3).squared() },
    .init("no runs", at: [normal([0, 2])]) { $0[0].summedOverRuns(of: 3) },
    .init("sums before", at: [normal([6, 2])]) {
      $0[0].squared().exclusiveSumsOverRuns(of: 3).sine()
    },
    .init("sums before in runs", at: [normal([5, 1])]) {
      $0[0].exclusiveSumsOverRuns(bounds: [0, 3, 3, 5]).exponential()
    },
    .init("repeated", at: [normal([2, 3])]) { $0[0].sine().repeatedOverRuns(of: 2).squared() },
    .init("repeated over runs", at: [normal([3, 2])]) {
      $0[0].repeatedOverRuns(bounds: [0, 2, 2, 5]).squared()
    },
    .init("compositing", at: [normal([6, 4])]) { inputs in
      let depth = inputs[0].slice(0..<1, alongAxis: 1).softplus()
      let weights =
        (-depth.exclusiveSumsOverRuns(of: 3)).exponential() * (1 - (-depth).exponential())
      return (weights * inputs[0].slice(1..<4, alongAxis: 1).sigmoid()).summedOverRuns(of: 3)
    },
  ]

  private static let indices = [0, 3, 3, 1, 2, 0]

  static let tables: [DerivativeCase] = [
    .init("interpolation", at: [normal([4, 2], seed: 1), normal([3, 2], seed: 2)]) {
      $0[0].rows(at: indices, weightedBy: $0[1])
    },
    .init("interpolation, squared", at: [normal([4, 3], seed: 1), normal([2, 3], seed: 2)]) {
      $0[0].sine().rows(at: indices, weightedBy: $0[1].squared()).squared()
    },
    .init("interpolation with known weights", at: [normal([4, 1])]) {
      $0[0].rows(at: indices, weightedBy: Variable(normal([6, 1], seed: 5))).sine()
    },
    .init("interpolation in a known table", at: [normal([3, 2])]) {
      Variable(normal([4, 2], seed: 6)).rows(at: indices, weightedBy: $0[0]).sine()
    },
    .init("interpolation at positions", at: [normal([4, 2], seed: 1), positive([3, 1], seed: 2)]) {
      let weights = Variable.concatenated([$0[1], 1 - $0[1]], alongAxis: 1)
      return $0[0].rows(at: indices, weightedBy: weights, foundFrom: $0[1]).squared()
    },
    .init("rows of a large table", at: [normal([9, 2])]) {
      $0[0].rows(at: [8, 1, 8]).squared() + $0[0].rows(at: [0, 1, 2])
    },
    .init("rows of a table and the table", at: [normal([4, 2])]) {
      $0[0].rows(at: [3, 3]).squared().sum() + $0[0].sine().sum() * $0[0].rows(at: [1]).sum()
    },
  ]

  @Test(arguments: runs) func operationsOnRuns(_ example: DerivativeCase) {
    #expect(checkDerivatives(at: example.inputs, of: example.function) == [])
  }

  @Test(arguments: tables) func operationsOnTables(_ example: DerivativeCase) {
    #expect(checkDerivatives(at: example.inputs, of: example.function) == [])
  }

  @Test func valuesAreThoseOfTheDefinitions() {
    let rows = Variable(Tensor<Double>([[1, 2], [3, 4], [5, 6], [7, 8]]))
    #expect(rows.summedOverRuns(of: 2).value == Tensor([[4, 6], [12, 14]]))
    #expect(
      rows.exclusiveSumsOverRuns(of: 2).value == Tensor([[0, 0], [1, 2], [0, 0], [5, 6]]))
    #expect(rows.slice(0..<2).repeatedOverRuns(of: 2).value.elements == [1, 2, 1, 2, 3, 4, 3, 4])
    let weights = Variable(Tensor<Double>([[1, 10], [100, 1000]]))
    #expect(
      rows.rows(at: [0, 1, 3, 3], weightedBy: weights).value == Tensor([[31, 42], [7700, 8800]]))
  }

  // MARK: - Sums of cotangents

  private func addition(seed: UInt64, _ indices: [Int], rowCount: Int = 8) -> RowAddition<Double> {
    RowAddition(
      normal([indices.count / 2, 3], seed: seed), at: indices,
      weightedBy: normal([indices.count / 2, 2], seed: seed + 50), rowCount: rowCount)
  }

  /// A part of a sum: a tensor, or rows.
  private enum Part: CaseIterable { case tensor, rows, manyRows }

  @Test func sumsOfRowsAndTensorsAreTheSameInAnyOrder() throws {
    func add(_ part: Part, _ seed: UInt64, to sum: inout CotangentSum<Double>) {
      switch part {
      case .tensor: sum.add(normal([8, 3], seed: seed))
      case .rows: sum.add(addition(seed: seed, [0, 7, 7, 3]))
      case .manyRows: sum.add(addition(seed: seed, Array(0..<8) + [1, 1]))
      }
    }
    for first in Part.allCases {
      for second in Part.allCases {
        for third in Part.allCases {
          var expected = Tensor<Double>(zeros: [8, 3])
          var (whole, left, right) = (
            CotangentSum<Double>(), CotangentSum<Double>(), CotangentSum<Double>()
          )
          for (seed, part) in [first, second, third].enumerated() {
            var single = CotangentSum<Double>()
            add(part, UInt64(seed), to: &single)
            expected += try #require(single.total)
            add(part, UInt64(seed), to: &whole)
            if seed == 0 {
              add(part, UInt64(seed), to: &left)
            } else {
              add(part, UInt64(seed), to: &right)
            }
          }
          var sent = CotangentSum<Double>()
          try sent.restore(from: right.savedState())
          left.combine(sent)
          expectClose(try #require(whole.total), expected, 1e-14, "\(first), \(second), \(third)")
          let combined = left.take()
          expectClose(try #require(combined), expected, 1e-14, "\(first), then \(second), \(third)")
          #expect(left.total == nil)
        }
      }
    }
  }

  @Test func aTableThatIsBarelyTouchedIsNotCopied() throws {
    let rowCount = 1 << 16
    var sum = CotangentSum<Double>()
    for seed in 0..<10 { sum.add(addition(seed: UInt64(seed), [0, 7, 7, 3], rowCount: rowCount)) }
    let state = try sum.savedState()
    #expect(state.count < 60 && state["tensor"] == .absent)
    #expect(sum.total?.shape == [rowCount, 3])
  }

  /// What waits as points is written down as indices and weights, for processes that have not the grid.
  @Test func interpolatedRowsAreListedInAState() throws {
    let grid = TableGrid(
      levels: [
        TableGrid.Level(
          scale: SIMD3(repeating: 2), offset: .zero, extents: SIMD3(repeating: 3),
          strides: SIMD3(9, 3, 1), addressing: .bounded, rows: 0..<27),
        TableGrid.Level(
          scale: SIMD3(repeating: 1), offset: .zero, extents: SIMD3(repeating: 2),
          strides: SIMD3(4, 2, 1), addressing: .bounded, rows: 27..<35),
      ], from: .zero, to: SIMD3(repeating: 1), isSmooth: false)
    let points = Tensor<Double>([[0.1, 0.6, 0.8], [0.9, 0.2, 0.5]])
    let cotangents = normal([2, 6], seed: 3)
    var sum = CotangentSum<Double>()
    sum.add(RowAddition(cotangents, through: grid, at: points))
    var sent = CotangentSum<Double>()
    try sent.restore(from: sum.savedState())
    var expected = Tensor<Double>(zeros: [35, 3])
    grid.addPullback(of: cotangents, at: points, to: &expected)
    #expect(sum.total == expected && expected.squared().sum() > 0)
    expectClose(try #require(sent.total), expected, 1e-14, "restored")
  }

  // MARK: - Batches

  @Test func tilesAreSizedBySamples() {
    struct Sampled: Module {
      typealias Scalar = Double
      let samplesPerRow: Int
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { input }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {}
    }
    for (samples, rows) in [(1, 64), (2, 32), (63, 1), (64, 1), (65, 1), (1000, 1)] {
      let evaluation = TiledEvaluation(of: Sampled(samplesPerRow: samples), rowsPerTile: 64)
      #expect(evaluation.rowsPerTile == rows)
    }
    #expect(Network([2, 1]).samplesPerRow == 1)
    #expect(TiledEvaluation(of: Sampled(samplesPerRow: 3)).rowsPerTile == 85)
    struct Light: Module {
      typealias Scalar = Double
      var rowsPerTile: Int { 1000 }
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { input }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {}
    }
    #expect(TiledEvaluation(of: Light()).rowsPerTile == 1000)
    #expect(TiledEvaluation(of: Light(), rowsPerTile: 9).rowsPerTile == 9)
  }
}
