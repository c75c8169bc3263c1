import Testing

@testable import TensorKit

/// Interpolation in grids of table rows, with every instruction set, against the definition written out.
@Suite struct TableGridTests {
  /// Columns with loops of their own, and without.
  static let columns = [1, 2, 3, 4, 5, 8, 12]

  private struct Level {
    let scale: SIMD3<Double>
    let offset: SIMD3<Double>
    let extents: SIMD3<Int>
    let strides: SIMD3<UInt32>
    let addressing: TableGrid.Addressing
    let rows: Range<Int>

    var tableLevel: TableGrid.Level {
      TableGrid.Level(
        scale: scale, offset: offset, extents: extents, strides: strides, addressing: addressing,
        rows: rows)
    }

    /// The row of a vertex; nil outside.
    func row(_ vertex: SIMD3<Int>) -> Int? {
      let factors = (0..<3).map { UInt32(truncatingIfNeeded: vertex[$0]) &* strides[$0] }
      switch addressing {
      case .bounded:
        guard (0..<3).allSatisfy({ vertex[$0] >= 0 && vertex[$0] < extents[$0] }) else {
          return nil
        }
        return rows.lowerBound + Int(factors[0] + factors[1] + factors[2])
      case .wrapped:
        return rows.lowerBound + Int(factors[0] &+ factors[1] &+ factors[2]) % rows.count
      case .hashed:
        return rows.lowerBound + Int(factors[0] ^ factors[1] ^ factors[2]) % rows.count
      }
    }
  }

  private static let levels = [
    Level(
      scale: SIMD3(3, 2, 4), offset: SIMD3(0.25, 0, -0.5), extents: SIMD3(4, 3, 4),
      strides: SIMD3(12, 4, 1), addressing: .bounded, rows: 0..<48),
    Level(
      scale: SIMD3(3.5, 3.5, 3.5), offset: SIMD3(repeating: 0.5), extents: SIMD3(repeating: 5),
      strides: SIMD3(1, 5, 25), addressing: .wrapped, rows: 48..<176),
    Level(
      scale: SIMD3(repeating: 37), offset: SIMD3(repeating: 0.5), extents: SIMD3(repeating: 38),
      strides: SIMD3(1, 2_654_435_761, 805_459_861), addressing: .hashed, rows: 176..<240),
    Level(
      scale: SIMD3(repeating: 9), offset: .zero, extents: SIMD3(repeating: 10),
      strides: SIMD3(1, 2_654_435_761, 805_459_861), addressing: .hashed, rows: 240..<283),
  ]

  private static let lower = SIMD3(-0.1, 0, 0.05)
  private static let upper = SIMD3(1, 1.2, 0.9)

  private static func grid(isSmooth: Bool) -> TableGrid {
    TableGrid(levels: levels.map(\.tableLevel), from: lower, to: upper, isSmooth: isSmooth)
  }

  /// The factor of a vertex and its derivatives by the coordinate, of all orders.
  private static func factor(
    _ fraction: Double, isUpper: Bool, order: Int, scale: Double, isSmooth: Bool
  ) -> Double {
    let f = fraction
    let upper =
      isSmooth
      ? [3 * f * f - 2 * f * f * f, 6 * f - 6 * f * f, 6 - 12 * f, -12][min(order, 3)]
      : [f, 1, 0, 0][min(order, 3)]
    let power = (0..<order).reduce(1.0) { product, _ in product * scale }
    let value = order > 3 ? 0 : upper * power
    return isUpper ? value : (order == 0 ? 1 : 0) - value
  }

  /// Points inside and outside of the unit cube.
  private static func points(_ count: Int) -> Tensor<Double> {
    var generator = SeededGenerator(seed: 3)
    return .uniform(over: -0.3...1.3, shape: [count, 3], using: &generator)
  }

  private static func expected(
    at points: Tensor<Double>, orders: SIMD3<Int>, isSmooth: Bool
  ) -> (rows: [Int?], weights: [Double]) {
    var (rows, weights): ([Int?], [Double]) = ([], [])
    for point in 0..<points.shape[0] {
      for level in levels {
        for corner in 0..<8 {
          var (vertex, weight) = (SIMD3<Int>.zero, 1.0)
          for axis in 0..<3 {
            let side = upper[axis] - lower[axis]
            let place =
              (points[point, axis] - lower[axis]) / side * level.scale[axis] + level.offset[axis]
            let isUpper = corner >> axis & 1 == 1
            vertex[axis] = Int(place.rounded(.down)) + (isUpper ? 1 : 0)
            weight *= factor(
              place - place.rounded(.down), isUpper: isUpper, order: orders[axis],
              scale: level.scale[axis] / side, isSmooth: isSmooth)
          }
          rows.append(level.row(vertex))
          weights.append(rows.last == .some(nil) ? 0 : weight)
        }
      }
    }
    return (rows, weights)
  }

