import TensorKit
import Testing

extension KernelSuites {
  /// What batch normalization does to columns, against compositions of other operations.
  @Suite struct StandardizationTests {
    private static let shapes = [
      (0, 5), (1, 1), (3, 7), (5, 16), (4, 33), (2, 100), (9, 3), (70, 31), (33, 64), (100, 136),
    ]

    private func forEachCase<Scalar: TensorScalar>(
      _ type: Scalar.Type,
      _ body: (_ x: Tensor<Scalar>, _ y: Tensor<Scalar>, _ vectors: [Tensor<Scalar>], String) ->
        Void
    ) {
      withEachInstructionSet { name in
        for (rows, columns) in Self.shapes {
          var generator = SeededGenerator(seed: 3)
          let matrices = (0..<2).map { _ in
            Tensor<Scalar>.normal(shape: [rows, columns], using: &generator)
          }
          let vectors = (0..<3).map { _ in
            Tensor<Scalar>.normal(shape: [columns], using: &generator)
          }
          body(
            matrices[0], matrices[1], vectors, "\(Scalar.self) \(rows) x \(columns) on \(name)")
        }
      }
    }

    private func expectClose<Scalar: TensorScalar>(
      _ found: Tensor<Scalar>, _ expected: Tensor<Scalar>, _ tolerance: Double, _ label: String
    ) {
      #expect(found.shape == expected.shape, "\(label)")
      guard found.shape == expected.shape, found.count > 0 else { return }
      let scale = 1 + Double(expected.absoluteValue().largest())
      #expect(
        Double(found.largestDifference(from: expected)) <= tolerance * scale, "\(label)")
    }

    private func checkElementwise<Scalar: TensorScalar>(_ type: Scalar.Type) {
      let tolerance = 4 * Double(Scalar.ulpOfOne)
      forEachCase(type) { x, y, vectors, label in
        let (mean, scale, shift) = (vectors[0], vectors[1], vectors[2])
        let standardized = x.standardized(mean: mean, scale: scale)
        #expect(standardized == (x - mean) * scale, "standardized, \(label)")
        var scaled = x
        scaled.multiplyColumns(by: scale)
        #expect(scaled == x * scale, "columns, \(label)")
        var rest = y
        rest.subtract(shift: shift, slope: scale, ofDeviationsOf: x, from: mean)
        expectClose(rest, y - shift - (x - mean) * scale, tolerance, "the rest, \(label)")
        // Where the values are those that are changed.
        var own = x
        own.subtract(shift: shift, slope: scale, ofDeviationsOf: x, from: mean)
        expectClose(own, x - shift - (x - mean) * scale, tolerance, "its own rest, \(label)")
      }
    }

    private func checkSums<Scalar: TensorScalar>(_ type: Scalar.Type) {
      // Panels of 32 rows are summed in the type of the numbers.
      let tolerance = max(1e-13, 8 * Double(Scalar.ulpOfOne))
      forEachCase(type) { x, y, vectors, label in
        let mean = vectors[0]
        let centered = Tensor<Double>(x) - Tensor<Double>(mean)
        let moments = x.sumsOfDeviations(from: mean)
        expectClose(moments.sums, centered.sum(alongAxis: 0), tolerance, "deviations, \(label)")
        expectClose(moments.squares, centered.squared().sum(alongAxis: 0), tolerance, "\(label)")
        let found = y.sumsOfProducts(withDeviationsOf: x, from: mean)
        let wide = Tensor<Double>(y)
        expectClose(found.sums, wide.sum(alongAxis: 0), tolerance, "sums, \(label)")
        expectClose(found.products, (wide * centered).sum(alongAxis: 0), tolerance, "\(label)")
      }
    }

    @Test func columnsAreStandardizedAndScaled() {
      checkElementwise(Float.self)
      checkElementwise(Double.self)
    }

    @Test func sumsOfPanelsAreAddedInDoublePrecision() {
      checkSums(Float.self)
      checkSums(Double.self)
    }

    @Test func copiesAreNotChanged() {
      let x = Tensor<Double>([[1, 2], [3, 4]])
      var scaled = x
      scaled.multiplyColumns(by: Tensor([2, 3]))
      #expect(x == Tensor([[1, 2], [3, 4]]))
      #expect(scaled == Tensor([[2, 6], [6, 12]]))
      var rest = x
      rest.subtract(
        shift: Tensor([1, 1]), slope: Tensor([0, 1]), ofDeviationsOf: x, from: Tensor([0, 2]))
      #expect(x == Tensor([[1, 2], [3, 4]]))
      #expect(rest == Tensor([[0, 1], [2, 1]]))
    }

    @Test func vectorsOfAnotherLengthAreMistakes() async {
      await #expect(processExitsWith: .failure) {
        _ = Tensor<Float>(zeros: [2, 3]).standardized(
          mean: Tensor(zeros: [3]), scale: Tensor(zeros: [2]))
      }
      await #expect(processExitsWith: .failure) {
        _ = Tensor<Float>(zeros: [2, 3]).sumsOfProducts(
          withDeviationsOf: Tensor(zeros: [3, 3]), from: Tensor(zeros: [3]))
      }
    }
  }
}
