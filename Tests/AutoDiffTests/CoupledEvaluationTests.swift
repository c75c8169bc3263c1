import AutoDiff
import TensorKit
import Testing

/// Models with normalizations evaluated in tiles, against the same batch as a whole.
@Suite struct CoupledEvaluationTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let model: AnyModel
    var testDescription: String { name }

    init(_ name: String, _ model: any Module<Double>) {
      self.name = name
      self.model = AnyModel(model: model)
    }
  }

  private static var partlyNormalized: Network {
    var network = Network.normalized([2, 4, 5, 3, 2], .beforeActivation)
    network.layers[1].normalization = nil
    network.layers[2].normalization = .random(columns: 3, .afterActivation, seed: 3)
    network.layers[3].normalization = .random(columns: 2, .beforeActivation, seed: 4)
    return network
  }

  private static var partlyFrozen: Network {
    var network = Network.normalized([2, 4, 5, 2], .afterActivation)
    network.layers[0].isTrainable = false
    return network
  }

  private static var product: Network {
    var network = Network.normalized([2, 4, 4, 2], .beforeActivation)
    var layer = Linear(
      coefficients: normal([4, 6], seed: 5), basis: WeightBasis(normal([6, 4], seed: 6)),
      bias: normal([4], seed: 7))
    layer.normalization = network.layers[1].normalization
    network.layers[1] = layer
    return network
  }

  private static var shared: Shared {
    var layer = Linear(weight: normal([2, 2], seed: 3), bias: normal([2], seed: 4))
    layer.normalization = .random(columns: 2, .beforeActivation, seed: 5)
    return Shared(layer: layer)
  }

  static let examples = [
    Example("before", Network.normalized([2, 5, 4, 2], .beforeActivation)),
    Example(
      "after", Network.normalized([2, 5, 4, 2], .afterActivation, activation: Sine(frequency: 2))),
    Example(
      "rectifier", Network.normalized([2, 6, 2], .afterActivation, activation: Rectifier())),
    Example("some layers", partlyNormalized),
    Example("a frozen layer", partlyFrozen),
    Example("a product weight", product),
    Example("skips", NormalizedSkips()),
    Example("one layer twice", shared),
  ]

  /// Budgets in which all, about half, and none of the recordings are kept.
  private static let budgets = [1 << 30, 33 * 12 * 4 * 8 / 2, 0]

  private func evaluations(
    of model: AnyModel, rowsPerTile: Int
  ) -> [TiledEvaluation<AnyModel>] {
    [(1, 0), (2, 0), (3, 1), (8, 1), (1, 2), (2, 2)].map { threads, budget in
      TiledEvaluation(
        of: model, workers: Workers(threads: threads), rowsPerTile: rowsPerTile,
        recordingBudget: Self.budgets[budget])
    }
  }

  @Test(arguments: examples, [1, 4, 10, 128])
  func outputsAreThoseOfTheWholeBatch(_ example: Example, _ rowsPerTile: Int) throws {
    for rows in [1, 2, 7, 33] {
      let inputs = normal([rows, 2], seed: 1)
      let expected = example.model(Variable(inputs)).value
      let found = try evaluations(of: example.model, rowsPerTile: rowsPerTile).map {
        try $0.outputs(for: inputs)
      }
      expectClose(found[0], expected, 1e-12, "outputs of \(rows) rows")
      #expect(found.allSatisfy { $0 == found[0] })
    }
  }

  @Test(arguments: examples, [1, 4, 10, 128])
  func gradientsAreThoseOfTheWholeBatch(_ example: Example, _ rowsPerTile: Int) throws {
    for rows in [1, 2, 7, 33] {
      let (inputs, targets) = (normal([rows, 2], seed: 1), normal([rows, 2], seed: 2))
      let count = Double(targets.count)
      let expected = valueWithGradient(at: example.model) { model in
        (model(Variable(inputs)) - Variable(targets)).squared().mean()
      }
      let found = try evaluations(of: example.model, rowsPerTile: rowsPerTile).map { evaluation in
        var pass = BatchPass(of: evaluation, over: Rows(inputs))
        return try pass.pullBack(adding: ShardSum<Double>.self) { _, rows, outputs, sum in
          let (residual, sumOfSquares) = outputs.residual(from: targets.rows(in: rows))
          sum.value += sumOfSquares / count
          return residual * (2 / count)
        }
      }
      #expect(abs(found[0].sum.value - expected.value) <= 1e-12 * expected.value)
      expectClose(
        found[0].gradient.values, expected.gradient.values, 1e-11, "the gradient of \(rows) rows")
      for other in found {
        #expect(other.gradient == found[0].gradient)
        #expect(other.sum.value == found[0].sum.value)
      }
    }
  }

  @Test(arguments: examples, [1, 4, 10, 128])
  func pushforwardsAreThoseOfTheWholeBatch(_ example: Example, _ rowsPerTile: Int) throws {
    let layout = example.model.parameterLayout
    let direction = ParameterVector(normal([layout.count], seed: 3), layout: layout)
    for rows in [1, 5, 33] {
      let (inputs, cotangents) = (normal([rows, 2], seed: 1), normal([rows, 2], seed: 2))
      let found = try evaluations(of: example.model, rowsPerTile: rowsPerTile).map {
        (
          try $0.pushforward(of: direction, for: inputs),
          try $0.pullback(of: cotangents, for: inputs)
        )
      }
      let (pushed, pulled) = found[0]
      let (left, right) = (pushed.dot(cotangents), pulled.dot(direction))
      #expect(abs(left - right) <= 1e-11 * (pushed.norm() * cotangents.norm() + 1))
      for (otherPushed, otherPulled) in found {
        #expect(otherPushed == pushed)
        #expect(otherPulled == pulled)
      }
      let step = 1e-5
      func outputs(_ steps: Double) -> Tensor<Double> {
        var moved = example.model
        moved.parameters.add(direction, scaledBy: steps * step)
        return moved(Variable(inputs)).value
      }
      let near = outputs(1) - outputs(-1)
      let far = outputs(2) - outputs(-2)
      expectClose(pushed, (near * 8 - far) / (12 * step), 1e-7, "J v of \(rows) rows")
    }
  }

  @Test func tilesMayBeAnyListsAndTheirRowsAreTheBatch() throws {
    let model = Network.normalized([2, 5, 3, 2], .beforeActivation)
    let (inputs, cotangents) = (normal([7, 2], seed: 1), normal([7, 2], seed: 2))
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2))
    func pulled(_ rows: [Int], _ tiles: RowTiles) throws {
      var pass = BatchPass(of: evaluation, over: Rows(inputs), tiles: tiles)
      let found = try pass.pullBack(cotangents)
      let (_, expected) = valueWithGradient(at: model) { model in
        (model(Variable(inputs.rows(at: rows))) * Variable(cotangents.rows(at: rows))).sum()
      }
      expectClose(found.values, expected.values, 1e-11, "the gradient")
    }
    try pulled(Array(0..<7), RowTiles([.list([5, 0]), .range(1..<3), .list([6, 4, 3])]))
    try pulled([5, 0, 2], RowTiles([.list([5]), .list([]), .list([0, 2])]))
  }

  @Test func noRowsHaveNoStatisticsAndZeroGradient() throws {
    let model = Network.normalized([2, 5, 3], .beforeActivation)
    let nothing = Tensor<Double>(zeros: [0, 2])
    let evaluation = TiledEvaluation(of: model)
    #expect(try evaluation.outputs(for: nothing).shape == [0, 3])
    let pulled = try evaluation.pullback(of: Tensor(zeros: [0, 3]), for: nothing)
    #expect(pulled == ParameterVector(zeros: model.parameterLayout))
    let direction = ParameterVector<Double>(zeros: model.parameterLayout)
    #expect(try evaluation.pushforward(of: direction, for: nothing).shape == [0, 3])
    #expect(try evaluation.statistics(over: nothing).normalizations.isEmpty)
    #expect(try evaluation.perSampleGradients(for: nothing).gram().shape == [0, 0])
  }

  @Test func numbersThatAreNotFiniteGoThrough() throws {
    let model = Network.normalized([2, 5, 3], .afterActivation)
    var inputs = normal([9, 2])
    inputs[4, 1] = .nan
    let evaluation = TiledEvaluation(of: model, rowsPerTile: 4)
    #expect(!(try evaluation.outputs(for: inputs).isFinite))
    #expect(!(try evaluation.pullback(of: normal([9, 3]), for: inputs).values.isFinite))
  }

  @Test(arguments: [1, 3])
  func errorsOfTheCallerAreThrownOn(_ threads: Int) {
    struct Stop: Error {}
    let model = Network.normalized([2, 5, 3], .afterActivation)
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: threads), rowsPerTile: 2)
    #expect(throws: Stop.self) {
      var pass = BatchPass(of: evaluation, over: Rows(normal([9, 2])))
      return try pass.pullBack(adding: NoSum.self) { tile, _, outputs, _ in
        if tile == 3 { throw Stop() }
        return outputs
      }
    }
  }

  @Test func aModelWithoutNormalizationsIsNotCoupled() throws {
    let evaluation = TiledEvaluation(of: Network([2, 3, 1]))
    #expect(!evaluation.couplesRows)
    #expect(try evaluation.statistics(over: normal([4, 2])).normalizations.isEmpty)
    #expect(TiledEvaluation(of: Network.normalized([2, 3, 1], .beforeActivation)).couplesRows)
  }
}
