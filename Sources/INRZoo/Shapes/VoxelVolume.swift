/// A solid as a grid of voxels, one byte each.
///
/// Voxels are held in row-major order: the last axis runs fastest. A volume of 512³ voxels takes 134 MB.
public struct VoxelVolume: Hashable, Sendable {
  /// The number of voxels along each of the three axes.
  public let extents: [Int]
  /// How far each voxel is filled, from 0 for outside to 255 for inside.
  public let values: [UInt8]

  /// A volume of some extents.
  ///
  /// - Precondition: There are three extents, none of them negative, and as many values as voxels.
  public init(extents: [Int], values: [UInt8]) {
    precondition(
      extents.count == 3 && extents.allSatisfy { $0 >= 0 }, "a volume of extents \(extents)")
    precondition(
      values.count == extents.reduce(1, *), "\(values.count) values for a volume of \(extents)")
    self.extents = extents
    self.values = values
  }

  /// The number of voxels.
  public var count: Int { values.count }
}
