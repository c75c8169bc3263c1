import TensorKit

extension VoxelVolume {
  /// Returns a coarser volume, each of whose voxels is the mean of a cube of voxels.
  ///
  /// Means are rounded to whole values. Where the last cubes reach beyond the volume, what is there counts
  /// as empty, so that all voxels stay cubes of one size.
  ///
  /// - Parameter factor: The side of a cube, in voxels; 1 gives the volume itself.
  /// - Returns: A volume with the extents divided by the factor, rounded up.
  /// - Precondition: The factor is positive.
  public func downsampled(by factor: Int) -> VoxelVolume {
    precondition(factor > 0, "cubes with a side of \(factor) voxels")
    return factor == 1 ? self : averaged(overCubesOf: Double(factor))
  }

  /// Returns a volume whose longest extent is at most a number of voxels.
  ///
  /// Its voxels are the means of cubes whose side may be no whole number: a voxel that lies in two counts
  /// in each with its share. Otherwise as ``downsampled(by:)``.
  ///
  /// - Parameter longest: The number of voxels along the longest axis.
  /// - Returns: A volume of that size, or the volume itself if it is not larger.
  /// - Precondition: The number is positive.
  public func downsampled(toLongestSide longest: Int) -> VoxelVolume {
    precondition(longest > 0, "a volume with a longest side of \(longest)")
    guard let side = extents.max(), side > longest else { return self }
    return averaged(overCubesOf: Double(side) / Double(longest))
  }

  /// The means over cubes of a side above 1.
  private func averaged(overCubesOf side: Double) -> VoxelVolume {
    let axes = extents.map { CoarserAxis(length: $0, side: side) }
    let (rows, columns) = (extents[1], extents[2])
    let scale = Float(1 / (side * side * side))
    var means: [UInt8] = []
    means.reserveCapacity(axes.reduce(1) { $0 * $1.count })
    // One slice of the result at a time: sums over the first axis, then over the others.
    var plane = [Float](repeating: 0, count: rows * columns)
    var line = [Float](repeating: 0, count: columns)
    values.withUnsafeBufferPointer { values in
      plane.withUnsafeMutableBufferPointer { plane in
        line.withUnsafeMutableBufferPointer { line in
          for slice in 0..<axes[0].count {
            plane.update(repeating: 0)
            axes[0].forEachShare(of: slice) { index, share in
              let start = index * plane.count
              for place in plane.indices {
                plane[place] += share * Float(values[start + place])
              }
            }
            for row in 0..<axes[1].count {
              line.update(repeating: 0)
              axes[1].forEachShare(of: row) { index, share in
                let start = index * columns
                for place in line.indices { line[place] += share * plane[start + place] }
              }
              for column in 0..<axes[2].count {
                var sum: Float = 0
                axes[2].forEachShare(of: column) { index, share in sum += share * line[index] }
                means.append(UInt8(min(255, sum * scale + 0.5)))
              }
            }
          }
        }
      }
    }
    return VoxelVolume(extents: axes.map(\.count), values: means)
  }
}

/// An axis of a volume, and the longer intervals into which it is cut.
private struct CoarserAxis {
  let length: Int
  let side: Double

  /// The number of intervals; the last may reach beyond the axis.
  var count: Int { Int((Double(length) / side - 1e-9).rounded(.up)) }

  /// Calls a closure with each voxel that an interval meets, and how much of it lies within.
  @inline(__always)
  func forEachShare(of interval: Int, _ body: (_ index: Int, _ share: Float) -> Void) {
    let start = Double(interval) * side
    let end = min(Double(interval + 1) * side, Double(length))
    var index = Int(start)
    while Double(index) < end, index < length {
      let share = min(Double(index + 1), end) - max(Double(index), start)
      // What rounding alone makes overlap is left out, so that whole factors take whole voxels.
      if share > 1e-9 { body(index, Float(share)) }
      index += 1
    }
  }
}
