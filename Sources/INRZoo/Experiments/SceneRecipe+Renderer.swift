import AutoDiff
import TensorKit

extension SceneRecipe {
  /// A renderer of the field for a scene, with its initial weights.
  ///
  /// Fields other than `nerf` are followed where the silhouettes of the pictures leave something, or, without
  /// silhouettes, wherever a camera looks.
  ///
  /// - Parameters:
  ///   - scene: The scene.
  ///   - generator: Draws the weights.
  ///   - workers: The threads that share the work.
  ///   - type: The type of numbers.
  /// - Throws: What the workers throw.
  public func renderer<Scalar: TensorScalar>(
    of scene: PosedScene, using generator: inout SeededGenerator, workers: Workers,
    _ type: Scalar.Type = Scalar.self
  ) throws -> any RayRenderer<Scalar> {
    switch field {
    case .nerf:
      var settings = RadianceNetwork<Scalar>.Settings(
        depth: network.depth, width: network.width, skip: network.skip,
        pointFrequencies: network.pointFrequencies,
        directionFrequencies: network.directionFrequencies)
      settings.density = network.density
      let bounds = try bounds(of: scene, workers: workers)
      let coarse = RadianceNetwork<Scalar>(settings, using: &generator)
      let fine = RadianceNetwork<Scalar>(settings, using: &generator)
      let (near, far) = (near ?? bounds.near, far ?? bounds.far)
      var renderer = HierarchicalRenderer(
        coarse: coarse, fine: fine,
        sampling: StratifiedSampling(near: near, far: far, count: sampling.coarse),
        fineSamples: sampling.fine)
      renderer.kernelReading = kernel
      if !closesRays {
        renderer.lastInterval = Scalar((far - near) / Double(sampling.coarse))
      }
      return renderer
    case .grid:
      let sides = voxelSides(for: scene)
      let cells = try occupancy(of: scene, cellSide: sides[0], workers: workers)
      let stages = zip(zip(voxels.shares, voxels.steps), sides.dropFirst()).map { end, side in
        SparseVoxelField<Scalar>.Stage(afterShare: end.0, orSteps: end.1, voxelSide: side)
      }
      let field = SparseVoxelField<Scalar>(cells: cells, degree: voxels.degree, stages: stages)
      return MarchingRenderer(
        field, occupancy: field.cells, marchingSettings(step: voxels.step * sides[0], scene))
    case .ngp:
      let cellSide = scene.longestSide / Double(marching.cells)
      let occupancy = try occupancy(of: scene, cellSide: cellSide, workers: workers)
      let grid = hash(for: scene)
      let field = HashField<Scalar>(
        HashField<Scalar>.Settings(grid: grid), box: scene.box, using: &generator)
      let step = scene.longestSide / stepsPerSide(for: scene)
      var settings: MarchingRenderer<HashField<Scalar>>.Settings = marchingSettings(
        step: step, scene)
      var rule = OccupancyRule.ngpPyTorch
      // The published threshold is meant for a box of side 1.
      rule.limit /= scene.longestSide
      settings.occupancyRule = rule
      return MarchingRenderer(field, occupancy: occupancy, settings)
    case .voxels:
      let cellSide = scene.longestSide / Double(marching.cells)
      let occupancy = try occupancy(of: scene, cellSide: cellSide, workers: workers)
      let box = occupancy.occupiedBox ?? scene.box
      let final = dense.finalVoxels ?? Self.vertices(in: box, side: 1.5 * scene.pixelFootprint)
      let start = max(final >> dense.doublings.count, 8)
      var field = VoxelField<Scalar>.fine(
        box: box, voxels: start, finalVoxels: final, channels: dense.channels, width: dense.width,
        using: &generator)
      field.stages = dense.doublings.enumerated().map { index, share in
        VoxelField<Scalar>.Stage(
          afterShare: share, voxels: max(final >> (dense.doublings.count - 1 - index), 8))
      }
      // The step becomes shorter with the voxels.
      let side = VoxelGrid<Scalar>.voxelSide(of: box, voxels: start)
      return MarchingRenderer(
        field, occupancy: occupancy, marchingSettings(step: dense.step * side, scene))
    }
  }

