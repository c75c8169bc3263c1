import AutoDiff
import TensorKit
import Testing

@testable import INRZoo

/// Radiance fields on grids: a hash grid with two networks, and voxels with one or none.
@Suite struct RadianceGridTests {
  private static let box = BoundingBox(lower: SIMD3(-1, -1, 0), upper: SIMD3(1, 2, 1))

  private static func smallHashField() -> HashField<Double> {
    var generator = SeededGenerator(seed: 3)
    var settings = HashField<Double>.Settings(
      grid: HashGridSettings(
        levels: 2, features: 1, log2RowsPerLevel: 3, coarsestResolution: 2, growth: 2))
    (settings.width, settings.features, settings.degree) = (4, 3, 1)
    var field = HashField<Double>(settings, box: box, using: &generator)
    // Features of the size of the weights, so that rectifiers differ among points.
    field.encoding = HashGrid(
      settings.grid, box: box,
      table: .normal(shape: field.encoding.table.shape, using: &generator))
    return field
  }

  private static func smallVoxelField() -> VoxelField<Double> {
    var generator = SeededGenerator(seed: 4)
    var field = VoxelField<Double>.fine(
      box: box, voxels: 60, finalVoxels: 100, channels: 2, width: 3, frequencies: 1,
      using: &generator)
    var visitor = ModuleVisitor<Double>(onParameter: { name, _, parameter, _ in
      guard name.hasSuffix("grid") else { return }
      parameter = Variable(.normal(shape: parameter.shape, using: &generator))
    })
    field.visit(&visitor)
    return field
  }

  /// Points in the box with unit directions.
  private static let rows: Tensor<Double> = {
    let points = Tensor<Double>([
      [0.137, 0.313, 0.721], [-0.633, 1.417, 0.181], [0.777, -0.551, 0.453],
    ])
    let directions = Tensor<Double>([[1, 2, 2], [2, -1, 2], [-2, 2, 1]]) / 3
    return .concatenated([points, directions], alongAxis: 1)
  }()

  @Test func derivativesOfAHashField() {
    let findings = checkDerivatives(
      of: Self.smallHashField(), at: Self.rows, step: 1e-4, checksSecondOrder: false)
    #expect(findings.isEmpty, "\(findings)")
  }

  @Test func derivativesOfAVoxelField() {
    let findings = checkDerivatives(
      of: Self.smallVoxelField(), at: Self.rows, step: 1e-4, checksSecondOrder: false)
    #expect(findings.isEmpty, "\(findings)")
  }

  @Test func gradientsOfSamplesHaveFactors() throws {
    let hash = try TiledEvaluation(of: Self.smallHashField()).perSampleGradients(for: Self.rows)
    #expect(hash.explicit == nil)
    let voxels = try TiledEvaluation(of: Self.smallVoxelField()).perSampleGradients(for: Self.rows)
    #expect(voxels.explicit == nil)
  }

