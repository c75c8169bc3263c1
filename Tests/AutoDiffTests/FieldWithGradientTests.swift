import TensorKit
import Testing

@testable import AutoDiff

@Suite struct FieldWithGradientTests {
  /// Two layers with sines between.
  private struct Network: Module {
    var hidden: Linear<Double>
    var output: Linear<Double>

    init(seed: UInt64 = 1) {
      var generator = SeededGenerator(seed: seed)
      hidden = Linear(inputs: 2, outputs: 5, using: &generator)
      output = Linear(inputs: 5, outputs: 1, using: &generator)
    }

    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      output(hidden(input, then: Sine(frequency: 3)))
    }

    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&hidden, named: "hidden")
      visitor.visit(&output, named: "output")
    }
  }

  private let points = normal([7, 2], seed: 4)

  @Test func outputsAreTheFieldAndItsSlopes() throws {
    let network = Network()
    let outputs = try TiledEvaluation(of: FieldWithGradient(network), rowsPerTile: 3)
      .outputs(for: points)
    #expect(outputs.shape == [7, 3])
    let values = network(Variable(points)).value
    expectClose(outputs.slice(0..<1, alongAxis: 1), values, 1e-15, "values")
    for row in 0..<7 {
      let point = points.slice(row..<(row + 1)).reshaped(to: [2])
      for coordinate in 0..<2 {
        let slope = centralDifference(at: point, coordinate: coordinate, step: 1e-3) {
          network(Variable($0.reshaped(to: [1, 2]))).value
        }
        #expect(abs(outputs[row, 1 + coordinate] - slope.scalar) < 1e-8)
      }
    }
  }

  @Test func allDerivativesByParametersAndPointsAreRight() {
    let model = FieldWithGradient(Network())
    let findings = checkDerivatives(of: model, at: normal([2, 2], seed: 4))
    #expect(findings.isEmpty, "\(findings)")
  }

  @Test func parametersHaveTheFieldsNames() throws {
    let network = Network()
    var model = FieldWithGradient(Network(seed: 2))
    #expect(model.parameterLayout == network.parameterLayout)
    try model.setNamedParameters(
      Dictionary(uniqueKeysWithValues: network.namedParameters.map { ($0.name, $0.value) }))
    #expect(model.field.parameters == network.parameters)
  }

  @Test func pullbacksAndPushforwardsInTilesAreAdjoint() throws {
    let model = FieldWithGradient(Network())
    let evaluation = TiledEvaluation(of: model, rowsPerTile: 2)
    let cotangents = normal([7, 3], seed: 5)
    let direction = ParameterVector(
      normal([model.parameterLayout.count], seed: 6), layout: model.parameterLayout)
    let pulled = try evaluation.pullback(of: cotangents, for: points)
    let pushed = try evaluation.pushforward(of: direction, for: points)
    #expect(abs(pulled.dot(direction) - pushed.dot(cotangents)) < 1e-12)
    let whole = valueWithGradient(at: model) {
      ($0(Variable(points)) * Variable(cotangents)).sum()
    }
    expectClose(pulled.values, whole.gradient.values, 1e-13, "the pullback in tiles")
  }

  @Test func gradientsOfSingleSamplesAreThoseOfSweeps() throws {
    let evaluation = TiledEvaluation(of: FieldWithGradient(Network()), rowsPerTile: 3)
    for weights in [nil, Tensor<Double>([1, 0, 0]), Tensor<Double>([0, 0.5, -2])] {
      let gram = try evaluation.perSampleGradients(for: points, outputWeights: weights).gram()
      let rows = try evaluation.jacobianRows(for: points, outputWeights: weights)
      let expected = Tensor.matrixProduct(rows, rows, transposingRight: true)
      expectClose(gram, expected, 1e-13, "the kernel of outputs weighted by \(weights as Any)")
    }
    // The chosen output of the wrapper is the field's own.
    let ofField = try TiledEvaluation(of: Network()).perSampleGradients(for: points).gram()
    let chosen = try evaluation.perSampleGradients(
      for: points, outputWeights: Tensor([1, 0, 0])
    ).gram()
    expectClose(chosen, ofField, 1e-13, "the field's kernel")
  }
}
