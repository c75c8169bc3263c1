import AutoDiff
import INRZoo
import TensorKit
import Testing

@Suite struct SphericalHarmonicsTests {
  private struct Settings: Decodable {}

  private func check<Scalar: TensorScalar>(
    _: Scalar.Type, values: Double, gradients: Double
  ) throws {
    let reference = try FieldReference<Settings>("spherical-harmonics")
    let directions: Tensor<Scalar> = try reference.tensor("directions")
    let cotangent: Tensor<Scalar> = try reference.tensor("cotangent")
    let (harmonics, pullback) = valueWithPullback(at: [Variable(directions)]) {
      SphericalHarmonics<Scalar>()($0[0])
    }
    try reference.expect(harmonics.value, "harmonics", tolerance: values)
    try reference.expect(
      pullback(Variable(cotangent))[0].value, "gradient.directions", tolerance: gradients)
    for degree in 0..<3 {
      let encoding = SphericalHarmonics<Scalar>(degree: degree)
      #expect(
        encoding(Variable(directions)).value.isApproximatelyEqual(
          to: harmonics.value.slice(0..<encoding.outputs, alongAxis: 1),
          relativeTolerance: 4 * .ulpOfOne))
    }
  }

  @Test func valuesAndGradientsAreTheReferences() throws {
    try check(Double.self, values: 1e-12, gradients: 1e-10)
    try check(Float.self, values: 2e-5, gradients: 1e-4)
  }

  @Test(arguments: 0...3) func derivatives(_ degree: Int) {
    var generator = SeededGenerator(seed: 2)
    let points = Tensor<Double>.normal(shape: [4, 3], using: &generator)
    #expect(checkDerivatives(of: SphericalHarmonics(degree: degree), at: points).isEmpty)
  }

  /// The mean of the products of two harmonics over the sphere is 1/4π for a harmonic with itself, else zero.
  @Test func harmonicsAreOrthonormal() {
    // Equal areas: even in z, and exact for polynomials of a low degree in the angle around it.
    let (heights, turns) = (2000, 9)
    var points: [Double] = []
    for i in 0..<heights {
      let z = -1 + (2 * Double(i) + 1) / Double(heights)
      for j in 0..<turns {
        let angle = Variable(Tensor<Double>(2 * .pi * Double(j) / Double(turns)))
        let radius = (1 - z * z).squareRoot()
        points += [radius * angle.cosine().scalar, radius * angle.sine().scalar, z]
      }
    }
    let values = SphericalHarmonics<Double>()(
      Variable(Tensor(points, shape: [heights * turns, 3]))
    ).value
    let gram =
      Tensor.matrixProduct(values, values, transposingLeft: true)
      * (4 * .pi / Double(heights * turns))
    #expect(gram.isApproximatelyEqual(to: .identity(16), relativeTolerance: 1e-5))
  }
}
