import TensorKit

extension TriangleMesh {
  /// The surface at which samples of a function cross a level, by marching cubes.
  ///
  /// Samples above the level are inside, and the triangles run counter-clockwise as seen from outside. Vertices
  /// lie on the segments between neighbouring samples, where a linear function would cross the level, and each is
  /// there once. The surface is watertight, every edge belonging to exactly two triangles, save where it meets the
  /// box: see `closingBorders`. Where inside samples of a face lie at opposite corners only, they are kept apart. A
  /// sample at the level itself is outside, and makes triangles of no area. The mesh does not depend on threads.
  ///
  /// Source: W. Lorensen and H. Cline, "Marching cubes", SIGGRAPH 1987, with a rule for ambiguous faces.
  ///
  /// - Parameters:
  ///   - samples: In the order of a ``VoxelVolume``, all finite.
  ///   - grid: Where they lie.
  ///   - level: The level.
  ///   - closingBorders: Whether the solid ends at the box's faces, as if all were outside beyond them. Otherwise
  ///     a surface that meets them stays open. Caps lie in the faces, with triangles of no area along the box's
  ///     edges.
  ///   - workers: What computes runs of layers.
  /// - Throws: ``IsosurfaceError``.
  public static func isosurface(
    of samples: [Float], grid: SampleGrid, level: Double = 0, closingBorders: Bool = false,
    workers: Workers = Workers()
  ) throws -> TriangleMesh {
    try isosurface(
      samples, LayerFrame(grid, closingBorders: closingBorders), level: level, workers: workers)
  }

  /// The surface at which samples in double precision cross a level, by marching cubes.
  ///
  /// As the function of the same name for samples in single precision.
  public static func isosurface(
    of samples: [Double], grid: SampleGrid, level: Double = 0, closingBorders: Bool = false,
    workers: Workers = Workers()
  ) throws -> TriangleMesh {
    try isosurface(
      samples, LayerFrame(grid, closingBorders: closingBorders), level: level, workers: workers)
  }

  /// The surface at which a function crosses a level, whose samples are computed layer by layer.
  ///
  /// Two layers are held at a time, so that a grid may have more samples than memory. Otherwise as
  /// the function for samples that are there.
  ///
  /// - Parameters:
  ///   - grid: Where the samples lie.
  ///   - level: The level.
  ///   - closingBorders: Whether the solid ends at the box's faces.
  ///   - samples: Returns the samples of a layer, given its number along the first axis, the last axis running
  ///     fastest. It is called once for each layer, in order.
  /// - Throws: ``IsosurfaceError``, and what `samples` throws.
  public static func isosurface(
    grid: SampleGrid, level: Double = 0, closingBorders: Bool = false,
    samples: (_ layer: Int) throws -> [Float]
  ) throws -> TriangleMesh {
    let frame = LayerFrame(grid, closingBorders: closingBorders)
    var extraction = SurfaceExtraction(coordinates: frame.coordinates, level: level)
    for number in frame.layers {
      try extraction.add(layer: number) { target in
        guard let layer = frame.gridLayer(number) else {
          return frame.fillOutside(target, level: level)
        }
        let values = try samples(layer)
        precondition(
          values.count == frame.layerCount,
          "\(values.count) samples of a layer of \(grid.extents[1]) x \(grid.extents[2])")
        try values.withUnsafeBufferPointer {
          try frame.fill(target, from: $0, layer: layer, level: level)
        }
      }
    }
    return TriangleMesh(unchecked: extraction.vertices, extraction.triangles)
  }

