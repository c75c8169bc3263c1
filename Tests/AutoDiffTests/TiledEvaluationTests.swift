import AutoDiff
import TensorKit
import Testing

@Suite struct TiledEvaluationTests {
  private let model = Network([2, 5, 3], activation: Sine(frequency: 2))

  /// The mean of squared residuals and its gradient, at once.
  private func untiled(
    _ inputs: Tensor<Double>, _ targets: Tensor<Double>
  ) -> (value: Double, gradient: ParameterVector<Double>) {
    valueWithGradient(at: model) { model in
      (model(Variable(inputs)) - Variable(targets)).squared().mean()
    }
  }

  private func tiled(
    _ inputs: Tensor<Double>, _ targets: Tensor<Double>, rowsPerTile: Int, threads: Int,
    tiles: RowTiles? = nil
  ) throws -> (value: Double, gradient: ParameterVector<Double>) {
    let evaluation = TiledEvaluation(
      of: model, workers: Workers(threads: threads), rowsPerTile: rowsPerTile)
    let count = Double(targets.count)
    var pass = BatchPass(of: evaluation, over: Rows(inputs), tiles: tiles)
    let result = try pass.pullBack(adding: ShardSum<Double>.self) { _, rows, outputs, sum in
      let (residual, sumOfSquares) = outputs.residual(from: targets.rows(in: rows))
      sum.value += sumOfSquares / count
      return residual * (2 / count)
    }
    return (result.sum.value, result.gradient)
  }

  @Test(arguments: [1, 2, 7, 33, 101], [1, 4, 10, 128])
  func gradientsEqualThoseOfTheWholeBatch(_ rows: Int, _ rowsPerTile: Int) throws {
    let (inputs, targets) = (normal([rows, 2], seed: 1), normal([rows, 3], seed: 2))
    let expected = untiled(inputs, targets)
    let first = try tiled(inputs, targets, rowsPerTile: rowsPerTile, threads: 1)
    #expect(abs(first.value - expected.value) <= 1e-13 * expected.value)
    expectClose(first.gradient.values, expected.gradient.values, 1e-13, "the gradient")
    #expect(first.gradient.layout == model.parameterLayout)
    for threads in [2, 3, 8] {
      let other = try tiled(inputs, targets, rowsPerTile: rowsPerTile, threads: threads)
      #expect(other.value == first.value)
      #expect(other.gradient == first.gradient)
    }
  }

  @Test func tilesMayBeAnyLists() throws {
    let (inputs, targets) = (normal([6, 2], seed: 1), normal([6, 3], seed: 2))
    let tiles = RowTiles([.list([5, 0]), .range(1..<3), .list([4, 3])])
    let found = try tiled(inputs, targets, rowsPerTile: 99, threads: 2, tiles: tiles)
    let expected = untiled(inputs, targets)
    expectClose(found.gradient.values, expected.gradient.values, 1e-13, "the gradient")
    // Rows that are left out do not count.
    let some = try tiled(
      inputs, targets, rowsPerTile: 99, threads: 2, tiles: RowTiles([.list([5, 0])]))
    let part = untiled(inputs.rows(at: [5, 0]), targets.rows(at: [5, 0]))
    expectClose(some.gradient.values * 3, part.gradient.values, 1e-13, "a part")
  }

  @Test(arguments: [1, 5, 40, 41, 100, 131], [1, 3, 8, 64])
  func tilesCoverEveryRowOnceInOrder(_ rowCount: Int, _ rowsPerTile: Int) {
    let tiles = RowTiles(rowCount: rowCount, rowsPerTile: rowsPerTile)
    let rows = tiles.tiles.flatMap { tile -> [Int] in
      switch tile {
      case .range(let range): Array(range)
      case .list(let list): list
      }
    }
    #expect(rows == Array(0..<rowCount))
    let counts = tiles.tiles.map(\.count)
    #expect(counts.allSatisfy { $0 > 0 && $0 <= rowsPerTile })
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    let shards = (0..<tiles.shardCount).flatMap { Array(tiles.tiles(ofShard: $0).indices) }
    #expect(shards == Array(tiles.tiles.indices))
    #expect(tiles.shardCount == min(32, tiles.tiles.count))
  }

