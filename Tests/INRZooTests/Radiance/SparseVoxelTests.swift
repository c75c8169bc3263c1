import AutoDiff
import INRZoo
import TensorKit
import Testing

/// Sparse voxels, and the renderer that steps through occupied cells, against what they leave out.
@Suite struct SparseVoxelTests {
  private static let box = BoundingBox(lower: SIMD3(-1, -1, 0), upper: SIMD3(1, 2, 1))

  /// A field with random tables in some of 4 x 6 x 2 cells.
  private static func field(
    densities: ClosedRange<Double> = -1...1, where isOccupied: (SIMD3<Double>) -> Bool
  ) -> SparseVoxelField<Double> {
    var generator = SeededGenerator(seed: 3)
    let cells = OccupancyGrid(box: box, extents: SIMD3(4, 6, 2), where: isOccupied)
    var field = SparseVoxelField<Double>(cells: cells, degree: 1)
    var visitor = ModuleVisitor<Double>(onParameter: { name, _, parameter, _ in
      parameter = Variable(
        .uniform(
          over: name == "density" ? densities : -1...1, shape: parameter.shape,
          using: &generator))
    })
    field.visit(&visitor)
    return field
  }

  private static func points(_ count: Int) -> Tensor<Double> {
    var generator = SeededGenerator(seed: 5)
    let unit = Tensor<Double>.uniform(over: 0...1, shape: [count, 3], using: &generator)
    return unit * Tensor([2, 3, 1]) + Tensor([-1, -1, 0])
  }

  @Test func derivatives() {
    let field = Self.field { $0.x < 0 }
    #expect(field.vertexCount < 5 * 7 * 3)
    let points = Tensor<Double>([
      [-0.637, 0.313, 0.721], [-0.233, 1.417, 0.181], [-0.877, -0.551, 0.453],
    ])
    let directions = Tensor<Double>([[1, 2, 2], [2, -1, 2], [-2, 2, 1]]) / 3
    let findings = checkDerivatives(
      of: field, at: .concatenated([points, directions], alongAxis: 1), step: 1e-4,
      checksSecondOrder: false)
    #expect(findings.isEmpty, "\(findings)")
  }

  /// Voxels of half the side hold the same function, as long as none is left out.
  @Test func smallerVoxelsHoldTheSameFunction() throws {
    let field = Self.field(densities: 2...4) { _ in true }
    let finer = field.refined(to: 0.25)
    #expect(finer.vertexCount == 9 * 13 * 5)
    let directions = Tensor<Double>(repeating: 1 / 3.0.squareRoot(), shape: [50, 3])
    let rows = Variable(Tensor.concatenated([Self.points(50), directions], alongAxis: 1))
    #expect(finer(rows).value.isApproximatelyEqual(to: field(rows).value, relativeTolerance: 1e-12))
    let again = field.refined(to: 1e9)
    #expect(again.vertexCount == 8 && again(rows).value.isFinite)
  }