  private static func isosurface<Scalar: TensorScalar>(
    _ samples: [Scalar], _ frame: LayerFrame, level: Double, workers: Workers
  ) throws -> TriangleMesh {
    precondition(
      samples.count == frame.grid.count,
      "\(samples.count) samples of a grid of the extents \(frame.grid.extents)")
    precondition(level.isFinite, "a surface at the level \(level)")
    let slabs = frame.layers.count - 1
    // Pieces share a layer, whose vertices belong to the later one.
    let thickness = 16
    let pieces = max(1, (slabs + thickness - 1) / thickness)
    let parts = try workers.map(pieces) { piece in
      let first = piece * thickness
      let last = min(first + thickness, slabs)
      var extraction = SurfaceExtraction(coordinates: frame.coordinates, level: level)
      try samples.withUnsafeBufferPointer { samples in
        for number in first...max(first, last) where number < frame.layers.count {
          try extraction.add(layer: number) { target in
            guard let layer = frame.gridLayer(number) else {
              return frame.fillOutside(target, level: level)
            }
            let start = layer * frame.layerCount
            try frame.fill(
              target,
              from: UnsafeBufferPointer(rebasing: samples[start..<(start + frame.layerCount)]),
              layer: layer, level: level)
          }
        }
      }
      return extraction
    }
    var (vertices, triangles): ([SIMD3<Double>], [SIMD3<Int32>]) = ([], [])
    vertices.reserveCapacity(parts.reduce(0) { $0 + $1.vertices.count })
    triangles.reserveCapacity(parts.reduce(0) { $0 + $1.triangles.count })
    for (piece, part) in parts.enumerated() {
      let offset = Int32(vertices.count)
      triangles.append(contentsOf: part.triangles.lazy.map { $0 &+ offset })
      // The next piece begins with the vertices of the layer that both have.
      vertices += part.vertices.dropLast(piece + 1 < pieces ? part.latestLayerVertexCount : 0)
    }
    return TriangleMesh(unchecked: vertices, triangles)
  }
}

/// The layers of a grid, with a border of outside samples around them if the surface is to be closed.
private struct LayerFrame: Sendable {
  let grid: SampleGrid
  /// How many samples the border has on each side: 0 or 1.
  let border: Int
  /// The coordinates along each axis, those of the border being the faces' again.
  let coordinates: [[Double]]

  init(_ grid: SampleGrid, closingBorders: Bool) {
    self.grid = grid
    border = closingBorders && grid.count > 0 ? 1 : 0
    let border = border
    coordinates = (0..<3).map { axis in
      let inner = grid.coordinates(along: axis)
      guard border == 1, let first = inner.first, let last = inner.last else { return inner }
      return [first] + inner + [last]
    }
  }

  /// How many samples a layer of the grid has.
  var layerCount: Int { grid.extents[1] * grid.extents[2] }

  /// All layers; none if the grid is empty.
  var layers: Range<Int> { 0..<(grid.count == 0 ? 0 : coordinates[0].count) }

  /// The grid's layer, nil for one of the border.
  func gridLayer(_ number: Int) -> Int? {
    let layer = number - border
    return (0..<grid.extents[0]).contains(layer) ? layer : nil
  }

  /// A sample beyond the border.
  ///
  /// Where exactly the level is crossed towards it does not matter, as that edge has no length.
  private func outside(_ level: Double) -> Double { level - max(1, level.magnitude) }

  func fillOutside(_ target: UnsafeMutablePointer<Double>, level: Double) {
    target.update(
      repeating: outside(level), count: coordinates[1].count * coordinates[2].count)
  }

  /// Writes a layer's samples, with the border.
  func fill<Scalar: TensorScalar>(
    _ target: UnsafeMutablePointer<Double>, from samples: UnsafeBufferPointer<Scalar>, layer: Int,
    level: Double
  ) throws {
    if border == 1 { fillOutside(target, level: level) }
    let columns = grid.extents[2]
    // The product of 0 and a number is 0, and not a number for the others.
    var check = 0.0
    for row in 0..<grid.extents[1] {
      let start = target + ((row + border) * coordinates[2].count + border)
      for column in 0..<columns {
        let value = Double(samples[row * columns + column])
        start[column] = value
        check += value * 0
      }
    }
    guard check.isNaN else { return }
    for index in samples.indices where !Double(samples[index]).isFinite {
      throw IsosurfaceError.sampleIsNotFinite(
        value: Double(samples[index]), place: [layer, index / columns, index % columns])
    }
  }
}
