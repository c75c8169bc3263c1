import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct RowPartitionTests {
  /// Groups of 1 to 9 rows in no order, and rows of no group.
  private static let unequal = RowPartition(
    rowCount: 40,
    groups: [
      [3, 0, 7], [12], [5, 4, 9, 1, 30, 31, 32, 33, 39], [20, 22, 21], [2, 8], [10, 11, 13, 14],
    ])

  @Test func groupsCoverEveryRowOnce() {
    let groups = Self.unequal
    #expect(groups.count == 6 && groups.places == 9 && !groups.areOfEqualSize)
    let sizes = (0..<6).map { groups.size(ofGroup: $0) }
    #expect(sizes == [3, 1, 9, 3, 2, 4])
    #expect(groups.row(group: 2, place: 8) == 39 && groups.row(group: 3, place: 1) == 22)
    let rows = (0..<6).flatMap { group in
      (0..<sizes[group]).map { groups.row(group: group, place: $0) }
    }
    #expect((rows + groups.remainder).sorted() == Array(0..<40))
  }

  @Test func consecutiveGroupsFromSizesAndBounds() {
    let sized = RowPartition(groupSizes: [3, 1, 4])
    #expect(sized.rowCount == 8 && sized.count == 3 && sized.remainder.isEmpty)
    #expect(sized.row(group: 2, place: 3) == 7)
    let nested = RowPartition(
      rowCount: 8, bounds: [[0, 4, 8], [0, 3, 4, 8], [0, 3, 4, 8]], names: ["a", "b", "c"])
    // A level that cuts nothing is left out.
    #expect(nested.levels.map(\.name) == ["constant", "a", "b"])
    #expect(nested.levels.map(\.count) == [1, 2, 3])
    #expect((0..<3).map { nested.size(ofGroup: $0) } == [3, 1, 4])
  }

  @Test func boundsThatDoNotNestAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = RowPartition(groupSizes: [1, 0]) }
    await #expect(processExitsWith: .failure) {
      _ = RowPartition(rowCount: 8, bounds: [[0, 4, 8], [0, 3, 8]])
    }
    await #expect(processExitsWith: .failure) {
      _ = RowPartition(rowCount: 8, bounds: [[0, 4, 4, 8]])
    }
    await #expect(processExitsWith: .failure) { _ = RowPartition(rowCount: 8, bounds: [[0, 4]]) }
  }

  @Test func groupsOfPointsAreHalvedAsFarAsWished() {
    var generator = SeededGenerator(seed: 1)
    let points = Tensor<Double>.uniform(over: -1...1, shape: [100, 3], using: &generator)
    let groups = RowPartition.bisecting(points, cutsPerLevel: 1, pointsPerGroup: 20)
    #expect(groups.levels.map(\.count) == [1, 2, 4, 8])
    #expect(groups.places == 13)
  }

  @Test func aRowOfTwoGroupsAndAnEmptyGroupAreRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = RowPartition(rowCount: 4, groups: [[0, 1], [1]])
    }
    await #expect(processExitsWith: .failure) { _ = RowPartition(rowCount: 4, groups: [[0], []]) }
    await #expect(processExitsWith: .failure) { _ = RowPartition(rowCount: 4, groups: [[4]]) }
    await #expect(processExitsWith: .failure) {
      _ = RowPartition(rowCount: 4, groups: [[0, 1], [2]]).row(group: 1, place: 1)
    }
  }

  /// Each place by itself: the principal submatrix of S that belongs to the groups that have it.
  private func expectedCotangents(
    _ cotangents: Tensor<Double>, groups: RowPartition, dense: Tensor<Double>
  ) -> Tensor<Double> {
    var result = cotangents
    for place in 0..<groups.places {
      let present = (0..<groups.count).filter { groups.size(ofGroup: $0) > place }
      let rows = present.map { groups.row(group: $0, place: place) }
      let part = dense.rows(at: present).transposed().rows(at: present).transposed()
      result.setRows(at: rows, to: .matrixProduct(part, cotangents.rows(at: rows)))
    }
    return result
  }

  @Test(arguments: [1, 3, 7, 256])
  func aPlaceCouplesTheGroupsThatHaveIt(rowsPerTile: Int) throws {
    var problem = SmallProblem<Double>(rows: 40)
    problem.batch = Batch(
      inputs: problem.batch.inputs, targets: problem.batch.targets, groups: Self.unequal)
    let groups = problem.batch.groups
    let middles = (0..<groups.count).map {
      groups.row(group: $0, place: groups.size(ofGroup: $0) / 2)
    }
    let kernel = try TiledEvaluation(of: problem.model)
      .explicitEmpiricalKernel(at: problem.batch.inputs.rows(at: middles))
    let cotangents = expectedCotangents(
      try problem.step().cotangents(), groups: groups,
      dense: try denseTransform(kernel, end: 3, target: .next))
    let expected = try problem.step().pullback(of: cotangents).values

    var streaming = InductiveGradientAdjuster<Double>(end: 3, sampling: .center)
    var swept = streaming
    let streamed = try streaming.lossWithGradient(for: problem.step(rowsPerTile: rowsPerTile))
    #expect(streamed.gradient.values.isApproximatelyEqual(to: expected, relativeTolerance: 1e-10))
    let step = problem.step(rowsPerTile: rowsPerTile)
    _ = try step.cotangents()
    let whole = try swept.lossWithGradient(for: step)
    #expect(whole.gradient.values.isApproximatelyEqual(to: expected, relativeTolerance: 1e-10))
    #expect(abs(streamed.loss - whole.loss) < 1e-14)
  }

  @Test func aSubmatrixStaysPositiveDefinite() throws {
    // The eigenvalues of a principal submatrix lie between those of the whole matrix.
    let transform = try SpectralTransform(equalizing: 4, of: randomKernel(size: 6), to: .next)
    let identity = Tensor<Double>.identity(40)
    let map = CotangentTransform<Double>.acrossGroups(transform)
    let matrix = try map.applied(to: identity, groups: Self.unequal)
    #expect(matrix.isApproximatelyEqual(to: matrix.transposed(), relativeTolerance: 1e-14))
    let values = try matrix.symmetricEigenpairs().values
    let whole = try transform.matrix.symmetricEigenpairs().values
    #expect(values.smallest() >= whole.smallest() - 1e-12 && whole.smallest() > 0)
    #expect(values.largest() <= 1 + 1e-12)
  }

  @Test(arguments: GroupSampling.allCases)
  func everySamplingTakesRowsThatTheGroupsHave(sampling: GroupSampling) throws {
    var problem = SmallProblem<Float>(rows: 40)
    problem.batch = Batch(
      inputs: problem.batch.inputs, targets: problem.batch.targets, groups: Self.unequal)
    let gradients = try [1, 2, 5].map { threads in
      var adjuster = InductiveGradientAdjuster<Float>(end: 2, sampling: sampling)
      for _ in 0..<2 { _ = try adjuster.lossWithGradient(for: problem.step(threads: threads)) }
      return try adjuster.lossWithGradient(for: problem.step(threads: threads, rowsPerTile: 6))
        .gradient
    }
    #expect(gradients[0] == gradients[1] && gradients[0] == gradients[2])
    #expect(gradients[0].values.isFinite)
  }

  @Test func aSamplingDrawnOnceFollowsOtherGroups() throws {
    var adjuster = InductiveGradientAdjuster<Double>(end: 1, sampling: .randomOnce)
    var problem = SmallProblem<Double>(rows: 40)
    for groups in [[Array(0..<20), [30]], [[30], Array(0..<20)]] {
      problem.batch = Batch(
        inputs: problem.batch.inputs, targets: problem.batch.targets,
        groups: RowPartition(rowCount: 40, groups: groups))
      for _ in 0..<4 { _ = try adjuster.lossWithGradient(for: problem.step()) }
    }
  }

  @Test func patchesOfAGrid() {
    let whole = RowPartition(grid: [5, 7], sides: [2, 3])
    #expect(whole.count == 4 && whole.places == 6 && whole.areOfEqualSize)
    #expect((0..<6).map { whole.row(group: 3, place: $0) } == [17, 18, 19, 24, 25, 26])
    #expect(whole.remainder.count == 35 - 24)
    let all = RowPartition(grid: [5, 7], sides: [2, 3], keepingCutPatches: true)
    #expect(all.count == 9 && all.remainder.isEmpty && !all.areOfEqualSize)
    #expect((0..<9).map { all.size(ofGroup: $0) } == [6, 6, 2, 6, 6, 2, 3, 3, 1])
    #expect(all.row(group: 8, place: 0) == 34)
    #expect(RowPartition(grid: [10], sides: [3]) == RowPartition(rowCount: 10, groupSize: 3))
    let volume = RowPartition(grid: [2, 4, 4], sides: [2, 2, 4])
    #expect(volume.count == 2)
    #expect(
      (0..<16).map { volume.row(group: 1, place: $0) }
        == Array(8..<16) + Array(24..<32))
    #expect(RowPartition(grid: [3, 3], sides: [4, 4]).count == 0)
  }

  @Test func intervalsOfACoordinate() {
    let groups = RowPartition(coordinates: [0.9, 0, 0.1, 1, 0.05, 0.55], intervals: 4)
    #expect(groups.count == 3 && groups.remainder.isEmpty)
    let rows = (0..<3).map { group in
      (0..<groups.size(ofGroup: group)).map { groups.row(group: group, place: $0) }
    }
    #expect(rows == [[1, 4, 2], [5], [0, 3]])
    #expect(RowPartition(coordinates: [2, 2], intervals: 3).count == 1)
    #expect(RowPartition(coordinates: [], intervals: 3).count == 0)
  }
}
