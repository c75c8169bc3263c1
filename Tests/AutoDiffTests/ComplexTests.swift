import TensorKit
import Testing

@testable import AutoDiff

/// Layers and wavelets of complex numbers, as functions of real and imaginary parts.
@Suite struct ComplexTests {
  private let layer = ComplexLinear<Double>(
    weight: normal([6, 2], seed: 2), bias: normal([6], seed: 3))

  /// A complex number, for sums that are written out.
  private struct Number {
    var real = 0.0
    var imaginary = 0.0
  }

  private func number(_ tensor: Tensor<Double>, _ row: Int, _ column: Int) -> Number {
    Number(real: tensor[row, column], imaginary: tensor[row, column + tensor.shape[1] / 2])
  }

  @Test func aLayerMultipliesComplexNumbers() {
    let input = normal([5, 4], seed: 1)
    let output = layer(Variable(input)).value
    #expect(output.shape == [5, 6])
    #expect(layer.inputs == 2)
    #expect(layer.outputs == 3)
    for row in 0..<5 {
      for column in 0..<3 {
        var sum = Number(
          real: layer.bias.value.elements[column], imaginary: layer.bias.value.elements[column + 3])
        for index in 0..<2 {
          let x = number(input, row, index)
          let w = (layer.weight.value[column, index], layer.weight.value[column + 3, index])
          sum.real += w.0 * x.real - w.1 * x.imaginary
          sum.imaginary += w.0 * x.imaginary + w.1 * x.real
        }
        let found = number(output, row, column)
        #expect(abs(found.real - sum.real) < 1e-14)
        #expect(abs(found.imaginary - sum.imaginary) < 1e-14)
      }
    }
  }

  @Test func derivativesOfALayer() {
    for samples in [0, 3] {
      expectDerivatives(
        of: "complex layer",
        at: [normal([samples, 4], seed: 1), normal([6, 2], seed: 2), normal([6], seed: 3)]
      ) { .applying(ComplexDensePrimitive(), to: $0) }
    }
  }

  @Test func derivativesOfWavelets() {
    let wavelet = ComplexGaborWavelet<Double>(frequency: 2, scale: 0.7)
    expectDerivatives(of: "complex Gabor wavelet", at: [normal([3, 4]) * 0.7], step: 1e-4) {
      wavelet($0[0])
    }
    expectDerivatives(of: "complex Gabor wavelet of real parts", at: [normal([2, 2])], step: 1e-4) {
      wavelet(.complexRows(real: $0[0], imaginary: Variable(Tensor(zeros: [2, 2])))).realParts()
    }
  }

  @Test func waveletsHaveTheirFormula() {
    let input = normal([4, 6], seed: 8)
    let values = ComplexGaborWavelet<Double>(frequency: 3, scale: 0.5)(Variable(input)).value
    let x = Variable(input).complexParts()
    let modulus = ((x.real.squared() + x.imaginary.squared()) * -0.25 - x.imaginary * 3)
      .exponential()
    expectClose(
      values,
      Variable.complexRows(
        real: modulus * (x.real * 3).cosine(), imaginary: modulus * (x.real * 3).sine()
      ).value, 1e-14, "the wavelet")
  }

  /// Sines count their scale as a constant.
  @Test func derivativesOfVariableSines() {
    let input = normal([2, 4]) * 0.4
    let parts = Variable(input).complexParts()
    let modulus = (parts.real.squared() + parts.imaginary.squared()).squareRoot().value
    let rate = (modulus + 1) * 3
    expectDerivatives(
      of: "complex variable sine", at: [input], step: 1e-4,
      differencing: { inputs in
        // sin(a + i b) = (exp(i a - b) - exp(-i a + b)) / 2i
        let (x, y) = inputs[0].complexParts()
        let (a, b) = (x * Variable(rate), y * Variable(rate))
        let (rising, falling) = (b.exponential(), (-b).exponential())
        return .complexRows(
          real: (falling * a.sine() + rising * a.sine()) * 0.5,
          imaginary: (rising * a.cosine() - falling * a.cosine()) * 0.5)
      },
      function: { ComplexVariableSine(frequency: 3)($0[0]) })
  }

  /// On the real axis they are the real activation.
  @Test func variableSinesOfRealNumbers() {
    let input = normal([3, 2])
    let zeros = Tensor<Double>(zeros: [3, 2])
    let values = ComplexVariableSine(frequency: 3)(
      .complexRows(real: Variable(input), imaginary: Variable(zeros)))
    expectClose(
      values.value,
      Variable.complexRows(
        real: VariableSine(frequency: 3)(Variable(input)), imaginary: Variable(zeros)
      ).value, 1e-14, "the sine of real numbers")
  }

  private struct ComplexNetwork: Module {
    var first = Linear<Double>(weight: normal([3, 2]), bias: normal([3], seed: 5))
    var layers = [
      ComplexLinear<Double>(weight: normal([8, 3], seed: 6), bias: normal([8], seed: 7)),
      ComplexLinear<Double>(weight: normal([4, 4], seed: 8), bias: normal([4], seed: 9)),
    ]
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      let wavelet = ComplexGaborWavelet<Double>(frequency: 1.5, scale: 0.6)
      let real = first(input)
      let features = wavelet(
        .complexRows(real: real, imaginary: Variable(Tensor(zeros: real.shape))))
      return layers[1](wavelet(layers[0](features))).realParts()
    }
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&first, named: "first")
      visitor.visit(&layers, named: "layers")
    }
  }

  @Test func theGramMatrixOfComplexGradientsIsThatOfTheirRows() throws {
    let inputs = normal([13, 2], seed: 11)
    let evaluation = TiledEvaluation(
      of: ComplexNetwork(), workers: Workers(threads: 2), rowsPerTile: 4)
    let rows = try evaluation.jacobianRows(for: inputs)
    let gradients = try evaluation.perSampleGradients(for: inputs)
    #expect(gradients.explicit == nil)
    #expect(gradients.factored.count == 5)
    expectClose(
      try gradients.gram(), .matrixProduct(rows, rows, transposingRight: true), 1e-12,
      "the Gram matrix")
    let weights = normal([13], seed: 12)
    expectClose(
      try gradients.sum(weightedBy: weights).values,
      Tensor.matrixProduct(weights.reshaped(to: [1, -1]), rows).reshaped(to: [-1]), 1e-12,
      "the weighted sum")
  }
}
