import TensorKit
import Testing

@testable import AutoDiff

@Suite struct DerivativesTests {
  private let x = normal([3, 2], seed: 1)

  @Test func gradientsOfKnownFunctions() {
    let squares = gradient(at: Variable(x)) { $0.squared().sum() }
    expectClose(squares.value, x * 2, 1e-15, "x²")
    let mean = gradient(at: Variable(x)) { $0.sine().mean() }
    expectClose(mean.value, x.cosine() / 6, 1e-15, "mean of sines")
    let constant = gradient(at: Variable(x)) { _ in Variable(Tensor(3)) }
    #expect(constant.value == Tensor(zeros: [3, 2]))
    let identity = gradient(at: Variable(Tensor<Double>(2))) { $0 }
    #expect(identity.value.scalar == 1)
  }

  @Test func gradientsOfGradientsThreeDeep() {
    let third = gradient(at: Variable(x)) { x in
      gradient(at: x) { x in gradient(at: x) { $0.sine().sum() }.sum() }.sum()
    }
    expectClose(third.value, -x.cosine(), 1e-14, "sine, three times")
    let power = gradient(at: Variable(x)) { x in
      gradient(at: x) { x in
        gradient(at: x) { ($0.squared().squared() * $0).sum() }.sum()
      }.sum()
    }
    expectClose(power.value, x.squared() * 60, 1e-13, "x⁵, three times")
  }

  @Test func innerGradientsSeeOuterVariables() {
    // d/dy (y · d/dx (x² y) at x = y) = d/dy 2 y³, where x is y but not differentiated inside.
    let y = Variable(Tensor<Double>(1.5))
    let outer = gradient(at: y) { y in y * gradient(at: y) { $0.squared() * y } }
    #expect(abs(outer.scalar - 6 * 1.5 * 1.5) < 1e-13)
    // A detached variable passes nothing.
    let cut = gradient(at: y) { y in gradient(at: y.detached()) { $0.squared() } * y }
    #expect(cut.scalar == 3)
  }

  @Test func aResultThatDependsOnNothingOutsideIsAConstant() {
    let (value, pullback) = valueWithPullback(at: [Variable(x)]) { $0[0].sine() }
    #expect(value.node == nil)
    #expect(pullback(Variable(x))[0].node == nil)
    #expect(gradient(at: Variable(x)) { $0.sum() }.node == nil)
    let (_, derivative) = valueWithPushforward(at: [Variable(x)], along: [Variable(x)]) {
      $0[0].sine()
    }
    #expect(derivative.node == nil)
    #expect((Variable(x).sine() + 1).node == nil)
  }

