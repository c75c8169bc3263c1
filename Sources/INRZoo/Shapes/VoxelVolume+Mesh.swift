import TensorKit

extension VoxelVolume {
  /// The solid inside a mesh: 255 where the winding number is above 0.5, and 0 elsewhere.
  ///
  /// Small holes are tolerated: the surface is closed where half of the directions are blocked. Voxels lie as in a
  /// ``SampleGrid``, the outermost at the box's faces.
  ///
  /// - Parameters:
  ///   - mesh: The mesh, whose coordinates are finite.
  ///   - extents: The number of voxels along each axis.
  ///   - box: The box.
  ///   - workers: What computes blocks of voxels.
  public init(
    inside mesh: TriangleMesh, extents: [Int], box: BoundingBox = .symmetricUnit,
    workers: Workers = Workers()
  ) {
    self.init(
      inside: TriangleSearch(mesh, workers: workers), extents: extents, box: box, workers: workers)
  }

  /// The solid inside a mesh that a search was prepared for.
  public init(
    inside search: TriangleSearch, extents: [Int], box: BoundingBox = .symmetricUnit,
    workers: Workers = Workers()
  ) {
    let grid = SampleGrid(extents: extents, box: box)
    self.init(
      extents: extents, values: search.insideValues(at: grid, workers: workers))
  }
}
