import AutoDiff
import TensorKit
import Testing

@testable import INRZoo

@Suite struct VoxelGridTests {
  private struct Settings: Decodable { let interval: Double }

  private struct Case<Scalar: TensorScalar> {
    let reference: FieldReference<Settings>
    let box: BoundingBox
    let density: VoxelGrid<Scalar>
    let features: VoxelGrid<Scalar>
    let points: Tensor<Scalar>

    init() throws {
      reference = try FieldReference("dense-grid")
      let lower = try reference.tensor("lower", as: Double.self).elements
      let upper = try reference.tensor("upper", as: Double.self).elements
      box = BoundingBox(
        lower: SIMD3(lower[0], lower[1], lower[2]), upper: SIMD3(upper[0], upper[1], upper[2]))
      density = VoxelGrid(channelsFirst: try reference.tensor("density_grid"), box: box)
      features = VoxelGrid(channelsFirst: try reference.tensor("feature_grid"), box: box)
      points = try reference.tensor("points")
    }

    func shift(_ place: Int) throws -> Scalar {
      let initial = try reference.tensor("alpha_init", as: Double.self).elements[place]
      return Scalar(voxelDensityShift(initialOpacity: initial))
    }
  }

  private func checkSampling<Scalar: TensorScalar>(
    _: Scalar.Type, values: Double, gradients: Double
  ) throws {
    let example = try Case<Scalar>()
    let (reference, density, features) = (example.reference, example.density, example.features)
    let (shift, interval) = (try example.shift(1), Scalar(reference.settings.interval))
    let cotangents = [
      try reference.tensor("cotangent.alpha", as: Scalar.self).reshaped(to: [-1, 1]),
      try reference.tensor("cotangent.features", as: Scalar.self),
    ]
    try reference.expect(density(Variable(example.points)).value, "density", tolerance: values)
    let inputs = [Variable(example.points), density.values, features.values]
    let (outputs, pullback) = valueWithPullback(at: inputs) { inputs in
      let alpha = density.replacing(inputs[1])(inputs[0])
        .voxelOpacity(shift: shift, interval: interval)
      return .concatenated([alpha, features.replacing(inputs[2])(inputs[0])], alongAxis: 1)
    }
    try reference.expect(
      outputs.value.slice(0..<1, alongAxis: 1), "alpha", tolerance: values)
    try reference.expect(
      outputs.value.slice(1..<(1 + features.outputs), alongAxis: 1), "features", tolerance: values)
    let gradient = pullback(Variable(.concatenated(cotangents, alongAxis: 1))).map(\.value)
    try reference.expect(gradient[0], "gradient.points", tolerance: gradients)
    let ofDensity = VoxelGrid(values: gradient[1], extents: density.extents, box: example.box)
    let ofFeatures = VoxelGrid(values: gradient[2], extents: density.extents, box: example.box)
    try reference.expect(ofDensity.channelsFirst, "gradient.density_grid", tolerance: gradients)
    try reference.expect(ofFeatures.channelsFirst, "gradient.feature_grid", tolerance: gradients)
  }

  @Test func samplesAndGradientsAreTheReferences() throws {
    try checkSampling(Double.self, values: 1e-12, gradients: 1e-10)
    try checkSampling(Float.self, values: 2e-5, gradients: 1e-4)
  }

  private func checkWholeGrids<Scalar: TensorScalar>(
    _: Scalar.Type, values: Double, gradients: Double
  ) throws {
    let example = try Case<Scalar>()
    let (reference, density) = (example.reference, example.density)
    let weight = Scalar(0.3 / 6)
    try reference.expect(
      density.totalVariation().value.reshaped(to: [1]) * weight, "tv_value", tolerance: values)
    let gradient = VoxelGrid(
      values: density.totalVariationGradient() * weight, extents: density.extents, box: example.box)
    try reference.expect(
      gradient.channelsFirst, "tv_gradient.density_grid", tolerance: gradients)

    let upsampled = try reference.tensor("upsampled.feature_grid", as: Scalar.self).shape
    let resized = example.features.resized(to: SIMD3(upsampled[1], upsampled[2], upsampled[3]))
    try reference.expect(resized.channelsFirst, "upsampled.feature_grid", tolerance: values)

    let alpha = density.values.voxelOpacity(shift: try example.shift(0), interval: 1).value
    let opacities = VoxelGrid(values: alpha, extents: density.extents, box: example.box)
    try reference.expect(opacities.channelsFirst, "alpha_grid", tolerance: values)
    let pooled = opacities.maximumOfNeighbours()
    try reference.expect(pooled.channelsFirst, "pooled_alpha", tolerance: values)
    let threshold = try reference.tensor("mask_threshold", as: Double.self).elements[0]
    let mask = try reference.tensor("mask", as: Double.self).elements
    let exact = try reference.tensor("pooled_alpha", as: Double.self).elements
    // Some values are so near to the threshold that single precision cannot tell them apart.
    let isClear = exact.map {
      Scalar.self == Double.self || abs($0 - threshold) > 1e-4 * threshold
    }
    let found = pooled.channelsFirst.elements.map { Double($0) > threshold }
    #expect(isClear.count { $0 } > mask.count / 2)
    #expect(mask.indices.allSatisfy { !isClear[$0] || found[$0] == (mask[$0] > 0) })
  }

