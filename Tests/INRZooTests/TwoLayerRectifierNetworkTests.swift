import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct TwoLayerRectifierNetworkTests {
  private func network(inputs: Int = 2, width: Int) -> TwoLayerRectifierNetwork<Double> {
    var generator = SeededGenerator(seed: 4)
    return TwoLayerRectifierNetwork(inputs: inputs, width: width, using: &generator)
  }

  @Test func valuesAreThoseOfTheFormula() throws {
    let network = network(inputs: 3, width: 7)
    var generator = SeededGenerator(seed: 1)
    let inputs = Tensor<Double>.normal(shape: [5, 3], using: &generator)
    let found = network(Variable(inputs)).value
    let (weight, signs) = (network.hidden.weight.value, network.output.weight.value)
    for row in 0..<5 {
      var sum = 0.0
      for unit in 0..<7 {
        let z = (0..<3).reduce(0.0) { $0 + inputs[row, $1] * weight[unit, $1] }
        sum += signs[0, unit] * max(z / 2.0.squareRoot(), 0) / 7.0.squareRoot()
      }
      #expect(abs(found[row, 0] - sum) < 1e-14)
    }
  }

  @Test func theInitializationIsThePublishedOne() {
    let network = network(width: 20_000)
    let weight = network.hidden.weight.value
    #expect(abs(weight.mean()) < 0.02 && abs(weight.squared().mean() - 1) < 0.03)
    #expect(network.hidden.bias?.value.norm() == 0)
    #expect(Set(network.output.weight.value.elements) == [-1, 1])
    #expect(abs(network.output.weight.value.mean()) < 0.03)
    #expect(
      network.namedParameters.map(\.name) == ["hidden.weight", "hidden.bias", "output.weight"])
    #expect(network.parameterLayout.entries.map(\.name) == ["hidden.weight", "hidden.bias"])
  }

  @Test func theEmpiricalKernelApproachesTheClosedForm() throws {
    var generator = SeededGenerator(seed: 2)
    // Inputs of any length; the rate is that of averages over units, one over the root of the width.
    let inputs = Tensor<Double>.normal(shape: [12, 2], using: &generator)
    let closed = TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs)
    let scale = closed.largest()
    let errors = try [500, 50_000].map { width in
      try TiledEvaluation(of: network(width: width)).empiricalKernel(at: inputs)
        .largestDifference(from: closed) / scale
    }
    #expect(errors[1] < 0.02 && errors[0] > 2 * errors[1])
  }

  @Test func theClosedFormIsExactAtSpecialAngles() {
    let inputs = Tensor<Double>([[1, 0], [0, 1], [-1, 0], [2, 0], [0, 0]])
    let kernel = TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs)
    let expected = Tensor<Double>([
      [0.5, 0.125, 0, 0.75, 0],
      [0.125, 0.5, 0.125, 0.125, 0],
      [0, 0.125, 0.5, 0, 0],
      [0.75, 0.125, 0, 1.25, 0],
      [0, 0, 0, 0, 0],
    ])
    #expect(kernel.largestDifference(from: expected) < 1e-15)
  }
}
