/// The share of what is in either of two sets that is in both: 1 for equal sets, two empty ones included.
///
/// - Parameters:
///   - first: Whether each place is in the first set.
///   - second: Whether it is in the second.
/// - Precondition: Both have as many places.
public func intersectionOverUnion(of first: [Bool], and second: [Bool]) -> Double {
  precondition(
    first.count == second.count, "sets of \(first.count) and \(second.count) places")
  var (both, either) = (0, 0)
  for index in first.indices {
    both += first[index] && second[index] ? 1 : 0
    either += first[index] || second[index] ? 1 : 0
  }
  return either == 0 ? 1 : Double(both) / Double(either)
}

/// The share of the voxels in either of two solids that are in both: 1 for equal ones, two empty ones included.
///
/// - Parameters:
///   - first: A volume.
///   - second: The other one.
///   - threshold: The least value of a voxel that counts as inside, half filled by default.
/// - Precondition: Both have the same extents.
public func intersectionOverUnion(
  of first: VoxelVolume, and second: VoxelVolume, threshold: UInt8 = 128
) -> Double {
  precondition(
    first.extents == second.extents, "volumes of \(first.extents) and \(second.extents)")
  var (both, either) = (0, 0)
  for index in first.values.indices {
    let (inFirst, inSecond) = (
      first.values[index] >= threshold, second.values[index] >= threshold
    )
    both += inFirst && inSecond ? 1 : 0
    either += inFirst || inSecond ? 1 : 0
  }
  return either == 0 ? 1 : Double(both) / Double(either)
}