  /// Between which distances `nerf` samples rays: where the box of what silhouettes leave begins and ends, if rays
  /// beside them are left out, and else where the scene does.
  func bounds(of scene: PosedScene, workers: Workers) throws -> (near: Double, far: Double) {
    let whole = (near: scene.near, far: scene.far)
    guard emptyPixelStride != 1,
      let box = try scene.hull(cellSide: scene.longestSide / 64, workers: workers)?.occupiedBox
    else { return whole }
    let corners = (0..<8).map { corner in
      SIMD3(
        corner & 1 == 0 ? box.lower.x : box.upper.x, corner & 2 == 0 ? box.lower.y : box.upper.y,
        corner & 4 == 0 ? box.lower.z : box.upper.z)
    }
    // A depth is at most the distance, so that the box lies between the two.
    var (nearest, farthest) = (Double.infinity, 0.0)
    for view in scene.training {
      for corner in corners {
        let offset = corner - view.camera.pose.position
        nearest = min(nearest, -dot(offset, view.camera.pose.backward))
        farthest = max(farthest, length(offset))
      }
    }
    let bounds = (near: max(nearest, whole.near), far: min(farthest, whole.far))
    // What is open is kept within the scene's own bounds, and what is given stands.
    return (near ?? bounds.near) < (far ?? bounds.far) ? bounds : whole
  }

  /// Where silhouettes leave something; without them wherever a camera looks.
  func occupancy(
    of scene: PosedScene, cellSide: Double, workers: Workers
  ) throws -> OccupancyGrid {
    if let hull = try scene.hull(cellSide: cellSide, workers: workers) { return hull }
    var cells = OccupancyGrid(
      box: scene.box, extents: PosedScene.cells(in: scene.box, side: cellSide))
    cells.removeUnseen(by: scene.training.map(\.camera))
    return cells
  }

  /// The sides of the voxels of `grid`, from the first to the last.
  package func voxelSides(for scene: PosedScene) -> [Double] {
    let smallest = scene.pixelFootprint
    let sides = voxels.perSide.map { max(scene.longestSide / $0, smallest) }
    // Sizes that hardly differ are one.
    return (sides + [smallest]).reduce(into: []) { sides, side in
      if sides.last.map({ side < 0.8 * $0 }) ?? true { sides.append(side) }
    }
  }

  /// The hash grid, or one whose finest level is a pixel's footprint.
  func hash(for scene: PosedScene) -> HashGridSettings {
    let pixels = scene.longestSide / scene.pixelFootprint
    return hash ?? .fitting(pixels: Int(min(max(pixels.rounded(), 1), 0x1p20)))
  }

  /// How many steps of `ngp` a side of the box has; two for each pixel by default.
  func stepsPerSide(for scene: PosedScene) -> Double {
    marching.stepsPerSide ?? min(max(2 * scene.longestSide / scene.pixelFootprint, 32), 1024)
  }

  private static func vertices(in box: BoundingBox, side: Double) -> Int {
    let size = box.size / side
    return Int(min(max(size.x * size.y * size.z, 64), 160 * 160 * 160))
  }

  private func marchingSettings<Field>(
    step: Double, _ scene: PosedScene
  ) -> MarchingRenderer<Field>.Settings {
    var settings = MarchingRenderer<Field>.Settings(
      step: step, near: near ?? scene.near, far: far ?? scene.far)
    settings.leastTransmittance = marching.leastTransmittance
    settings.leastWeight = marching.leastWeight
    settings.distortion = marching.distortion
    settings.opacityEntropy = marching.opacityEntropy
    return settings
  }

  /// The rays of a scene's pictures as the recipe draws them.
  ///
  /// - Parameters:
  ///   - scene: The scene.
  ///   - noiseColumns: How many numbers a row has to draw samples with.
  ///   - seed: Seeds what is drawn.
  ///   - workers: The threads that share the work.
  ///   - type: The type of numbers.
  /// - Throws: What the workers throw.
  public func batches<Scalar: TensorScalar>(
    of scene: PosedScene, noiseColumns: Int, seed: UInt64, workers: Workers,
    _ type: Scalar.Type = Scalar.self
  ) throws -> RayBatches<Scalar> {
    guard emptyPixelStride != 1,
      let hull = try scene.hull(
        cellSide: scene.longestSide / Double(marching.cells), workers: workers)
    else {
      return RayBatches(of: scene, drawing, noiseColumns: noiseColumns, seed: seed)
    }
    let wanted = try scene.pixels(
      meeting: hull, drawing, otherwiseOneOf: emptyPixelStride, workers: workers)
    return RayBatches(of: scene, drawing, noiseColumns: noiseColumns, seed: seed) { view, pixel in
      wanted[view][pixel]
    }
  }
}