  @Test func aHashFieldIsItsParts() {
    let field = Self.smallHashField()
    let (points, directions) = (
      Self.rows.slice(0..<3, alongAxis: 1), Self.rows.slice(3..<6, alongAxis: 1)
    )
    func layer(_ input: Tensor<Double>, _ layer: Linear<Double>) -> Tensor<Double> {
      .matrixProduct(input, layer.weight.value, transposingRight: true)
    }
    let encoded = field.encoding(Variable(points)).value
    let features = layer(layer(encoded, field.densityLayers[0]).rectified(), field.densityLayers[1])
    let seen = SphericalHarmonics<Double>(degree: 1)(Variable(directions)).value
    var hidden = Tensor.concatenated([seen, features], alongAxis: 1)
    for index in 0..<2 { hidden = layer(hidden, field.colorLayers[index]).rectified() }
    let expected = Tensor.concatenated(
      [layer(hidden, field.colorLayers[2]), features.slice(0..<1, alongAxis: 1)], alongAxis: 1)
    #expect(
      field(Variable(Self.rows)).value.isApproximatelyEqual(to: expected, relativeTolerance: 1e-13))
  }

  @Test func publishedSizes() {
    var generator = SeededGenerator(seed: 1)
    let grid = HashGridSettings.fitting(pixels: 160)
    var settings = HashField<Float>.Settings(grid: grid)
    let hash = HashField<Float>(settings, box: Self.box, using: &generator)
    let weights = hash.parameterLayout.entries.filter { $0.name.hasSuffix("weight") }
    #expect(weights.map(\.shape) == [[64, 16], [16, 64], [64, 32], [64, 64], [3, 64]])
    #expect(hash.parameterLayout.entries.first?.name == "encoder.table")
    settings.grid = .ngpPyTorch
    #expect(settings.grid.outputs * 64 + 64 * 16 + 32 * 64 + 64 * 64 + 64 * 3 == 9408)
    for layer in hash.densityLayers + hash.colorLayers {
      let bound = (6 / Float(layer.inputs + (layer.outputs == 3 ? 16 : layer.outputs))).squareRoot()
      let largest = layer.weight.value.absoluteValue().largest()
      #expect(largest <= bound && largest > 0.9 * bound && layer.bias == nil)
    }

    let fine = VoxelField<Float>.fine(box: Self.box, voxels: 1000, using: &generator)
    let network = fine.parameterLayout.entries.filter { $0.name.hasPrefix("rgbnet") }
    #expect(network.reduce(0) { $0 + $1.count } == 22_019)
    #expect(fine.colorLayers[2].bias?.value == Tensor(zeros: [3]))
    #expect(fine.parameterLayout.entries.prefix(2).map(\.role) == [.table, .table])
    #expect(fine.parameterLayout.entries.prefix(2).map(\.name) == ["density.grid", "k0.grid"])
    // Alpha of a step of half a voxel at the start of training.
    let (density, _) = fine.densities(at: Variable(Tensor<Float>([0, 0, 0.5], shape: [1, 3])))
    let activated = fine.densityActivation(density).scalar
    let opacity = 1 - Variable(Tensor<Float>(-activated * Float(fine.unit))).exponential().scalar
    #expect(abs(opacity - 0.01) < 1e-6)
  }

  @Test func coarseColorsAreTheGrids() {
    let coarse = VoxelField<Float>.coarse(box: Self.box, voxels: 500)
    #expect(coarse.parameterLayout.entries.map(\.name) == ["density.grid", "k0.grid"])
    let outputs = coarse(Variable(Tensor<Float>(Self.rows))).value
    #expect(outputs == Tensor(zeros: [3, 4]))
    #expect(coarse.opacities.values.value.elements.allSatisfy { abs($0 - 1e-6) < 1e-7 })
  }

  @Test func refiningKeepsWhatIsSeen() {
    let field = Self.smallVoxelField()
    let finer = field.resized(voxels: 700, shiftDecay: 1)
    #expect(finer.density.extents.x > field.density.extents.x)
    #expect(finer.shift == field.shift - 1 && finer.unit == field.unit)
    #expect(finer.features.extents == finer.density.extents)
    let vertex = Variable(Tensor<Double>([-1, 2, 0], shape: [1, 3]))
    #expect(
      finer.densities(at: vertex).features.value.isApproximatelyEqual(
        to: field.densities(at: vertex).features.value, relativeTolerance: 1e-12))
  }

  @Test func gridsBecomeFinerInTraining() {
    var field = Self.smallVoxelField()
    field.stages = VoxelField<Double>.Stage.doubling(to: 48_100)
    #expect(field.stages.map(\.voxels) == [6012, 12_025, 24_050, 48_100])
    let former = field.density.extents
    var occupancy = OccupancyGrid(box: Self.box, extents: SIMD3(4, 6, 2)) { $0.x < 0 }
    var step = 0.1
    #expect(
      field.refine(beforeStep: 7, share: 0.04, occupancy: &occupancy, step: &step) == .nothing)
    #expect(field.density.extents == former && step == 0.1)
    #expect(
      field.refine(beforeStep: 7, share: 0.05, occupancy: &occupancy, step: &step) == .parameters)
    #expect(field.density.extents == SIMD3(20, 30, 10) && field.stages.count == 3)
    #expect(occupancy.extents == SIMD3(19, 29, 9))
    #expect(!occupancy.isOccupied(at: SIMD3(0.3, 0, 0.5)))
    #expect(occupancy.isOccupied(at: SIMD3(-0.3, 0, 0.5)))
    #expect(step < 0.1 * 0.4)
  }
}
