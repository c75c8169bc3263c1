/// How the voxels of a volume form groups, under a name such as `runs:256` or `blocks:8`.
public enum VoxelGroups: Hashable, Sendable {
  /// Runs of so many consecutive voxels of the flattened volume, as K. Shi et al., ICML 2025, have them; the
  /// voxels after the last whole run belong to no group.
  case runs(Int)
  /// Cubes with sides of so many voxels, a power of two; those at the volume's far ends are clipped.
  case blocks(Int)

  /// The largest side of cubes: groups of more voxels than a tile has rows would take the memory of a batch.
  public static let largestSide = 16
}

extension VoxelGroups: RawRepresentable, Codable {
  /// Reads a name; nil if it is none.
  ///
  /// A number alone is the length of runs.
  public init?(rawValue text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let number = parts.last.flatMap { Int($0) } ?? 0
    switch (parts[0], parts.count) {
    case (_, 1) where number > 0: self = .runs(number)
    case ("runs", 2) where number > 0: self = .runs(number)
    case ("blocks", 2)
    where number > 1 && number <= Self.largestSide && number & (number - 1) == 0:
      self = .blocks(number)
    default: return nil
    }
  }

  /// The name.
  public var rawValue: String {
    switch self {
    case .runs(let length): "runs:\(length)"
    case .blocks(let side): "blocks:\(side)"
    }
  }

  /// The number of voxels of a group that is not clipped.
  public var size: Int {
    switch self {
    case .runs(let length): length
    case .blocks(let side): side * side * side
    }
  }

  /// The number of groups of a volume of some extents.
  public func count(in extents: [Int]) -> Int {
    VoxelOrder(extents: extents, groups: self).groupCount
  }

  /// Whether voxels of a volume of some extents belong to no group.
  public func leavesVoxels(of extents: [Int]) -> Bool {
    let order = VoxelOrder(extents: extents, groups: self)
    return order.groupedCount < order.count
  }
}
