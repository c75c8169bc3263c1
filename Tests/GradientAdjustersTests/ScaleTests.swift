import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Norms and sums of squares of numbers that are all small, or all large: nothing vanishes, nothing overflows.
@Suite struct ScaleTests {
  /// What damping lets through of a long gradient after many of a length of one, all times a unit.
  private func damped<Scalar: TensorScalar>(_ unit: Scalar) -> Scalar {
    let problem = SmallProblem<Scalar>()
    var damping = BurstDamping<Scalar>()
    for length in [Scalar](repeating: 1, count: 30) + [8] {
      var gradient = ParameterVector<Scalar>(zeros: problem.model.parameterLayout)
      gradient.values[0] = length * unit
      damping.adjust(&gradient, for: problem.step())
      if length == 8 { return gradient.values[0] / unit }
    }
    return .nan
  }

  @Test func burstsAreDampedAtAnyScale() {
    let expected = damped(Double(1))
    #expect(expected < 2)
    for unit in [0x1p-1000, 0x1p-600, 0x1p600, 0x1p1000] { #expect(damped(unit) == expected) }
    for unit: Float in [0x1p-100, 0x1p100, 0x1p124] { #expect(damped(unit) == damped(Float(1))) }
  }

  @Test func energiesOfBandsAreThoseOfAnyScale() throws {
    let grid = RowGrid(extents: [8, 8])
    var generator = SeededGenerator(seed: 1)
    let rows = Tensor<Float>.normal(shape: [64, 1], using: &generator)
    let workers = Workers(threads: 1)
    let bands: [any Bands<Float>] = [
      NestedMeanBands(.blocks(of: grid), rowsPerTile: 4), CosineBands(grid),
      BlockCosineBands(grid, side: 4), ConstantAndRest<Float>(rowCount: 64),
    ]
    for bands in bands {
      let expected = try bands.energies(of: rows, workers: workers)
      for exponent in [-100, 60] {
        let unit = Float(sign: .plus, exponent: exponent, significand: 1)
        let found = try bands.energies(of: rows * unit, workers: workers)
        for (energy, other) in zip(found, expected) {
          #expect(abs(energy / Double(unit) / Double(unit) - other) <= 1e-5 * other)
        }
      }
    }
  }

  @Test func coefficientsOfSmallCosinesAreNotZero() throws {
    func coefficients(_ amplitude: Double) throws -> Tensor<Double> {
      let problem = SmallProblem<Double>()
      var (model, generator) = (problem.model, SeededGenerator(seed: 1))
      var adjuster = FourierReparameterization<Double>(
        lowFrequencies: 4, highFrequencies: 4, phases: 3, amplitude: amplitude)
      try adjuster.prepare(&model, using: &generator)
      return try #require(model.parameters["layers.1.coefficients"])
    }
    let expected = try coefficients(0x1p-4)
    #expect(expected.absoluteValue().largest() > 0)
    #expect(try coefficients(0x1p-604) * 0x1p-600 == expected)
  }

  @Test func theClosedFormKernelOfSmallInputsIsThatOfTheirDirections() {
    let inputs = Tensor<Double>([[3, 4], [-1, 2]])
    let small = TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs * 1e-3)
    for unit in [1e-100, 1e-200] {
      let kernel = TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs * unit)
      #expect(kernel.isApproximatelyEqual(to: small, relativeTolerance: 1e-4))
    }
  }

  @Test(arguments: [-120, -66, 66, 100]) func transformsOfKernelsDoNotDependOnTheirScale(
    _ exponent: Int
  ) throws {
    let kernel = Tensor<Float>(randomKernel(size: 800))
    let scaled = kernel * Float(sign: .plus, exponent: exponent, significand: 1)
    let expected = try SpectralTransform(equalizing: 5, of: kernel, to: .next)
    let found = try SpectralTransform(equalizing: 5, of: scaled, to: .next)
    #expect(found.dampings.isApproximatelyEqual(to: expected.dampings, relativeTolerance: 1e-4))
    let products = Tensor.matrixProduct(found.vectors, expected.vectors, transposingRight: true)
    #expect(
      products.absoluteValue().isApproximatelyEqual(to: .identity(5), relativeTolerance: 1e-3))
  }
}