  @Test func wholeGridsAreTheReferences() throws {
    try checkWholeGrids(Double.self, values: 1e-12, gradients: 1e-10)
    try checkWholeGrids(Float.self, values: 2e-5, gradients: 1e-4)
  }

  @Test func theShiftIsTheReferences() throws {
    let reference = try FieldReference<Settings>("dense-grid")
    let shifts = try reference.tensor("alpha_init", as: Double.self).elements.map {
      voxelDensityShift(initialOpacity: $0)
    }
    try reference.expect(Tensor(shifts), "activation_shift", tolerance: 1e-12)
  }

  private static func small(channels: Int = 2) -> VoxelGrid<Double> {
    var generator = SeededGenerator(seed: 1)
    return VoxelGrid(
      values: .normal(shape: [24, channels], using: &generator), extents: SIMD3(2, 3, 4),
      box: BoundingBox(lower: SIMD3(-1, 0, 0), upper: SIMD3(1, 1, 2)))
  }

  /// Inside, near a side and outside.
  private static let points = Tensor<Double>([
    [0.137, 0.31, 0.73], [-0.551, 0.913, 1.57], [1.317, 0.271, 0.37], [0.1, 1.2, -0.3],
    [4, 5, 6],
  ])

  @Test func derivatives() {
    #expect(checkDerivatives(of: Self.small(), at: Self.points, step: 2e-4) == [])
  }

  @Test func gradientsOfSamplesHaveFactors() throws {
    let gradients = try TiledEvaluation(of: Self.small()).perSampleGradients(for: Self.points)
    #expect(gradients.explicit == nil && gradients.factored.count == 1)
  }

  @Test func derivativesOfOpacity() {
    let densities = Tensor<Double>([[-9], [-0.7], [0.2], [3], [14]])
    let findings = checkDerivatives(at: [densities]) {
      $0[0].voxelOpacity(shift: -1.5, interval: 0.5)
    }
    #expect(findings == [])
    // No overflow, and no loss of a small density.
    let extreme = Variable(Tensor<Float>([-200, -30, 120, 3e38])).voxelOpacity(
      shift: -13.8, interval: 0.5)
    #expect(extreme.value.elements == [0, 0, 1, 1])
  }

  @Test func derivativesOfTotalVariation() {
    let grid = Self.small()
    // Differences on both sides of the bound, and none near it.
    let findings = checkDerivatives(at: [grid.values.value], step: 1e-5, checksSecondOrder: false) {
      grid.replacing($0[0]).totalVariation(bound: 0.75)
    }
    #expect(findings == [])
    let touched = Tensor<Double>(
      (0..<48).map { $0 % 5 == 0 ? 0 : -0.5 }, shape: grid.values.shape)
    let all = grid.totalVariationGradient()
    let some = grid.totalVariationGradient(whereNonzero: touched)
    for place in 0..<48 {
      #expect(some.elements[place] == (place % 5 == 0 ? 0 : all.elements[place]))
    }
  }

  @Test func resizingKeepsTheFieldWhereVerticesMeet() {
    let grid = Self.small()
    let finer = grid.resized(to: SIMD3(3, 5, 7))
    #expect(
      finer(Variable(Self.points.slice(0..<2))).value.isApproximatelyEqual(
        to: grid(Variable(Self.points.slice(0..<2))).value, relativeTolerance: 1e-13))
    #expect(
      finer.resized(to: grid.extents).values.value.isApproximatelyEqual(
        to: grid.values.value, relativeTolerance: 1e-13))
    let single = grid.resized(to: SIMD3(1, 3, 4))
    #expect(single.values.value == grid.values.value.slice(0..<12))
    #expect(single.resized(to: grid.extents).values.value.slice(12..<24) == single.values.value)
  }

  @Test func numbersOfVoxels() {
    let cube = BoundingBox(lower: SIMD3(repeating: -1), upper: SIMD3(repeating: 1))
    #expect(VoxelGrid<Float>.extents(of: cube, voxels: 100 * 100 * 100) == SIMD3(100, 100, 100))
    let long = BoundingBox(lower: .zero, upper: SIMD3(4, 1, 2))
    let extents = VoxelGrid<Float>.extents(of: long, voxels: 8000)
    #expect(extents == SIMD3(40, 10, 20))
    #expect(abs(VoxelGrid<Float>.voxelSide(of: long, voxels: 8000) - 0.1) < 1e-12)
  }

  @Test func aGridOfOneRepeatedNumber() {
    let grid = VoxelGrid<Float>(
      repeating: 3, channels: 2, extents: SIMD3(2, 2, 2), box: .symmetricUnit)
    let inside = grid(Variable(Tensor<Float>([0.3, -0.2, 0.9], shape: [1, 3]))).value
    #expect(inside.isApproximatelyEqual(to: Tensor<Float>([[3, 3]]), relativeTolerance: 1e-6))
    #expect(grid(Variable(Tensor<Float>(zeros: [0, 3]))).shape == [0, 2])
  }
}

extension VoxelGrid {
  /// The grid with other values.
  fileprivate func replacing(_ values: Variable<Scalar>) -> VoxelGrid {
    var copy = self
    copy.values = values
    return copy
  }
}
