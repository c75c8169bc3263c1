/// The order in which a volume's voxels are the rows of a signal: group after group.
///
/// Nothing of the size of the volume is stored. Groups of blocks come in row-major order, and so do the voxels
/// of a block within ever smaller cubes, so that each cube is a run.
struct VoxelOrder: Sendable {
  /// The number of voxels along each axis.
  let extents: [Int]
  let groups: VoxelGroups
  /// For blocks, the orders of voxels in whole blocks and in those that are clipped along some of the axes.
  private let blocks: [BlockOrder]

  init(extents: [Int], groups: VoxelGroups) {
    self.extents = extents
    self.groups = groups
    guard case .blocks(let side) = groups else {
      blocks = []
      return
    }
    blocks = (0..<8).map { clipped in
      BlockOrder(
        side: side,
        extents: extents.indices.map { axis in
          clipped >> axis & 1 == 0 ? side : extents[axis] % side
        }, gridExtents: extents)
    }
  }

  /// The number of voxels.
  var count: Int { extents.reduce(1, *) }

  /// The number of groups.
  var groupCount: Int {
    switch groups {
    case .runs(let length): count / length
    case .blocks: blockCounts.reduce(1, *)
    }
  }

  /// The number of rows that belong to a group.
  var groupedCount: Int {
    if case .runs(let length) = groups { count / length * length } else { count }
  }

  /// The number of groups along each axis; runs lie along one.
  var groupCounts: [Int] {
    if case .runs(let length) = groups { [count / length] } else { blockCounts }
  }

  /// For blocks, their number along each axis.
  var blockCounts: [Int] { extents.map { ($0 + groups.side - 1) / groups.side } }

  /// The voxel, counted in row-major order, of a row.
  func voxel(ofRow row: Int) -> Int {
    guard case .blocks(let side) = groups else { return row }
    // The rows before a block are those of whole layers of blocks, then of rods, then of blocks.
    let (width, depth) = (extents[1], extents[2])
    let layer = row / (side * width * depth)
    let thickness = min(side, extents[0] - layer * side)
    var rest = row - layer * side * width * depth
    let rod = rest / (thickness * side * depth)
    let height = min(side, width - rod * side)
    rest -= rod * thickness * side * depth
    let block = rest / (thickness * height * side)
    let length = min(side, depth - block * side)
    rest -= block * thickness * height * side
    let corner = (layer * side * width + rod * side) * depth + block * side
    return corner + self.blocks[kind(thickness, height, length)].offsets[rest]
  }

  /// The rows of a group.
  func rows(ofGroup group: Int) -> Range<Int> {
    switch groups {
    case .runs(let length): return (group * length)..<((group + 1) * length)
    case .blocks(let side):
      let place = blockIndices(ofGroup: group)
      let (layer, rod, block) = (place[0] * side, place[1] * side, place[2] * side)
      let sizes = blockExtents(ofGroup: group)
      let first =
        layer * extents[1] * extents[2] + sizes[0] * (rod * extents[2] + sizes[1] * block)
      return first..<(first + sizes.reduce(1, *))
    }
  }

  /// Where the groups of each finer level begin within a group, from coarse to fine, each with its end.
  func finerBounds(ofGroup group: Int) -> [[Int]] {
    switch groups {
    case .runs(let length):
      return finerSizes.map { size in Array(stride(from: 0, to: length, by: size)) + [length] }
    case .blocks:
      let sizes = blockExtents(ofGroup: group)
      return blocks[kind(sizes[0], sizes[1], sizes[2])].bounds
    }
  }

  /// The lengths of runs within runs, or the sides of blocks within blocks, from coarse to fine, down to two.
  var finerSizes: [Int] {
    var sizes: [Int] = []
    var size = groups.side
    while size % 2 == 0, size > 2 {
      size /= 2
      sizes.append(size)
    }
    return sizes
  }

  /// The place of a group among the groups along each axis; runs lie along one.
  func blockIndices(ofGroup group: Int) -> [Int] {
    guard case .blocks = groups else { return [group] }
    let counts = blockCounts
    return [group / (counts[1] * counts[2]), group / counts[2] % counts[1], group % counts[2]]
  }

  /// The group that a voxel belongs to.
  func group(ofIndices indices: [Int]) -> Int {
    let side = groups.side
    guard case .blocks = groups else {
      return ((indices[0] * extents[1] + indices[1]) * extents[2] + indices[2]) / side
    }
    let counts = blockCounts
    return (indices[0] / side * counts[1] + indices[1] / side) * counts[2] + indices[2] / side
  }

  // MARK: - Cells

  /// The cell of a group: of 2^level groups along each axis.
  func cell(ofGroup group: Int, level: Int) -> [Int] {
    blockIndices(ofGroup: group).map { $0 >> level }
  }

  /// The levels of cells, from coarse to fine, of which each holds at least four of so many groups on average.
  func cellLevels(forGroups count: Int) -> [Int] {
    let counts = groupCounts
    let levels = (1..<24).filter { level in
      let cells = counts.map { ($0 + (1 << level) - 1) >> level }.reduce(1, *)
      return cells > 1 && cells * 4 <= count
    }
    return levels.reversed()
  }

  /// Groups in an order in which those of each cell, of any level, come one after the other.
  func alongCells(_ groups: [Int]) -> [Int] {
    let paths = groups.map { group in
      let indices = blockIndices(ofGroup: group)
      // Runs lie along one axis, blocks along three: at most 60 bits either way.
      return (0..<(60 / indices.count)).reversed().reduce(0) { path, bit in
        indices.reduce(path) { $0 << 1 | ($1 >> bit & 1) }
      }
    }
    return zip(paths, groups).sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func blockExtents(ofGroup group: Int) -> [Int] {
    zip(blockIndices(ofGroup: group), extents).map { min(groups.side, $1 - $0 * groups.side) }
  }

  private func kind(_ thickness: Int, _ height: Int, _ length: Int) -> Int {
    let side = groups.side
    return (thickness < side ? 1 : 0) | (height < side ? 2 : 0) | (length < side ? 4 : 0)
  }
}

extension VoxelGroups {
  /// The length of runs, or the side of blocks.
  var side: Int {
    switch self {
    case .runs(let length): length
    case .blocks(let side): side
    }
  }
}

/// The order of the voxels within a block.
private struct BlockOrder: Sendable {
  /// How far each row's voxel lies behind the block's first, in the volume's row-major order.
  let offsets: [Int]
  /// The bounds of cubes of half the side, a quarter and so on, down to two.
  let bounds: [[Int]]

  init(side: Int, extents: [Int], gridExtents: [Int]) {
    // The bits of the three indices, the highest first, make the path from cube to smaller cube.
    let bitCount = side.trailingZeroBitCount
    var voxels: [(path: Int, offset: Int)] = []
    for i in 0..<extents[0] {
      for j in 0..<extents[1] {
        for k in 0..<extents[2] {
          var path = 0
          for bit in (0..<bitCount).reversed() {
            path = path << 3 | (i >> bit & 1) << 2 | (j >> bit & 1) << 1 | (k >> bit & 1)
          }
          voxels.append((path, (i * gridExtents[1] + j) * gridExtents[2] + k))
        }
      }
    }
    voxels.sort { $0.path < $1.path }
    offsets = voxels.map(\.offset)
    bounds = (1..<max(bitCount, 1)).map { level in
      let shift = 3 * (bitCount - level)
      let cuts = voxels.indices.dropFirst().filter {
        voxels[$0].path >> shift != voxels[$0 - 1].path >> shift
      }
      return [0] + cuts + [voxels.count]
    }
  }
}
