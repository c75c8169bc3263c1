import AutoDiff
import TensorKit
import Testing

@Suite struct LayerNormalizationTests {
  private var normalization: LayerNormalization<Double> {
    var module = LayerNormalization<Double>(columns: 4)
    module.weight = Variable(positive([4], seed: 2))
    module.bias = Variable(normal([4], seed: 3))
    return module
  }

  /// A network with a normalization between its layers.
  private var chain: Chain {
    Chain(parts: [
      Network([2, 4]), normalization, CubeLayer(scale: Variable(normal([4])), offset: nil),
    ])
  }

  @Test func rowsHaveMeanZeroAndDeviationOne() {
    let plain = LayerNormalization<Double>(columns: 50)
    let output = plain(Variable(normal([7, 50]) * 3 + 2)).value
    let mean = output.mean(alongAxis: 1)
    expectClose(mean, Tensor(zeros: [7]), 1e-14, "the means")
    let variance = output.squared().mean(alongAxis: 1)
    expectClose(variance, Tensor(repeating: 1, shape: [7]), 1e-5, "the variances")
    #expect(plain.namedParameters.map(\.name) == ["weight", "bias"])
    #expect(plain.parameterLayout.entries.map(\.role) == [.other, .bias])
  }

  @Test func valuesAreThoseOfTheFormula() {
    let input = normal([5, 4], seed: 1)
    let output = normalization(Variable(input)).value
    for row in 0..<5 {
      let values = (0..<4).map { input[row, $0] }
      let mean = values.reduce(0, +) / 4
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
      for column in 0..<4 {
        let expected =
          (values[column] - mean) / (variance + 1e-5).squareRoot()
          * normalization.weight.value.elements[column] + normalization.bias.value.elements[column]
        #expect(abs(output[row, column] - expected) < 1e-14)
      }
    }
  }

  @Test func derivativesAreRight() {
    let alone = checkDerivatives(of: normalization, at: normal([3, 4], seed: 5), step: 1e-4)
    #expect(alone.isEmpty, "\(alone)")
    let within = checkDerivatives(
      of: Chain(parts: [Network([2, 4]), normalization, Network([4, 1])]),
      at: normal([2, 2], seed: 5), step: 1e-4)
    #expect(within.isEmpty, "\(within)")
  }

  @Test func tilesAndKernelsAreThoseOfTheWhole() throws {
    let input = normal([11, 2], seed: 6)
    let evaluation = TiledEvaluation(of: chain, workers: Workers(threads: 2), rowsPerTile: 3)
    expectClose(
      try evaluation.outputs(for: input), chain(Variable(input)).value, 1e-14, "the outputs")
    let rows = try evaluation.jacobianRows(for: input)
    expectClose(
      try evaluation.perSampleGradients(for: input).gram(),
      .matrixProduct(rows, rows, transposingRight: true), 1e-12, "the kernel")
  }

  @Test func inputsOfAnotherSizeAreMistakes() async {
    await #expect(processExitsWith: .failure) { _ = LayerNormalization<Float>(columns: 0) }
    await #expect(processExitsWith: .failure) {
      _ = LayerNormalization<Float>(columns: 3)(Variable(Tensor(zeros: [2, 4])))
    }
  }
}
