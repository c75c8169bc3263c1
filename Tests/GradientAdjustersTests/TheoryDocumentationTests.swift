import GradientAdjusters
import INRZoo
import Testing

// The code of the articles "Spectral bias and its adjustment" and "Why Adam undoes a diagonal", compiled and
// run; see `DocumentationTests`.

/// Multiplies each number of the gradient by a factor of its own, the same at every step.
struct FixedDiagonal<Scalar: TensorScalar>: GradientAdjuster {
  var factors: Tensor<Scalar>

  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) { gradient.values *= factors }
}

@Suite struct TheoryDocumentationTests {
  @Test func decayOfResiduals() throws {
    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Double>.siren(
      inputs: 1, outputs: 1, width: 64, using: &generator)
    let points = Tensor<Double>.evenlySpaced(over: -1...1, count: 128).reshaped(to: [128, 1])
    let batch = Batch(inputs: points, targets: (points * 20).sine())

    let step = TrainingStep(model: network, batch: batch)
    let kernel = try step.empiricalKernel(atRows: Array(0..<batch.rowCount))
    let pairs = try kernel.symmetricEigenpairs()
    let spread = pairs.values[0] / pairs.values[32]

    print("the first eigenvalue is \(spread) times the 33rd")
    #expect(spread > 10)

    let residuals = try step.cotangents()
    let rate = 1e-4 / pairs.values[0] * Double(batch.rowCount)
    var moved = network
    moved.parameters.add(try step.pullback(of: residuals), scaledBy: -rate)
    let after = try TrainingStep(model: moved, batch: batch).cotangents()
    let change = Tensor.matrixProduct(pairs.vectors, after - residuals)
    // A descent by `rate` on a mean over the rows is one by `rate` · 2 / rows on half the sum.
    let predicted =
      Tensor.matrixProduct(pairs.vectors, residuals) * pairs.values.reshaped(to: [-1, 1])
      * (-rate * 2 / Double(batch.rowCount))

    #expect((change - predicted).norm() < 0.01 * predicted.norm())
  }

  @Test func adamAndADiagonal() throws {
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    let batch = signal.batch
    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)

    let factors = Tensor<Float>.uniform(
      over: 0.1...10, shape: [network.parameters.values.count], using: &generator)
    func losses(_ optimizer: any Optimizer<Float>) throws -> (plain: Double, scaled: Double) {
      var plain = try Trainer(network, optimizer: optimizer)
      var scaled = try Trainer(
        network, optimizer: optimizer, adjuster: FixedDiagonal(factors: factors))
      for _ in 0..<100 {
        try plain.advance(on: batch)
        try scaled.advance(on: batch)
      }
      return (try plain.advance(on: batch), try scaled.advance(on: batch))
    }
    let byAdam = try losses(Adam(learningRate: 1e-3))
    let byDescent = try losses(SGD(learningRate: 1e-3))

    print("Adam: \(byAdam)")
    print("descent: \(byDescent)")
    #expect(abs(byAdam.plain - byAdam.scaled) < 0.05 * byAdam.plain)
    #expect(abs(byDescent.plain - byDescent.scaled) > 0.05 * byDescent.plain)
  }
}