  @Test(arguments: [false, true]) func weightsAndRows(_ isSmooth: Bool) {
    let grid = Self.grid(isSmooth: isSmooth)
    // More than a block of points, and no whole number of vectors.
    let points = Self.points(77)
    withEachInstructionSet { _ in
      for orders: SIMD3<Int> in [[0, 0, 0], [1, 0, 0], [0, 2, 1], [3, 0, 0], [0, 4, 0]] {
        let (rows, weights) = Self.expected(at: points, orders: orders, isSmooth: isSmooth)
        let found = grid.weights(at: points, differentiated: orders)
        #expect(found.shape == [77 * 4, 8])
        #expect(
          found.isApproximatelyEqual(
            to: Tensor(weights, shape: found.shape), relativeTolerance: 1e-12))
        let indices = grid.indices(at: points)
        #expect(indices.count == rows.count)
        let corners = grid.corners(at: points)
        #expect(corners.indices == indices && corners.weights == grid.weights(at: points))
        // A vertex outside has any row, with weight zero.
        #expect(zip(indices, rows).allSatisfy { $1 == nil || $0 == $1 })
        #expect(indices.allSatisfy { (0..<grid.rowCount).contains($0) })
      }
    }
  }

  private func check<Scalar: TensorScalar>(_: Scalar.Type, columns: Int, isSmooth: Bool) {
    let grid = Self.grid(isSmooth: isSmooth)
    let points = Tensor<Scalar>(Self.points(70))
    let table: Tensor<Scalar> = randomTensor([grid.rowCount, columns], seed: 1)
    let cotangents: Tensor<Scalar> = randomTensor([70, 4 * columns], seed: 2)
    let indices = grid.indices(at: points)
    let gathered = table.rows(at: indices, weightedBy: grid.weights(at: points))
      .reshaped(to: [70, 4 * columns])
    let tolerance = 64 * Scalar.ulpOfOne
    #expect(
      grid.values(of: table, at: points).isApproximatelyEqual(
        to: gathered, relativeTolerance: tolerance))
    let weights = grid.weights(at: points)
    var (sum, listed) = (table, table)
    grid.addPullback(of: cotangents, at: points, to: &sum)
    listed.addRows(
      at: indices, weightedBy: weights, cotangents.reshaped(to: [280, columns]))
    #expect(sum.isApproximatelyEqual(to: listed, relativeTolerance: tolerance))
    let products = table.products(
      ofRowsAt: indices, corners: 8, with: cotangents.reshaped(to: [280, columns]))
    let slopes = (0..<3).map { axis in
      var orders = SIMD3<Int>.zero
      orders[axis] = 1
      return (grid.weights(at: points, differentiated: orders) * products).reshaped(to: [70, 32])
        .sum(alongAxis: 1, keepingAxis: true)
    }
    #expect(
      grid.pullback(of: cotangents, through: table, toPoints: points).isApproximatelyEqual(
        to: .concatenated(slopes, alongAxis: 1), relativeTolerance: tolerance))
  }

  @Test(arguments: columns) func fusedLoops(_ columns: Int) {
    withEachInstructionSet { _ in
      for isSmooth in [false, true] {
        check(Float.self, columns: columns, isSmooth: isSmooth)
        check(Double.self, columns: columns, isSmooth: isSmooth)
      }
    }
  }

  /// A part of a vector is the table, and threads share its rows, within levels and across them.
  @Test func threadsShareTheRowsOfAGrid() {
    let grid = Self.grid(isSmooth: false)
    let points = Tensor<Float>(Self.points(3000))
    let cotangents: Tensor<Float> = randomTensor([3000, 8], seed: 4)
    let start: Tensor<Float> = randomTensor([grid.rowCount * 2 + 11], seed: 5)
    let sums = [1, 2, 3, 8].map { threads in
      var sum = start
      grid.addPullback(
        of: cotangents, at: points, to: &sum, from: 5, workers: Workers(threads: threads))
      return sum
    }
    #expect(sums.allSatisfy { $0 == sums[0] })
    var listed = start
    listed.addRows(
      at: grid.indices(at: points), weightedBy: grid.weights(at: points),
      cotangents.reshaped(to: [12_000, 2]), toMatrixOf: grid.rowCount, from: 5)
    #expect(sums[0].isApproximatelyEqual(to: listed, relativeTolerance: 1e-4))
    #expect(sums[0] != start && sums[0].slice(0..<5) == start.slice(0..<5))
    #expect(
      sums[0].slice((start.count - 6)..<start.count) == start.slice((start.count - 6)..<start.count)
    )
  }

  /// Numbers that are none spoil what they are used for, and nothing else.
  @Test func pointsThatAreNoNumbers() {
    let grid = Self.grid(isSmooth: false)
    let points = Tensor<Float>([[.nan, 0.5, 0.5], [0.5, .infinity, 0], [1e30, -1e30, 0.5]])
    let table: Tensor<Float> = randomTensor([grid.rowCount, 2])
    withEachInstructionSet { _ in
      let indices = grid.indices(at: points)
      #expect(indices.allSatisfy { (0..<grid.rowCount).contains($0) })
      let values = grid.values(of: table, at: points)
      #expect(values.slice(0..<2).elements.allSatisfy { $0.isNaN })
      let far = values.slice(2..<3)
      #expect(far.isFinite && far.elements.prefix(2).allSatisfy { $0 == 0 })
    }
  }

  @Test func noPointsNoValues() {
    let grid = Self.grid(isSmooth: false)
    let none = Tensor<Float>(zeros: [0, 3])
    let table = Tensor<Float>(zeros: [grid.rowCount, 2])
    #expect(grid.indices(at: none).isEmpty && grid.weights(at: none).shape == [0, 8])
    #expect(grid.values(of: table, at: none).shape == [0, 8])
    #expect(
      grid.pullback(of: Tensor(zeros: [0, 8]), through: table, toPoints: none).shape == [0, 3])
  }

  @Test func wrongShapesAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = Self.grid(isSmooth: false).weights(at: Tensor<Float>(zeros: [4, 2]))
    }
    await #expect(processExitsWith: .failure) {
      let grid = Self.grid(isSmooth: false)
      _ = grid.values(
        of: Tensor<Float>(zeros: [grid.rowCount - 1, 2]), at: Tensor(zeros: [1, 3]))
    }
  }
}
