import TensorKit

extension VoxelVolume {
  /// Which voxels are left by cropping to the filled ones.
  public enum Cropping: String, CaseIterable, Sendable {
    /// All of the bounding box.
    case inclusive
    /// The bounding box without its last slice along each axis.
    ///
    /// The released code of inductive gradient adjustment takes the largest index of a filled voxel as
    /// the end of a range, which does not include it; published numbers are of such volumes.
    case released
  }

  /// The least value of a filled voxel where a volume is cropped: what is more than 0.99 of full.
  public static let filledValue: UInt8 = 253

  /// The range of indices, along each axis, of the box around the voxels of ``filledValue`` or more.
  ///
  /// It is `nil` if no voxel is filled.
  public var filledBox: [Range<Int>]? {
    let (depth, rows, columns) = (extents[0], extents[1], extents[2])
    return values.withUnsafeBufferPointer { values -> [Range<Int>]? in
      // Whether any voxel of a slice is filled, along the second and the third axis.
      var ofRows = [Bool](repeating: false, count: rows)
      var ofColumns = [UInt8](repeating: 0, count: columns)
      var filledSlices: ClosedRange<Int>?
      for slice in 0..<depth {
        var isFilled = false
        for row in 0..<rows {
          let voxels = values[((slice * rows + row) * columns)...].prefix(columns)
          var largest: UInt8 = 0
          for value in voxels { largest = max(largest, value) }
          guard largest >= Self.filledValue else { continue }
          (isFilled, ofRows[row]) = (true, true)
          ofColumns.withUnsafeMutableBufferPointer { ofColumns in
            for column in 0..<columns {
              ofColumns[column] = max(ofColumns[column], voxels[voxels.startIndex + column])
            }
          }
        }
        if isFilled { filledSlices = (filledSlices?.lowerBound ?? slice)...slice }
      }
      guard let filledSlices, let firstRow = ofRows.firstIndex(of: true),
        let lastRow = ofRows.lastIndex(of: true),
        let firstColumn = ofColumns.firstIndex(where: { $0 >= Self.filledValue }),
        let lastColumn = ofColumns.lastIndex(where: { $0 >= Self.filledValue })
      else { return nil }
      return [Range(filledSlices), firstRow..<(lastRow + 1), firstColumn..<(lastColumn + 1)]
    }
  }

  /// Returns the part of the volume around the filled voxels.
  ///
  /// - Parameter cropping: Whether the last slices belong to it.
  /// - Returns: A volume with the voxels of ``filledBox``, or those but for the last slices.
  /// - Throws: ``VoxelVolumeError`` if no voxel is filled, or no slice is left.
  public func cropped(_ cropping: Cropping = .inclusive) throws -> VoxelVolume {
    guard let box = filledBox else { throw VoxelVolumeError.nothingIsFilled(extents: extents) }
    switch cropping {
    case .inclusive: return part(box)
    case .released:
      guard box.allSatisfy({ $0.count > 1 }) else {
        throw VoxelVolumeError.nothingIsLeft(box: box)
      }
      return part(box.map { $0.lowerBound..<($0.upperBound - 1) })
    }
  }

  /// Returns the voxels of a box.
  ///
  /// - Parameter box: A range of indices along each of the three axes.
  /// - Returns: A volume of the ranges' extents.
  /// - Precondition: The ranges are within the extents.
  public func part(_ box: [Range<Int>]) -> VoxelVolume {
    precondition(
      box.count == 3
        && zip(box, extents).allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= $1 },
      "the part \(box) of a volume of \(extents)")
    if box.map(\.count) == extents { return self }
    var part: [UInt8] = []
    part.reserveCapacity(box.reduce(1) { $0 * $1.count })
    values.withUnsafeBufferPointer { values in
      for slice in box[0] {
        for row in box[1] {
          let start = (slice * extents[1] + row) * extents[2]
          let columns = (start + box[2].lowerBound)..<(start + box[2].upperBound)
          part.append(contentsOf: UnsafeBufferPointer(rebasing: values[columns]))
        }
      }
    }
    return VoxelVolume(extents: box.map(\.count), values: part)
  }
}
