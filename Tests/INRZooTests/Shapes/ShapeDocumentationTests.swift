import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article "Fitting a shape", compiled and run; see `DocumentationTests`.
@Suite struct ShapeDocumentationTests {
  @Test func fittingAShape() throws {
    let volume = try ProceduralShape.ridgedKnot.volume(extents: [32, 32, 32]).cropped()

    let signal = VolumeSignal<Float>(volume, groups: .blocks(8))
    var source = signal.batches(groupsPerBatch: 16, seed: 1)

    var generator = SeededGenerator(seed: 1)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 3, outputs: 1, width: 32, hiddenLayers: 1, using: &generator)
    var trainer = try Trainer(
      network, optimizer: Adam(learningRate: 3e-3),
      adjuster: BandEqualizer { NestedMeanBands(signal.nestedGroups(of: $0)) })
    for _ in 0..<(30 * source.stepsPerEpoch) { try trainer.advance(on: source.nextBatch()) }

    let grid = SampleGrid(extents: volume.extents)
    let outputs = try trainer.outputs(for: Tensor(grid.points))
    let surface = try TriangleMesh.isosurface(
      of: outputs.elements, grid: grid, level: 0.5, closingBorders: true)

    let mesh = TriangleMesh.sphere(radius: 0.4, subdivisions: 3)
    let distance = SignedDistance(of: mesh)
    var samples = SurfaceSamples<Float>(
      around: mesh.sampledSurface(count: 10_000, seed: 1).points
    ) { distance.values(at: $0) }
    samples.rowCount = 512
    let bands = BandEqualizer<Float> { NestedMeanBands($0.groups) }
    var fit = try Trainer(
      network, optimizer: Adam(learningRate: 1e-3, amsGrad: true),
      adjuster: ComposedAdjuster([bands, GradientClipping(norm: 1)]))
    for _ in 0..<10 { try fit.advance(on: samples.nextBatch()) }

    let comparison = SurfaceComparison(between: surface, and: mesh, samples: 1000)
    let chamfer = comparison.halfSumOfMeanDistances
    #expect(surface.boundaryEdgeCount == 0 && surface.volume > 0 && chamfer > 0)
  }
}