  @Test(arguments: [
    (383, 32), (384, 64), (767, 64), (768, 128), (1536, 256), (100_000, 256),
  ])
  func largeBatchesHaveMoreShards(tileCount: Int, shards: Int) {
    let tiles = RowTiles(rowCount: tileCount, rowsPerTile: 1)
    #expect(tiles.shardCount == shards)
    let sizes = (0..<shards).map { tiles.tiles(ofShard: $0).count }
    #expect(sizes.reduce(0, +) == tileCount && (sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test func tilesAreNumberedForTheCaller() throws {
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 3), rowsPerTile: 2)
    var pass = BatchPass(of: evaluation, over: Rows(normal([9, 2])))
    let found = try pass.pullBack(adding: SeenTiles.self) { tile, rows, outputs, seen in
      seen.tiles.append(tile)
      seen.rows.append(rows.count)
      return outputs
    }.sum
    #expect(found.tiles == [0, 1, 2, 3, 4])
    #expect(found.rows.reduce(0, +) == 9)
  }

  @Test(arguments: [0, 1, 5, 33, 130])
  func outputsAreThoseOfTheModel(_ rows: Int) throws {
    let inputs = normal([rows, 2])
    let expected = model(Variable(inputs)).value
    #expect(expected.shape == [rows, 3])
    let first = try TiledEvaluation(of: model, workers: Workers(threads: 1), rowsPerTile: 4)
      .outputs(for: inputs)
    expectClose(first, expected, 1e-14, "the outputs")
    let other = try TiledEvaluation(of: model, workers: Workers(threads: 3), rowsPerTile: 4)
      .outputs(for: inputs)
    #expect(other == first)
  }

  @Test(arguments: [1, 2, 9, 67])
  func thePullbackIsTheTransposeOfThePushforward(_ rows: Int) throws {
    let inputs = normal([rows, 2], seed: 1)
    let cotangents = normal([rows, 3], seed: 2)
    let layout = model.parameterLayout
    let direction = ParameterVector(normal([layout.count], seed: 3), layout: layout)
    var results: [(Tensor<Double>, ParameterVector<Double>)] = []
    for threads in [1, 2, 3, 8] {
      let evaluation = TiledEvaluation(
        of: model, workers: Workers(threads: threads), rowsPerTile: 4)
      let pushed = try evaluation.pushforward(of: direction, for: inputs)
      let pulled = try evaluation.pullback(of: cotangents, for: inputs)
      let (left, right) = (pushed.dot(cotangents), pulled.dot(direction))
      #expect(abs(left - right) <= 1e-12 * (pushed.norm() * cotangents.norm() + 1))
      results.append((pushed, pulled))
    }
    for (pushed, pulled) in results {
      #expect(pushed == results[0].0)
      #expect(pulled == results[0].1)
    }
    // The pushforward itself, from the values around.
    let step = 1e-5
    func outputs(_ steps: Double) -> Tensor<Double> {
      var moved = model
      moved.parameters.add(direction, scaledBy: steps * step)
      return moved(Variable(inputs)).value
    }
    expectClose(
      results[0].0, (outputs(1) - outputs(-1)) / (2 * step), 1e-7, "the pushforward")
  }

  @Test func aBatchOfNoRowsHasZeroGradient() throws {
    let evaluation = TiledEvaluation(of: model)
    let layout = model.parameterLayout
    let inputs = Tensor<Double>(zeros: [0, 2])
    let pulled = try evaluation.pullback(of: Tensor(zeros: [0, 3]), for: inputs)
    #expect(pulled == ParameterVector(zeros: layout))
    let direction = ParameterVector(normal([layout.count]), layout: layout)
    #expect(try evaluation.pushforward(of: direction, for: inputs).shape == [0, 3])
  }

  @Test func parametersThatAreNotUsedHaveZeroGradients() throws {
    struct Partial: Module {
      var used = Network([2, 3])
      var unused = Network([2, 2])
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { used(input) }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
        visitor.visit(&unused, named: "unused")
        visitor.visit(&used, named: "used")
      }
    }
    let evaluation = TiledEvaluation(of: Partial(), workers: Workers(threads: 2), rowsPerTile: 2)
    let inputs = normal([5, 2])
    let pulled = try evaluation.pullback(of: normal([5, 3]), for: inputs)
    #expect(pulled["unused.layers.0.weight"] == Tensor(zeros: [2, 2]))
    let alone = TiledEvaluation(of: Partial().used, rowsPerTile: 2)
    let expected = try alone.pullback(of: normal([5, 3]), for: inputs)
    #expect(pulled["used.layers.0.weight"] == expected["layers.0.weight"])
  }

  @Test(arguments: [1, 3])
  func errorsOfTheCallerAreThrownOn(_ threads: Int) {
    struct Stop: Error {}
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: threads), rowsPerTile: 2)
    #expect(throws: Stop.self) {
      var pass = BatchPass(of: evaluation, over: Rows(normal([9, 2])))
      return try pass.pullBack(adding: NoSum.self) { tile, _, outputs, _ in
        if tile == 3 { throw Stop() }
        return outputs
      }
    }
  }

  @Test func cotangentsOfAnotherShapeAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = try TiledEvaluation(of: Network([2, 3])).pullback(
        of: Tensor(zeros: [4, 3]), for: Tensor(zeros: [5, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = try TiledEvaluation(of: Network([2, 3]), workers: Workers(threads: 1)).pullback(
        of: Tensor(zeros: [5, 2]), for: Tensor(zeros: [5, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = try TiledEvaluation(of: Network([2, 3]), rowsPerTile: 0).outputs(
        for: Tensor(zeros: [5, 2]))
    }
  }
}

/// The tiles that a shard saw, in order.
private struct SeenTiles: ShardResult {
  var tiles: [Int] = []
  var rows: [Int] = []

  mutating func combine(_ next: SeenTiles) {
    tiles += next.tiles
    rows += next.rows
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&tiles, named: "tiles")
    try visitor.visit(&rows, named: "rows")
  }
}