  @Test func jacobiansOfKnownFunctions() {
    let matrix = normal([2, 3], seed: 5)
    let linear = jacobian(at: normal([3])) {
      .matrixProduct(Variable(matrix), $0.reshaped(to: [3, 1]))
    }
    expectClose(linear, matrix, 1e-15, "a matrix")
    let diagonal = jacobian(at: normal([4])) { $0.sine() }
    expectClose(
      diagonal, Tensor.identity(4) * normal([4]).cosine(), 1e-15, "an elementwise function")
    #expect(jacobian(at: normal([2, 2])) { $0.rows(at: []) }.shape == [0, 4])
    #expect(
      jacobian(at: normal([2])) { _ in Variable(normal([3])) } == Tensor(zeros: [3, 2]))
  }

  private func column(_ x: Variable<Double>, _ index: Int) -> Variable<Double> {
    x.slice(index..<(index + 1), alongAxis: 1)
  }

  @Test func laplaciansOfHarmonicPolynomialsVanish() {
    for polynomial: (Variable<Double>, Variable<Double>) -> Variable<Double> in [
      { x, y in x * y }, { x, y in x.squared() - y.squared() },
      { x, y in x * x.squared() - 3 * (x * y.squared()) },
    ] {
      let found = laplacian(at: Variable(x)) { polynomial(column($0, 0), column($0, 1)) }
      expectClose(found.value, Tensor(zeros: [3, 1]), 1e-13, "a harmonic polynomial")
    }
  }

  @Test func laplaciansOfKnownFunctions() {
    let waves = laplacian(at: Variable(x)) { (column($0, 0) * 2 + column($0, 1) * 3).sine() }
    let phase = x.slice(0..<1, alongAxis: 1) * 2 + x.slice(1..<2, alongAxis: 1) * 3
    expectClose(waves.value, phase.sine() * -13, 1e-13, "a plane wave")
    let squares = laplacian(at: Variable(x)) { $0.squared().summed(to: [3, 1]) }
    expectClose(squares.value, Tensor(repeating: 4, shape: [3, 1]), 1e-14, "|x|²")
    let linear = laplacian(at: Variable(x)) { column($0, 0) + column($0, 1) }
    #expect(linear.value == Tensor(zeros: [3, 1]))
    let constant = laplacian(at: Variable(x)) { _ in Variable(Tensor(zeros: [3, 1])) }
    #expect(constant.value == Tensor(zeros: [3, 1]))
  }

  /// A physics-informed loss: third derivatives, with respect to parameters.
  @Test(
    arguments: [HyperbolicTangent(), Sine(frequency: 2), Gaussian(scale: 0.8)]
      as [any Activation<Double>])
  func theLaplaciansGradientWithRespectToParametersEqualsFiniteDifferences(
    _ activation: any Activation<Double>
  ) {
    let points = Variable(x)
    let sources = Variable(normal([3, 1], seed: 7))
    let loss: @Sendable (Network) -> Variable<Double> = { model in
      let second = laplacian(at: points) { model($0) }
      return (second - sources).squared().mean() + model(points).squared().mean()
    }
    let model = Network([2, 4, 3, 1], activation: activation)
    let (value, gradient) = valueWithGradient(at: model, of: loss)
    #expect(value == loss(model).scalar)
    for coordinate in 0..<gradient.values.count {
      let expected = centralDifference(
        at: model.parameters.values, coordinate: coordinate, step: 5e-4
      ) { values in
        var moved = model
        moved.parameters = ParameterVector(values, layout: gradient.layout)
        return Tensor([loss(moved).scalar])
      }
      #expect(
        abs(gradient.values[coordinate] - expected[0]) <= 1e-8 * (1 + gradient.norm()),
        "parameter \(coordinate)")
    }
  }

  @Test func valuesComeWithTheirGradients() {
    let model = Network([2, 3, 1])
    let (value, gradient) = valueWithGradient(at: model) { $0(Variable(x)).squared().sum() }
    #expect(value == model(Variable(x)).squared().sum().scalar)
    #expect(gradient.layout == model.parameterLayout)
    let (_, zero) = valueWithGradient(at: model) { _ in Variable(Tensor(1)) }
    #expect(zero.values == Tensor(zeros: [gradient.layout.count]))
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try valueWithGradient(at: model) { _ -> Variable<Double> in throw Stop() }
    }
  }

  @Test func theGradientOfMoreThanANumberIsAMistake() async {
    await #expect(processExitsWith: .failure) {
      _ = gradient(at: Variable(Tensor<Double>([1, 2]))) { $0.sine() }
    }
    await #expect(processExitsWith: .failure) {
      let (_, pullback) = valueWithPullback(at: [Variable(Tensor<Double>([1, 2]))]) { $0[0] }
      _ = pullback(Variable(Tensor<Double>(1)))
    }
    await #expect(processExitsWith: .failure) {
      _ = Variable(Tensor<Double>(zeros: [2, 3])).slice(0..<1, alongAxis: -3)
    }
    await #expect(processExitsWith: .failure) {
      _ = laplacian(at: Variable(Tensor<Double>(zeros: [2, 3]))) { $0 }
    }
    await #expect(processExitsWith: .failure) {
      _ = Linear(weight: Tensor<Double>(zeros: [2, 3]), bias: nil)(
        Variable(Tensor(zeros: [1, 2])))
    }
  }
}
