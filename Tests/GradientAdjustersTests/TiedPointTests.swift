import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Trees over points that share coordinates, or are equal.
@Suite struct TiedPointTests {
  private func shuffled(_ count: Int, seed: UInt64) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).shuffled(using: &generator)
  }

  /// The points of a grid, some of them twice.
  private func grid(duplicates: Int = 0) -> Tensor<Double> {
    let points = (0..<9).flatMap { y in (0..<7).map { x in [Double(x) / 7, Double(y) / 7] } }
    return Tensor(points + points.prefix(duplicates))
  }

  @Test(arguments: [0, 20, 63]) func weightingsFollowThePointsNotTheirOrder(duplicates: Int) throws
  {
    let points = grid(duplicates: duplicates)
    var generator = SeededGenerator(seed: 3)
    let rows = Tensor<Double>.normal(shape: [points.shape[0], 2], using: &generator)
    let bands = NestedMeanBands<Double>(.bisecting(points), rowsPerTile: 8)
    let factors = bands.bands.indices.map { 1 / Double($0 + 1) }
    let expected = try bands.weighting(by: factors)(rows, workers: Workers(threads: 1))
    for seed in 1...5 as ClosedRange<UInt64> {
      let order = shuffled(points.shape[0], seed: seed)
      let others = NestedMeanBands<Double>(.bisecting(points.rows(at: order)), rowsPerTile: 8)
      #expect(others.bands == bands.bands)
      let found = try others.weighting(by: factors)(
        rows.rows(at: order), workers: Workers(threads: 1))
      #expect(largestMagnitude(found - expected.rows(at: order)) <= 1e-15 * 8)
    }
  }

  @Test func gradientsFollowThePointsNotTheirOrder() throws {
    let points = grid(duplicates: 5)
    let targets = (points * 5).sine().sum(alongAxis: 1, keepingAxis: true)
    let model = SmallProblem<Double>(outputs: 1).model
    func gradient(_ order: [Int]) throws -> Tensor<Double> {
      var adjuster = BandEqualizer<Double> {
        NestedMeanBands(.bisecting($0.inputs), rowsPerTile: 8)
      }
      let batch = Batch(inputs: points.rows(at: order), targets: targets.rows(at: order))
      return try adjuster.lossWithGradient(of: model, on: batch).gradient.values
    }
    let expected = try gradient(Array(0..<68))
    for seed in 1...4 as ClosedRange<UInt64> {
      let found = try gradient(shuffled(68, seed: seed))
      #expect(largestMagnitude(found - expected) <= 1e-14 * largestMagnitude(expected))
    }
  }

  @Test func equalPointsStayTogether() {
    let groups = RowPartition.bisecting(Tensor<Float>([[1, 0], [0, 0], [1, 0], [1, 0]]))
    #expect(groups.count == 2)
    let sizes = (0..<2).map { groups.size(ofGroup: $0) }
    #expect(sizes == [1, 3] && groups.row(group: 0, place: 0) == 1)
    #expect(RowPartition.bisecting(Tensor<Float>(zeros: [5, 2])).count == 1)
  }
}
