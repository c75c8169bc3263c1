import AutoDiff
import Synchronization
import TensorKit
import Testing

/// Passes of several phases, against passes of one.
@Suite struct BatchPassTests {
  private static let models = [
    AnyModel(model: Network([2, 6, 5, 2], activation: Sine(frequency: 2))),
    AnyModel(model: Network.normalized([2, 5, 4, 2], .beforeActivation)),
    AnyModel(model: TableLayer()),
    // Its slopes are not kept between phases.
    AnyModel(
      model: Network.normalized(
        [2, 5, 4, 3, 2], .beforeActivation, activation: Sine(frequency: 2))),
  ]

  /// Budgets in which none, some and all recordings are kept.
  private static let budgets = [0, 33 * 12 * 4 * 8 / 2, 1 << 30]

  @Test(arguments: models.indices, budgets)
  func whatIsKeptChangesNoBit(_ model: Int, _ budget: Int) throws {
    let (inputs, cotangents) = (normal([33, 2], seed: 1), normal([33, 2], seed: 2))
    let model = Self.models[model]
    let layout = model.parameterLayout
    let direction = ParameterVector(normal([layout.count], seed: 3), layout: layout)
    let streaming = TiledEvaluation(
      of: model, workers: Workers(threads: 1), rowsPerTile: 4, recordingBudget: 0)
    for threads in [1, 3] {
      let evaluation = TiledEvaluation(
        of: model, workers: Workers(threads: threads), rowsPerTile: 4, recordingBudget: budget)
      var pass = BatchPass(of: evaluation, over: Rows(inputs))
      for _ in 0..<2 {
        let outputs = try pass.outputs(adding: NoSum.self) { _, outputs, _ in outputs }.outputs
        #expect(outputs == (try streaming.outputs(for: inputs)))
        let pushed = try pass.pushForward(direction, isLast: false)
        #expect(pushed == (try streaming.pushforward(of: direction, for: inputs)))
        for isLast in [false, true] {
          let pulled = try pass.pullBack(cotangents, isLast: isLast)
          #expect(pulled == (try streaming.pullback(of: cotangents, for: inputs)))
        }
      }
    }
  }

  @Test func aTileThatWasKeptIsNotEvaluatedAgain() throws {
    let (inputs, cotangents) = (normal([32, 2], seed: 1), normal([32, 2], seed: 2))
    // Two hidden layers of four columns, values and slopes, and the outputs.
    let bytesPerRow = (4 * 4 + 2) * MemoryLayout<Double>.stride
    func calls(budget: Int) throws -> Int {
      let model = Counting(network: Network([2, 4, 4, 2], activation: Sine(frequency: 2)))
      var pass = BatchPass(
        of: TiledEvaluation(
          of: model, workers: Workers(threads: 1), rowsPerTile: 4, recordingBudget: budget),
        over: Rows(inputs))
      _ = try pass.outputs(adding: NoSum.self) { _, outputs, _ in outputs }
      _ = try pass.pullBack(cotangents)
      return model.calls.count
    }
    #expect(try calls(budget: 32 * bytesPerRow) == 8)
    #expect(try calls(budget: 24 * bytesPerRow) == 10)
    // Less than half would save little.
    #expect(try calls(budget: 12 * bytesPerRow) == 16)
    #expect(try calls(budget: 0) == 16)
  }

  @Test func segmentsThatNoCotangentPassesAgainAreLetGo() throws {
    let (inputs, cotangents) = (normal([32, 2], seed: 1), normal([32, 2], seed: 2))
    // Two hidden layers of four columns: what both normalizations receive, the values of the first, and one cotangent.
    let bytesPerRow = 4 * 4 * MemoryLayout<Double>.stride
    func calls(budget: Int) throws -> Int {
      let model = Counting(
        network: Network.normalized(
          [2, 4, 4, 2], .beforeActivation, activation: Sine(frequency: 2)))
      _ = try TiledEvaluation(
        of: model, workers: Workers(threads: 1), rowsPerTile: 4, recordingBudget: budget
      ).pullback(of: cotangents, for: inputs)
      return model.calls.count
    }
    // Each of eight tiles is called for in three phases, and kept for those that only pull back.
    #expect(try calls(budget: 32 * bytesPerRow) == 24)
    #expect(try calls(budget: 32 * bytesPerRow - 1) > 24)
  }

