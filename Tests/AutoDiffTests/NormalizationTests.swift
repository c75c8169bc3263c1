import TensorKit
import Testing

@testable import AutoDiff

@Suite struct NormalizationTests {
  static let placements = Normalization<Double>.Placement.allCases

  @Test(arguments: placements)
  func aBatchAsAWholeIsNormalizedByItsOwnStatistics(
    _ placement: Normalization<Double>.Placement
  ) {
    let model = Network.normalized([2, 5, 4, 3], placement, activation: Sine(frequency: 2))
    let input = Variable(normal([17, 2], seed: 3))
    expectClose(model(input).value, model.explicitly(input).output.value, 1e-12, "the outputs")
    let plain = Network([2, 5, 4, 3], activation: Sine(frequency: 2))
    #expect(model(input).value.largestDifference(from: plain(input).value) > 0.1)
  }

  @Test func normalizedColumnsHaveTheMeanAndDeviationOfTheParameters() {
    var layer = Linear(weight: normal([3, 2]), bias: normal([3], seed: 2))
    let (weight, bias) = (Tensor<Double>([2, 0.5, 1]), Tensor<Double>([1, -1, 0]))
    layer.normalization = Normalization(weight: weight, bias: bias, placement: .beforeActivation)
    let output = layer(Variable(normal([50, 2], seed: 5))).value
    let mean = output.mean(alongAxis: 0)
    expectClose(mean, bias, 1e-14, "the means")
    let deviation = (output - mean).squared().mean(alongAxis: 0).squareRoot()
    // ε makes the deviation a little smaller.
    expectClose(deviation, weight, 1e-4, "the deviations")
  }

  @Test(arguments: placements)
  func derivativesThroughTheStatisticsAreThoseOfDifferences(
    _ placement: Normalization<Double>.Placement
  ) {
    let inputs = [
      normal([5, 2], seed: 1), normal([3, 2], seed: 2), normal([3], seed: 3),
      positive([3], seed: 4), normal([3], seed: 5),
    ]
    expectDerivatives(of: "a normalized layer, \(placement)", at: inputs) { inputs in
      var layer = Linear(weight: inputs[1].value, bias: inputs[2].value)
      layer.weight = inputs[1]
      layer.bias = inputs[2]
      var normalization = Normalization<Double>(columns: 3, placement: placement)
      normalization.weight = inputs[3]
      normalization.bias = inputs[4]
      layer.normalization = normalization
      return layer(inputs[0], then: HyperbolicTangent())
    }
  }

  @Test func derivativesWithStatisticsHeldAreThoseOfDifferences() {
    let statistics = ColumnStatistics<Double>(
      layer: "layer", moments: ColumnMoments(of: normal([20, 3], seed: 9) * 2 + 1))
    let inputs = [normal([4, 3], seed: 1), positive([3], seed: 2), normal([3], seed: 3)]
    let activations: [any Activation<Double>] = [
      IdentityActivation(), Sine(frequency: 2), HyperbolicTangent(), Gaussian(scale: 1),
    ]
    for activation in activations {
      func check(_ activation: some Activation<Double>) {
        let operation = NormalizationPrimitive(statistics: statistics, activation: activation)
        expectDerivatives(of: "held statistics, \(activation)", at: inputs) {
          .applying(operation, to: $0)
        }
      }
      check(activation)
    }
  }

  @Test func parametersAreNamedWithinTheirLayerOrBeside() {
    let model = Network.normalized([2, 3, 1], .beforeActivation)
    #expect(
      model.namedParameters.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.0.normalization.weight",
        "layers.0.normalization.bias", "layers.1.weight", "layers.1.bias",
      ])
    struct Beside: Module {
      var network: Network
      func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { network(input) }
      mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
        visitor.visit(&network.layers, named: "layers", normalizationsNamed: "norms")
      }
    }
    let chain = Chain(parts: [Beside(network: model), Network([1, 1])])
    #expect(
      chain.namedParameters.map(\.name) == [
        "parts.0.layers.0.weight", "parts.0.layers.0.bias", "parts.0.norms.0.weight",
        "parts.0.norms.0.bias", "parts.0.layers.1.weight", "parts.0.layers.1.bias",
        "parts.1.layers.0.weight", "parts.1.layers.0.bias",
      ])
    #expect(chain.parameterLayout.count == 6 + 3 + 6 + 3 + 1 + 2)
  }

  @Test func parametersOfNormalizationsGoOutAndInAndAreFrozenWithTheirLayer() throws {
    var model = Network.normalized([2, 3, 1], .afterActivation)
    var parameters = model.parameters
    parameters *= 2
    model.parameters = parameters
    #expect(model.parameters == parameters)
    let values = Dictionary(
      uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value * 3) })
    try model.setNamedParameters(values)
    #expect(model.parameters.values == parameters.values * 3)
    model.layers[0].isTrainable = false
    #expect(model.parameterLayout.entries.map(\.name) == ["layers.1.weight", "layers.1.bias"])
    #expect(model.namedParameters.count == 6)
  }

  @Test func momentsOfColumnsAreAccurateFarFromZero() {
    // Deviations of one, a hundred million away from zero: the sums of squares of such numbers hold
    // nothing of the variance.
    let deviations = normal([1000, 3], seed: 4)
    let mean = deviations.mean(alongAxis: 0)
    let variance = (deviations - mean).squared().mean(alongAxis: 0)
    let shift = 1e8
    var merged = ColumnMoments()
    for rows in [0..<1, 1..<1, 1..<300, 300..<1000] {
      merged.combine(ColumnMoments(of: deviations.slice(rows) + shift))
    }
    let statistics = ColumnStatistics<Double>(layer: "", moments: merged)
    // The numbers themselves are rounded to 1.5e-8.
    expectClose(statistics.variance, variance, 1e-7, "the variance")
    expectClose(statistics.mean - shift, mean, 1e-7, "the mean")
    #expect(merged.count == 1000)
    let single = ColumnMoments(of: Tensor<Float>(normal([512, 3]) + 1000))
    let expected = (normal([512, 3]) - normal([512, 3]).mean(alongAxis: 0)).squared()
    expectClose(
      single.squares / 512, expected.mean(alongAxis: 0), 1e-3, "the variance in single precision")
  }

  @Test func constantColumnsAndSingleRowsAreTheirBias() {
    var layer = Linear(weight: Tensor<Double>([[0, 0], [1, 2]]), bias: Tensor([5, 1]))
    layer.normalization = Normalization(
      weight: Tensor([2, 3]), bias: Tensor([0.25, -1]), placement: .beforeActivation)
    let many = layer(Variable(normal([9, 2]))).value
    #expect(many.slice(0..<1, alongAxis: 1) == Tensor(repeating: 0.25, shape: [9, 1]))
    #expect(layer(Variable(normal([1, 2]))).value == Tensor([[0.25, -1]]))
  }

  @Test func normalizationsOfAnotherWidthAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      var layer = Linear(weight: Tensor<Double>(zeros: [3, 2]), bias: nil)
      layer.normalization = Normalization(columns: 2, placement: .beforeActivation)
    }
    await #expect(processExitsWith: .failure) {
      _ = Normalization(
        weight: Tensor<Double>(zeros: [2]), bias: Tensor(zeros: [3]), placement: .afterActivation)
    }
  }
}
