import TensorKit
import Testing

@testable import AutoDiff

/// Linear layers whose weight is the product of coefficients and a fixed basis.
@Suite struct ProductWeightTests {
  /// A layer's coefficients and basis, which belong to a seed.
  static func layer(
    _ inputs: Int, _ outputs: Int, vectors: Int, bias: Bool = true, seed: UInt64 = 1
  ) -> Linear<Double> {
    Linear(
      coefficients: normal([outputs, vectors], seed: seed) * 0.4,
      basis: WeightBasis(normal([vectors, inputs], seed: seed + 1)),
      bias: bias ? normal([outputs], seed: seed + 2) * 0.3 : nil)
  }

  /// A network with product layers between plain ones: more vectors than inputs, and fewer.
  static var network: Network {
    var network = Network([2, 5, 4, 3, 2])
    network.layers[1] = layer(5, 4, vectors: 9, seed: 20)
    network.layers[2] = layer(4, 3, vectors: 3, seed: 30)
    return network
  }

  private func mean(_ model: Network, _ inputs: Tensor<Double>, _ targets: Tensor<Double>)
    -> Variable<Double>
  {
    (model(Variable(inputs)) - Variable(targets)).squared().mean()
  }

  @Test func theWeightIsTheProduct() {
    let (coefficients, basis) = (normal([2, 7], seed: 3), normal([7, 4], seed: 4))
    let layer = Linear(
      coefficients: coefficients, basis: WeightBasis(basis), bias: normal([2], seed: 5))
    #expect(layer.inputs == 4 && layer.outputs == 2)
    #expect(layer.coefficients?.value == coefficients)
    #expect(layer.basis?.matrix == basis)
    let weight = Tensor.matrixProduct(coefficients, basis)
    #expect(layer.weight.value == weight)
    let plain = Linear(weight: weight, bias: normal([2], seed: 5))
    let input = Variable(normal([3, 4], seed: 6))
    #expect(layer(input, then: Rectifier()).value == plain(input, then: Rectifier()).value)
  }

