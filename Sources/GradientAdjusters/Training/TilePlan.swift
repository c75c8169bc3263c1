import AutoDiff
import TensorKit

/// How a batch is cut into tiles that a transform of cotangents can be applied within.
struct TilePlan: Sendable {
  /// What a tile holds.
  enum Content: Sendable {
    /// Some rows.
    case rows
    /// All groups' rows at some places, of which some may be missing.
    case places(PlaceTile.Slots?)
    /// Whole groups of a partition.
    case groups(Range<Int>)
  }

  /// The tiles.
  let tiles: RowTiles
  /// What each of them holds.
  let contents: [Content]
  /// Whether tiles hold consecutive rows.
  let hasRowsInOrder: Bool

  /// Tiles for a transform; nil if it needs all cotangents at once.
  init?<Scalar>(
    for transform: CotangentTransform<Scalar>, groups: RowPartition, rowsPerTile: Int
  ) {
    var isAcrossGroups = false
    var partition: RowPartition?
    for (index, stage) in transform.stages.enumerated() {
      switch stage {
      case .rows: break
      case .acrossGroups: isAcrossGroups = true
      case .acrossBatch: return nil
      case .withinGroups(let groups, _, _):
        // It may need the cotangents as they are before any other transform.
        if index > 0 { return nil }
        partition = groups
      }
    }
    if isAcrossGroups && partition != nil { return nil }
    if let partition {
      precondition(
        partition.rowCount == groups.rowCount,
        "groups of \(partition.rowCount) rows for a batch of \(groups.rowCount)")
      let runs = partition.runs(rowsPerRun: rowsPerTile)
      tiles = RowTiles(runs.map { partition.rows(ofGroups: $0) })
      contents = runs.map { .groups($0) }
      hasRowsInOrder = false
    } else if isAcrossGroups && groups.count > 0 {
      let places = groups.tilesOfWholePlaces(rowsPerTile: rowsPerTile)
      let rest = groups.remainder
      let others = stride(from: 0, to: rest.count, by: rowsPerTile).map { start in
        RowTiles.Rows.list(Array(rest[start..<min(start + rowsPerTile, rest.count)]))
      }
      tiles = RowTiles(places.map(\.rows) + others)
      contents = places.map { .places($0.slots) } + others.map { _ in .rows }
      hasRowsInOrder = false
    } else {
      tiles = RowTiles(rowCount: groups.rowCount, rowsPerTile: rowsPerTile)
      contents = tiles.tiles.map { _ in .rows }
      hasRowsInOrder = true
    }
  }
}

/// The rows of all groups at some places, group after group.
struct PlaceTile: Sendable {
  let rows: RowTiles.Rows
  /// Where they lie in a matrix with a row for each group and place; nil if it has no others.
  let slots: Slots?

  /// The places of a matrix that rows are put at.
  struct Slots: Sendable {
    /// The index of each row.
    let indices: [Int]
    /// The number of rows of the matrix.
    let count: Int
  }
}

extension RowPartition {
  /// Tiles of whole places, of about a number of rows each.
  func tilesOfWholePlaces(rowsPerTile: Int) -> [PlaceTile] {
    placeRanges(rowsPerTile: rowsPerTile).map { places in
      var rows: [Int] = []
      var indices: [Int] = []
      for group in 0..<count {
        for place in places.prefix(while: { $0 < size(ofGroup: group) }) {
          rows.append(row(group: group, place: place))
          indices.append(group * places.count + place - places.lowerBound)
        }
      }
      let slotCount = count * places.count
      return PlaceTile(
        rows: .list(rows),
        slots: rows.count == slotCount
          ? nil : PlaceTile.Slots(indices: indices, count: slotCount))
    }
  }

  /// The places of each tile.
  private func placeRanges(rowsPerTile: Int) -> [Range<Int>] {
    if areOfEqualSize {
      let placesPerTile = max(1, rowsPerTile / max(count, 1))
      return stride(from: 0, to: places, by: placesPerTile).map {
        $0..<min($0 + placesPerTile, places)
      }
    }
    // How many groups have each place; where few have one, more places make a tile of as many rows, as
    // long as the places that are missing do not take too much memory.
    let mostMissing = 16
    var present = [Int](repeating: 0, count: places)
    for group in 0..<count { present[size(ofGroup: group) - 1] += 1 }
    for place in (0..<(places - 1)).reversed() { present[place] += present[place + 1] }
    var ranges: [Range<Int>] = []
    var start = 0
    while start < places {
      var (end, rows) = (start + 1, present[start])
      while end < places, rows + present[end] <= rowsPerTile,
        count * (end + 1 - start) <= mostMissing * rowsPerTile
      {
        rows += present[end]
        end += 1
      }
      ranges.append(start..<end)
      start = end
    }
    return ranges
  }
}
