import TensorKit

/// How many places are in both of two sets, and in at least one: what their intersection over the union is made of.
///
/// Counts of parts can be added, so that sets need not be held as a whole.
public struct SetOverlap: Hashable, Sendable {
  /// How many places are in both.
  public private(set) var both = 0
  /// How many places are in at least one.
  public private(set) var either = 0

  /// Of no place.
  public init() {}

  /// The share of the places in at least one that are in both; 1 if there are none.
  public var ratio: Double { either == 0 ? 1 : Double(both) / Double(either) }

  /// Counts a place.
  @inlinable
  public mutating func count(_ isInFirst: Bool, _ isInSecond: Bool) {
    add(both: isInFirst && isInSecond ? 1 : 0, either: isInFirst || isInSecond ? 1 : 0)
  }

  /// Adds the counts of other places.
  public static func += (left: inout SetOverlap, right: SetOverlap) {
    left.add(both: right.both, either: right.either)
  }

  @usableFromInline
  mutating func add(both: Int, either: Int) {
    self.both += both
    self.either += either
  }
}

extension SetOverlap: Checkpointable {
  /// Shows both counts.
  ///
  /// - Throws: `StateError` if they are not those of any sets.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&both, named: "both")
    try visitor.visit(&either, named: "either")
    try visitor.require(
      both >= 0 && either >= both, of: "either", "there are \(both) in both and \(either) in either"
    )
  }
}

/// The share of what is in either of two sets that is in both: 1 for equal sets, two empty ones included.
///
/// - Parameters:
///   - first: Whether each place is in the first set.
///   - second: Whether it is in the second.
/// - Precondition: Both have as many places.
public func intersectionOverUnion(of first: [Bool], and second: [Bool]) -> Double {
  precondition(
    first.count == second.count, "sets of \(first.count) and \(second.count) places")
  var overlap = SetOverlap()
  for index in first.indices { overlap.count(first[index], second[index]) }
  return overlap.ratio
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
  var overlap = SetOverlap()
  for index in first.values.indices {
    overlap.count(first.values[index] >= threshold, second.values[index] >= threshold)
  }
  return overlap.ratio
}
