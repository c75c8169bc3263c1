import AutoDiff
import TensorKit
import Testing

/// Statistics of normalizations, and evaluations that hold them.
@Suite struct HeldStatisticsTests {
  static let models: [Network] = [
    .normalized([2, 5, 4, 3], .beforeActivation, activation: Sine(frequency: 2)),
    .normalized([2, 5, 4, 3], .afterActivation),
    .normalized([2, 5, 4, 1], .afterActivation, activation: Rectifier(), bias: false),
  ]

  private func evaluation(
    _ model: Network, threads: Int = 2, rowsPerTile: Int = 4
  ) -> TiledEvaluation<Network> {
    TiledEvaluation(of: model, workers: Workers(threads: threads), rowsPerTile: rowsPerTile)
  }

  @Test(arguments: models.indices)
  func statisticsAreThoseOfTheWholeBatch(_ index: Int) throws {
    let model = Self.models[index]
    let inputs = normal([23, 2])
    let expected = model.explicitly(Variable(inputs)).statistics.layers
    let found = try evaluation(model).statistics(over: inputs).normalizations
    #expect(found.map(\.layer) == ["layers.0", "layers.1"])
    for (found, expected) in zip(found, expected) {
      expectClose(found.mean, expected.mean, 1e-13, "the means of \(found.layer)")
      expectClose(found.variance, expected.variance, 1e-12, "the variances of \(found.layer)")
    }
    let again = try evaluation(model, threads: 5).statistics(over: inputs).normalizations
    #expect(again.map(\.mean) == found.map(\.mean))
    #expect(again.map(\.variance) == found.map(\.variance))
  }

  @Test(arguments: models.indices)
  func withoutNormalizingTheyAreThoseOfThePlainNetwork(_ index: Int) throws {
    let model = Self.models[index]
    var plain = model
    for layer in plain.layers.indices { plain.layers[layer].normalization = nil }
    let inputs = normal([23, 2])
    let found = try evaluation(model).statisticsWithoutNormalizing(over: inputs).normalizations
    var values = Variable(inputs)
    for (layer, found) in zip(plain.layers, found) {
      let before = layer(values)
      values = model.activation(before)
      let normalized =
        model.layers[0].normalization?.placement == .beforeActivation ? before : values
      expectClose(found.mean, normalized.value.mean(alongAxis: 0), 1e-13, "the means")
    }
  }

  @Test(arguments: models.indices)
  func heldStatisticsAreConstants(_ index: Int) throws {
    let model = Self.models[index]
    let (batch, inputs) = (normal([23, 2], seed: 1), normal([9, 2], seed: 2))
    let statistics = model.explicitly(Variable(batch)).statistics
    let evaluation = evaluation(model)
    let held = evaluation.holding(try evaluation.statistics(over: batch))
    #expect(!held.couplesRows)
    let expected = model.explicitly(Variable(inputs), statistics: statistics).output.value
    expectClose(try held.outputs(for: inputs), expected, 1e-12, "the outputs")
    // Any rows have the outputs that they have in the batch.
    let whole = try evaluation.outputs(for: batch)
    expectClose(
      try held.outputs(for: batch.slice(3..<11)), whole.slice(3..<11), 1e-13, "some rows")

    let cotangents = normal(expected.shape, seed: 3)
    let (_, gradient) = valueWithGradient(at: model) { model in
      let output = model.explicitly(Variable(inputs), statistics: statistics).output
      return (output * Variable(cotangents)).sum()
    }
    expectClose(
      try held.pullback(of: cotangents, for: inputs).values, gradient.values, 1e-12, "Jᵀ u")
    let direction = ParameterVector(
      normal([gradient.layout.count], seed: 4), layout: gradient.layout)
    let pushed = try held.pushforward(of: direction, for: inputs)
    #expect(abs(pushed.dot(cotangents) - gradient.dot(direction)) <= 1e-10)
  }

  /// Gradients of single rows from an oracle in which statistics are constants.
  private func explicitRows(
    _ model: Network, _ inputs: Tensor<Double>, _ statistics: ExplicitStatistics
  ) -> Tensor<Double> {
    let rows = (0..<inputs.shape[0]).map { row in
      let (_, gradient) = valueWithGradient(at: model) { model in
        let output = model.explicitly(
          Variable(inputs.slice(row..<(row + 1))), statistics: statistics
        ).output
        return output.sum() / Double(output.shape[1]).squareRoot()
      }
      return gradient.values.reshaped(to: [1, -1])
    }
    return .concatenated(rows)
  }

  @Test(arguments: models.indices)
  func gradientsOfSamplesHoldTheStatisticsOfTheBatch(_ index: Int) throws {
    let model = Self.models[index]
    let batch = normal([23, 2], seed: 1)
    let sampled = batch.rows(at: [3, 7, 8, 20, 22])
    let statistics = model.explicitly(Variable(batch)).statistics
    let expected = explicitRows(model, sampled, statistics)
    let kernel = Tensor.matrixProduct(expected, expected, transposingRight: true)
    let scale = kernel.absoluteValue().largest()
    for threads in [1, 3] {
      let evaluation = evaluation(model, threads: threads, rowsPerTile: 2)
      let held = evaluation.holding(try evaluation.statistics(over: batch))
      let gradients = try held.perSampleGradients(for: sampled)
      // Every parameter has a factored form, those of the normalizations too.
      #expect(gradients.explicit == nil)
      #expect(try gradients.gram().largestDifference(from: kernel) <= 1e-10 * scale)
      expectClose(try held.jacobianRows(for: sampled), expected, 1e-11, "the rows")
    }
    // Of the inputs' own statistics, unless the evaluation holds others.
    let own = explicitRows(model, sampled, model.explicitly(Variable(sampled)).statistics)
    expectClose(try evaluation(model).jacobianRows(for: sampled), own, 1e-11, "rows by themselves")
    let gram = try evaluation(model).perSampleGradients(for: sampled).gram()
    let ownKernel = Tensor.matrixProduct(own, own, transposingRight: true)
    #expect(
      gram.largestDifference(from: ownKernel) <= 1e-10 * ownKernel.absoluteValue().largest())
    #expect(gram.largestDifference(from: kernel) > 1e-3 * scale)
  }

  @Test func anEvaluationThatKnowsTheStatisticsComputesTheSameBits() throws {
    let model = Self.models[0]
    let (inputs, cotangents) = (normal([23, 2], seed: 1), normal([23, 3], seed: 2))
    let evaluation = evaluation(model)
    let knowing = evaluation.knowing(try evaluation.statistics(over: inputs))
    #expect(knowing.couplesRows)
    #expect(try knowing.outputs(for: inputs) == evaluation.outputs(for: inputs))
    #expect(
      try knowing.pullback(of: cotangents, for: inputs)
        == evaluation.pullback(of: cotangents, for: inputs))
  }

  @Test func statisticsOfAnotherModelAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      let small = TiledEvaluation(of: Network.normalized([2, 3, 1], .beforeActivation))
      let large = TiledEvaluation(
        of: Network.normalized([2, 3, 3, 1], .beforeActivation), workers: Workers(threads: 1))
      let statistics = try small.statistics(over: normal([4, 2]))
      _ = try large.holding(statistics).outputs(for: normal([4, 2]))
    }
  }
}
