import AutoDiff

extension RowPartition {
  /// Patches of a grid whose points are the rows of a batch in row-major order, the last axis fastest.
  ///
  /// Patches come in row-major order, and so do the rows within each. A grid of one axis gives intervals, one
  /// of two axes a picture's patches, one of three a volume's blocks.
  ///
  /// - Parameters:
  ///   - grid: The number of points along each axis.
  ///   - sides: The number of points of a patch along each axis.
  ///   - keepingCutPatches: Whether patches that the grid's border cuts off are groups too, smaller than
  ///     the others; if not, their points belong to no group.
  /// - Precondition: There is a positive side for each axis.
  public init(grid: [Int], sides: [Int], keepingCutPatches: Bool = false) {
    precondition(
      grid.count == sides.count && !grid.isEmpty && grid.allSatisfy { $0 >= 0 }
        && sides.allSatisfy { $0 > 0 }, "patches with sides \(sides) of a grid of shape \(grid)")
    // Each axis by itself: the points of each interval, whole ones only unless cut ones are kept.
    let intervals = zip(grid, sides).map { extent, side in
      stride(from: 0, to: extent, by: side).map { $0..<min($0 + side, extent) }
        .filter { keepingCutPatches || $0.count == side }
    }
    var groups: [[Range<Int>]] = [[]]
    for axis in intervals { groups = groups.flatMap { patch in axis.map { patch + [$0] } } }
    self.init(
      rowCount: grid.reduce(1, *),
      groups: groups.map { patch in
        zip(patch, grid).reduce([0]) { rows, axis in
          rows.flatMap { row in axis.0.map { row * axis.1 + $0 } }
        }
      })
  }

  /// Intervals of equal length of a coordinate, which samples may fill unevenly.
  ///
  /// The range of the coordinates is divided into intervals; each one that holds samples is a group, its
  /// rows in the order of their coordinates.
  ///
  /// - Parameters:
  ///   - coordinates: The coordinate of each row of the batch.
  ///   - intervals: The number of intervals.
  /// - Precondition: The number is positive and the coordinates are finite.
  public init(coordinates: [Double], intervals: Int) {
    precondition(intervals > 0, "\(intervals) intervals")
    precondition(coordinates.allSatisfy(\.isFinite), "a coordinate is not finite")
    let (low, high) = (coordinates.min() ?? 0, coordinates.max() ?? 0)
    var groups = [[Int]](repeating: [], count: intervals)
    for row in coordinates.indices.sorted(by: { coordinates[$0] < coordinates[$1] }) {
      let position = high > low ? (coordinates[row] - low) / (high - low) : 0
      groups[min(Int(position * Double(intervals)), intervals - 1)].append(row)
    }
    self.init(rowCount: coordinates.count, groups: groups.filter { !$0.isEmpty })
  }
}
