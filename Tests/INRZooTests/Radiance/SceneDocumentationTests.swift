import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article "Fitting a scene", compiled and run; see `DocumentationTests`.
@Suite struct SceneDocumentationTests {
  @Test func fittingAScene() throws {
    let scene = try ProceduralScene.scene(resolution: 24, trainingViews: 8, testViews: 1)

    let cells =
      try scene.hull(cellSide: 0.1) ?? OccupancyGrid(box: scene.box, extents: SIMD3(24, 24, 24))
    let renderer = MarchingRenderer(
      SparseVoxelField<Float>(cells: cells), occupancy: cells,
      MarchingRenderer<SparseVoxelField<Float>>.Settings(step: 0.05))

    var drawing = RayDrawing()
    drawing.count = 512
    drawing.background = .random
    var rays = RayBatches<Float>(of: scene, drawing, noiseColumns: renderer.noiseColumns)

    var trainer = try Trainer(
      renderer, optimizer: Adam(learningRate: 0.1, secondDecay: 0.99), loss: renderer.loss)
    for _ in 0..<40 { try trainer.advance(on: rays.nextBatch()) }

    let view = scene.test[0]
    let seen = try trainer.model.view(from: view.camera, over: [1, 1, 1])
    let psnr = peakSignalToNoiseRatio(of: seen.colors, against: view.values(over: [1, 1, 1]))
    #expect(psnr > 15 && seen.distance.shape == [24, 24])

    var sizes = RadianceNetwork<Float>.Settings(depth: 4, width: 32, skip: nil)
    sizes.density = .softplus(shift: -3)
    var generator = SeededGenerator(seed: 1)
    var nerf = HierarchicalRenderer(
      coarse: RadianceNetwork<Float>(sizes, using: &generator),
      fine: RadianceNetwork<Float>(sizes, using: &generator),
      sampling: StratifiedSampling(near: scene.near, far: scene.far, count: 8), fineSamples: 8)
    nerf.kernelReading = .ray
    drawing.blockSide = 4
    var blocks = RayBatches<Float>(of: scene, drawing, noiseColumns: nerf.noiseColumns)
    var adjusted = try Trainer(
      nerf, optimizer: Adam(learningRate: 5e-3), adjuster: InductiveGradientAdjuster(end: 5),
      loss: nerf.loss)
    try adjusted.advance(on: blocks.nextBatch())
    #expect(adjusted.step == 1)
  }
}