  @Test func layersBeyondUnknownStatisticsAreSkipped() throws {
    let (inputs, cotangents) = (normal([32, 2], seed: 1), normal([32, 2], seed: 2))
    var model = CountedOutput(
      hidden: Network([2, 4, 4]), last: Linear(weight: normal([2, 4], seed: 5), bias: nil))
    for index in 0..<2 {
      model.hidden.layers[index].normalization = .random(
        columns: 4, .beforeActivation, seed: UInt64(6 + index))
    }
    func pullback() throws -> ParameterVector<Double> {
      try TiledEvaluation(of: model, workers: Workers(threads: 1), rowsPerTile: 4)
        .pullback(of: cotangents, for: inputs)
    }
    let expected = try pullback()
    let calls = Counter()
    model.calls = calls
    #expect(try pullback() == expected)
    // Three phases go through eight tiles, and the last one alone comes to the outputs.
    #expect(calls.count == 8)
  }

  @Test(arguments: models.indices)
  func whatShardsComeToMayBeSent(_ model: Int) throws {
    let (inputs, cotangents) = (normal([33, 2], seed: 1), normal([33, 2], seed: 2))
    let model = Self.models[model]
    let layout = model.parameterLayout
    let direction = ParameterVector(normal([layout.count], seed: 3), layout: layout)
    let here = TiledEvaluation(of: model, rowsPerTile: 4)
    let runner = SendingRunner()
    let sent = TiledEvaluation(of: model, runner: runner, rowsPerTile: 4)
    #expect(try sent.outputs(for: inputs) == here.outputs(for: inputs))
    #expect(
      try sent.pullback(of: cotangents, for: inputs)
        == here.pullback(of: cotangents, for: inputs))
    #expect(
      try sent.pushforward(of: direction, for: inputs)
        == here.pushforward(of: direction, for: inputs))
    let statistics = try (
      sent.statisticsWithoutNormalizing(over: inputs),
      here.statisticsWithoutNormalizing(over: inputs)
    )
    #expect(
      statistics.0.normalizations.map(\.variance) == statistics.1.normalizations.map(\.variance))
    #expect(runner.sent.count > 20)
  }
}

/// Counts from any thread.
private final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  var count: Int { value.load(ordering: .relaxed) }
  func increment() { value.add(1, ordering: .relaxed) }
}

/// A network that counts how often it is called.
private struct Counting: Module {
  typealias Scalar = Double
  var network: Network
  let calls = Counter()

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    calls.increment()
    return network(input)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&network, named: "network")
  }
}

/// Hidden layers, and an output whose evaluations are counted.
private struct CountedOutput: Module {
  typealias Scalar = Double
  var hidden: Network
  var last: Linear<Double>
  var calls: Counter?

  func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
    let x = hidden(input)
    return calls.map { last(x, then: CountedIdentity(calls: $0)) } ?? last(x)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
    visitor.visit(&hidden, named: "hidden")
    visitor.visit(&last, named: "last")
  }
}

private struct CountedIdentity: Activation {
  let calls: Counter

  func value(at preactivation: Variable<Double>) -> Variable<Double> {
    calls.increment()
    return preactivation
  }

  func slope(at preactivation: Variable<Double>) -> Variable<Double> {
    Variable(Tensor(repeating: 1, shape: preactivation.shape))
  }
}

/// Writes down each shard's result, reads it into a new value and combines those.
private struct SendingRunner: ShardRunner {
  let sent = Counter()

  func reduce<Result: ShardResult>(
    _ shards: Int, _ body: @escaping @Sendable (Int) throws -> Result
  ) throws -> Result? {
    let sent = sent
    return try Workers(threads: 2).reduce(shards) { shard in
      let state = try body(shard).savedState()
      var received = Result()
      try received.restore(from: SavedState(state.file))
      sent.increment()
      return received
    }
  }
}
