import TensorKit
import Testing

@Suite struct RowRunTests {
  private let matrix = Tensor<Double>([[1, 2], [3, 4], [5, 6], [7, 8]])

  @Test func runsAreSummed() {
    #expect(
      matrix.sumsOfRowRuns(bounds: [0, 1, 1, 4]) == Tensor([[1, 2], [0, 0], [15, 18]]))
    #expect(Tensor<Float>(zeros: [0, 3]).sumsOfRowRuns(bounds: [0]).shape == [0, 3])
  }

  @Test func sumsAreAccumulatedInDoublePrecision() {
    let count = 40_000
    let column = Tensor<Float>(repeating: 0.1, shape: [count, 1])
    let sum = column.sumsOfRowRuns(bounds: [0, count])[0, 0]
    #expect(sum == Float(Double(Float(0.1)) * Double(count)))
  }

  @Test func rowsAreAddedToRuns() {
    var sum = matrix
    sum.addToRowRuns(Tensor([[10, 20], [0, 0], [100, 200]]), bounds: [0, 2, 2, 4])
    #expect(sum == Tensor([[11, 22], [13, 24], [105, 206], [107, 208]]))
    #expect(matrix[0, 0] == 1)
  }

  @Test func sumsBeforeAndAfterEachRow() {
    #expect(
      matrix.exclusiveSumsOfRowRuns(bounds: [0, 1, 1, 4])
        == Tensor([[0, 0], [0, 0], [3, 4], [8, 10]]))
    #expect(
      matrix.exclusiveSumsOfRowRuns(bounds: [0, 1, 1, 4], fromEnd: true)
        == Tensor([[0, 0], [12, 14], [7, 8], [0, 0]]))
    let column = Tensor<Float>(repeating: 0.1, shape: [40_000, 1])
    let sums = column.exclusiveSumsOfRowRuns(bounds: [0, 40_000])
    #expect(sums[39_999, 0] == Float(Double(Float(0.1)) * 39_999))
  }

  @Test func rowsAreRepeated() {
    let rows = Tensor<Double>([[1, 2], [3, 4], [5, 6]])
    #expect(rows.rowsRepeated(bounds: [0, 2, 2, 3]) == Tensor([[1, 2], [1, 2], [5, 6]]))
    #expect(Tensor<Float>(zeros: [0, 3]).rowsRepeated(bounds: [0]).shape == [0, 3])
  }

  @Test func boundsThatDoNotFitAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).sumsOfRowRuns(bounds: [0, 2])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).sumsOfRowRuns(bounds: [0, 2, 1, 3])
    }
    await #expect(processExitsWith: .failure) {
      var matrix = Tensor<Float>(zeros: [3, 2])
      matrix.addToRowRuns(Tensor(zeros: [1, 1]), bounds: [0, 3])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).exclusiveSumsOfRowRuns(bounds: [1, 3])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [3, 2]).rowsRepeated(bounds: [0, 2, 4])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>(zeros: [2, 2]).rowsRepeated(bounds: [0, 2, 1])
    }
  }
}