  @Test func onlyTheCoefficientsAreParameters() throws {
    var model = Self.network
    #expect(
      model.namedParameters.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.1.coefficients", "layers.1.bias",
        "layers.2.coefficients", "layers.2.bias", "layers.3.weight", "layers.3.bias",
      ])
    #expect(model.parameterLayout.entries[2].shape == [4, 9])
    let values = Dictionary(
      uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value * 2) })
    try model.setNamedParameters(values)
    #expect(model.layers[1].coefficients?.value == values["layers.1.coefficients"])
    #expect(model.layers[1].basis?.matrix == Self.network.layers[1].basis?.matrix)
    #expect(throws: ParameterError.self) {
      try model.setNamedParameters(["layers.1.weight": normal([4, 5])])
    }
  }

  @Test func aFormedOrAssignedWeightIsAParameter() {
    var layer = Self.layer(4, 3, vectors: 6)
    let weight = layer.weight.value
    let bias = layer.bias?.value
    var formed = layer
    formed.formWeight()
    #expect(formed.weight.value == weight && formed.bias?.value == bias)
    #expect(formed.basis == nil && formed.coefficients == nil)
    #expect(formed.namedParameters.map(\.name) == ["weight", "bias"])
    layer.weight = Variable(weight * 2)
    #expect(layer.basis == nil && layer.weight.value == weight * 2)
    let before = layer.weight.value
    layer.formWeight()
    #expect(layer.weight.value == before)
  }

  @Test func gradientsOfADirectCallEqualFiniteDifferences() {
    let (inputs, targets) = (normal([5, 2], seed: 1), normal([5, 2], seed: 2))
    let model = Self.network
    let gradient = valueWithGradient(at: model) { mean($0, inputs, targets) }.gradient
    #expect(gradient.layout == model.parameterLayout)
    for index in 0..<gradient.layout.count {
      let difference = centralDifference(
        at: model.parameters.values, coordinate: index, step: 1e-3
      ) { values in
        var moved = model
        moved.parameters = ParameterVector(values, layout: gradient.layout)
        return mean(moved, inputs, targets).value
      }
      #expect(abs(difference.scalar - gradient.values[index]) < 1e-9)
    }
  }

  @Test(arguments: [1, 3, 64])
  func tilesGiveTheGradientOfADirectCall(rowsPerTile: Int) throws {
    let (inputs, targets) = (normal([37, 2], seed: 1), normal([37, 2], seed: 2))
    let model = Self.network
    let expected = valueWithGradient(at: model) { mean($0, inputs, targets) }.gradient
    let gradients = try [1, 2, 8].map { threads in
      let evaluation = TiledEvaluation(
        of: model, workers: Workers(threads: threads), rowsPerTile: rowsPerTile)
      let outputs = try evaluation.outputs(for: inputs)
      expectClose(outputs, model(Variable(inputs)).value, 1e-13, "the outputs")
      return try evaluation.pullback(
        of: (outputs - targets) * (2 / Double(targets.count)), for: inputs)
    }
    #expect(gradients[0].layout == model.parameterLayout)
    expectClose(gradients[0].values, expected.values, 1e-13, "the gradient")
    #expect(gradients[0] == gradients[1] && gradients[0] == gradients[2])
  }

  @Test func pushforwardsAreAdjointToPullbacksAndEqualDifferences() throws {
    let inputs = normal([11, 2], seed: 1)
    let model = Self.network
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2), rowsPerTile: 4)
    let direction = ParameterVector(
      normal([model.parameterLayout.count], seed: 9), layout: model.parameterLayout)
    let cotangents = normal([11, 2], seed: 10)
    let pushed = try evaluation.pushforward(of: direction, for: inputs)
    let pulled = try evaluation.pullback(of: cotangents, for: inputs)
    #expect(abs(pushed.dot(cotangents) - pulled.dot(direction)) < 1e-12)
    let difference = centralDifference(
      at: Tensor<Double>(zeros: [1]), coordinate: 0, step: 1e-4
    ) { distance in
      var moved = model
      var parameters = moved.parameters
      parameters.add(direction, scaledBy: distance[0])
      moved.parameters = parameters
      return moved(Variable(inputs)).value
    }
    expectClose(pushed, difference, 1e-8, "the pushforward")
  }

  @Test func aFrozenProductIsNoParameterOfTheGradient() throws {
    var model = Self.network
    model.layers[1].isTrainable = false
    let (inputs, targets) = (normal([9, 2], seed: 1), normal([9, 2], seed: 2))
    let expected = valueWithGradient(at: model) { mean($0, inputs, targets) }.gradient
    let evaluation = TiledEvaluation(of: model, rowsPerTile: 4)
    let residual = try evaluation.outputs(for: inputs) - targets
    let gradient = try evaluation.pullback(of: residual * (2 / 18), for: inputs)
    #expect(
      gradient.layout.entries.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.2.coefficients", "layers.2.bias",
        "layers.3.weight", "layers.3.bias",
      ])
    expectClose(gradient.values, expected.values, 1e-13, "the gradient")
  }

  @Test func secondDerivativesGoThroughTheProduct() {
    let layer = Self.layer(2, 1, vectors: 3)
    let input = Variable(normal([4, 2], seed: 5))
    let gradient = valueWithGradient(at: layer) { layer in
      laplacian(at: input) { layer($0, then: HyperbolicTangent()) }.squared().sum()
    }.gradient
    for index in 0..<gradient.layout.count {
      let difference = centralDifference(
        at: layer.parameters.values, coordinate: index, step: 1e-3
      ) { values in
        var moved = layer
        moved.parameters = ParameterVector(values, layout: gradient.layout)
        return laplacian(at: input) { moved($0, then: HyperbolicTangent()) }.squared().sum().value
      }
      #expect(abs(difference.scalar - gradient.values[index]) < 1e-8)
    }
  }

  @Test func shapesThatDoNotFitAreRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = Linear(
        coefficients: Tensor<Double>(zeros: [2, 3]),
        basis: WeightBasis(Tensor(zeros: [4, 5])), bias: nil)
    }
    await #expect(processExitsWith: .failure) { _ = WeightBasis(Tensor<Double>(zeros: [4])) }
  }
}
