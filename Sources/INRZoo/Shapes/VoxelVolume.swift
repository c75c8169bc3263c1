import TensorKit

/// A solid as a grid of voxels, one byte each.
///
/// Voxels are held in row-major order: the last axis runs fastest. A volume of 512³ voxels takes 134 MB.
///
/// ```swift
/// let volume = try VoxelVolume(contentsOf: "dragon.npy").cropped().downsampled(toLongestSide: 256)
/// print(volume.extents, volume.occupancy())
/// ```
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

  /// How far a voxel is filled, from 0 for outside to 255 for inside.
  ///
  /// - Precondition: The indices are within the extents.
  public subscript(first: Int, second: Int, third: Int) -> UInt8 {
    precondition(
      (0..<extents[0]).contains(first) && (0..<extents[1]).contains(second)
        && (0..<extents[2]).contains(third),
      "voxel [\(first), \(second), \(third)] of a volume of \(extents)")
    return values[(first * extents[1] + second) * extents[2] + third]
  }

  /// Returns the share of the voxels that are filled; 0 for a volume without voxels.
  ///
  /// - Parameter threshold: The value from which on a voxel counts as filled; a half by default.
  /// - Returns: A number from 0 to 1.
  public func occupancy(from threshold: UInt8 = 128) -> Double {
    if values.isEmpty { return 0 }
    let filled = values.withUnsafeBufferPointer { values in
      var filled = 0
      // The inner counts fit 32 bits, which are added several at a time.
      for start in stride(from: 0, to: values.count, by: 1 << 20) {
        var count: UInt32 = 0
        for index in start..<min(start + 1 << 20, values.count) {
          count &+= values[index] >= threshold ? 1 : 0
        }
        filled += Int(count)
      }
      return filled
    }
    return Double(filled) / Double(count)
  }
}