  @Test func transparentVoxelsAreLeftOut() {
    // Only one end of the box is opaque.
    var field = Self.field { _ in true }
    let vertices = field.vertexCount
    var visitor = ModuleVisitor<Double>(onParameter: { name, _, parameter, _ in
      guard name == "density" else { return }
      // Vertices are numbered with x slowest: the first 7 x 3 have the smallest x.
      parameter = Variable(
        Tensor((0..<vertices).map { $0 < 21 ? 5.0 : -40 }).reshaped(to: [vertices, 1]))
    })
    field.visit(&visitor)
    let finer = field.refined(to: 0.25)
    // The opaque cells and their neighbours: half of the box.
    #expect(abs(finer.cells.box.upper.x) < 1e-12 && finer.cells.box.lower.x == -1)
    var (occupancy, step) = (field.cells, 0.1)
    #expect(field.refine(beforeStep: 7, share: 0.5, occupancy: &occupancy, step: &step) == .nothing)
    var staged = SparseVoxelField<Double>(
      cells: field.cells, stages: [.init(afterShare: 0.5, voxelSide: 0.25)])
    #expect(
      staged.refine(beforeStep: 7, share: 0.4, occupancy: &occupancy, step: &step) == .nothing)
    var counted = SparseVoxelField<Double>(
      cells: field.cells, stages: [.init(afterShare: 1, orSteps: 8, voxelSide: 0.25)])
    for (index, change) in [(7, RendererChange.nothing), (8, .parameters), (9, .nothing)] {
      var (occupancy, step) = (counted.cells, 0.1)
      #expect(
        counted.refine(beforeStep: index, share: 0.4, occupancy: &occupancy, step: &step) == change)
    }
    #expect(
      staged.refine(beforeStep: 7, share: 0.5, occupancy: &occupancy, step: &step) == .parameters)
    #expect(occupancy == staged.cells && step < 0.06)
  }

  // MARK: - Marching

  private static func rays(_ count: Int) -> Tensor<Double> {
    var generator = SeededGenerator(seed: 9)
    let origins =
      Tensor<Double>.uniform(over: -0.3...0.3, shape: [count, 3], using: &generator)
      + Tensor([-4, 0.5, 0.5])
    var directions =
      Tensor<Double>.uniform(over: -0.2...0.2, shape: [count, 3], using: &generator)
      + Tensor([2, 0, 0])
    // The first ray misses.
    directions[0, 0] = -2
    return RayColumns.rows(
      Rays(origins: origins, directions: directions),
      background: Tensor([0.2, 0.4, 0.6], shape: [1, 3]),
      noise: .uniform(over: 0...1, shape: [count, 1], using: &generator))
  }

  @Test func whatIsHiddenOrDimIsLeftOutAlone() {
    let field = Self.field(densities: 8...11) { $0.y < 1.2 }
    var settings = MarchingRenderer<SparseVoxelField<Double>>.Settings(step: 0.02)
    settings.leastTransmittance = 1e-2
    settings.distortion = 0.5
    settings.opacityEntropy = 0.25
    let renderer = MarchingRenderer(field, occupancy: field.cells, settings)
    #expect(renderer.termWeights == [0.5, 0.25])
    let input = Self.rays(12)
    let outputs = renderer(Variable(input)).value
    #expect(outputs.shape == [12, 5])

    let origins = input.slice(0..<3, alongAxis: 1)
    let directions = input.slice(3..<6, alongAxis: 1)
    let lengths = directions.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
    let (bounds, places) = field.cells.samples(
      alongRaysFrom: origins, directions: directions / lengths, step: 0.02,
      jitter: input.slice(9..<10, alongAxis: 1))
    let all = RaySamples<Double>(
      bounds: bounds,
      distances: Tensor(places).reshaped(to: [-1, 1]) / lengths.rowsRepeated(bounds: bounds),
      intervals: Tensor(repeating: 0.02, shape: [places.count, 1]))
    func density(_ samples: RaySamples<Double>) -> Variable<Double> {
      let points = samples.points(origins: Variable(origins), directions: Variable(directions))
      return field.densityActivation(field.densities(at: points).density)
    }
    let kept = all.indices(untilTransmittanceOf: density(all).value, isAtMost: 1e-2)
    #expect(kept.count < all.count / 2 && kept.count > 10 * 11)
    let samples = all.selecting(kept)
    let rendering = VolumeRendering(samples, density: density(samples))
    let points = samples.points(origins: Variable(origins), directions: Variable(directions))
    let colors = field.colors(
      of: field.densities(at: points).features, at: points,
      along: Variable(directions / lengths), bounds: samples.bounds
    ).sigmoid()
    let background = Variable(input.slice(6..<9, alongAxis: 1))
    let expected = Tensor.concatenated(
      [
        rendering.color(of: colors, over: background).value,
        Variable.distortionLoss(
          weights: rendering.weights, midpoints: Variable(samples.distances),
          intervals: Variable(samples.intervals), bounds: samples.bounds
        ).value,
        Variable.opacityLoss(rendering.opacity).value,
      ], alongAxis: 1)
    #expect(outputs.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
    #expect(outputs.slice(0..<1).elements.prefix(3) == [0.2, 0.4, 0.6])

    // Colours of dim samples count for as much as their weights.
    var dim = renderer
    dim.settings.leastWeight = 1e-2
    let difference = (dim(Variable(input)).value - outputs).absoluteValue().largest()
    #expect(difference > 0 && difference < 0.1)
  }

  @Test func nothingIsSeenOfAnEmptyGrid() throws {
    let field = Self.field { _ in true }
    let empty = OccupancyGrid(box: Self.box, extents: SIMD3(4, 5, 3), isOccupied: false)
    let renderer = MarchingRenderer(
      field, occupancy: empty, MarchingRenderer<SparseVoxelField<Double>>.Settings(step: 0.1))
    let rays = Self.rays(7)
    let evaluation = TiledEvaluation(of: renderer)
    #expect(try evaluation.outputs(for: rays) == rays.slice(6..<9, alongAxis: 1))
    let gradient = try evaluation.pullback(of: Tensor(repeating: 1, shape: [7, 3]), for: rays)
    #expect(gradient.values.elements.allSatisfy { $0 == 0 })
  }
}
