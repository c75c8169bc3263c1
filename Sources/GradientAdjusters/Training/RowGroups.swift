import AutoDiff

/// How the rows of a batch form groups: patches of a picture, intervals of a line.
///
/// Rows of *coupled* groups may be mixed by an adjuster: those that share a place within their groups. All
/// other rows, such as those of patches cut off at a picture's border, are trained and never mixed.
///
/// Groups need not be of equal size. Place j then couples the groups that have a j-th row: a row that a group
/// lacks counts as zero and receives nothing. A transform S across groups acts there as the principal
/// submatrix of S that belongs to the groups present, which is symmetric positive definite if S is.
public struct RowGroups: Sendable, Equatable {
  /// The number of rows of the batch.
  public let rowCount: Int
  /// The number of coupled groups.
  public let count: Int
  /// The number of places: the rows of the largest coupled group.
  public let places: Int
  /// The rows of the coupled groups, group after group; nil if they are the first rows in order.
  private let coupled: [Int]?
  /// Where each group starts in `coupled`, and the end of the last; nil if the groups are of equal size.
  private let bounds: [Int]?
  /// The rows of no coupled group.
  public let remainder: [Int]

  /// Groups of consecutive rows, such as intervals of a line or runs of a flattened grid; the rows after
  /// the last whole group are the remainder.
  ///
  /// - Precondition: The size is positive.
  public init(rowCount: Int, groupSize: Int) {
    precondition(groupSize > 0, "groups of \(groupSize) rows")
    self.rowCount = rowCount
    self.count = rowCount / groupSize
    self.places = groupSize
    self.coupled = nil
    self.bounds = nil
    self.remainder = Array((rowCount / groupSize * groupSize)..<rowCount)
  }

  /// Groups given by their rows, of any sizes; all rows that none of them names are the remainder.
  ///
  /// - Precondition: No group is empty, and no row is named twice or outside the batch.
  public init(rowCount: Int, groups: [[Int]]) {
    let sizes = groups.map(\.count)
    precondition(
      sizes.allSatisfy { $0 > 0 }, "group \(sizes.firstIndex(of: 0) ?? 0) has no rows")
    var isNamed = [Bool](repeating: false, count: rowCount)
    for row in groups.joined() {
      precondition(
        row >= 0 && row < rowCount && !isNamed[row],
        "row \(row) is named twice, or outside a batch of \(rowCount) rows")
      isNamed[row] = true
    }
    let rows = Array(groups.joined())
    self.rowCount = rowCount
    self.count = groups.count
    self.places = sizes.max() ?? 0
    self.coupled = rows.elementsEqual(0..<rows.count) ? nil : rows
    if sizes.allSatisfy({ $0 == sizes[0] }) {
      self.bounds = nil
    } else {
      self.bounds = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }
    self.remainder = isNamed.indices.filter { !isNamed[$0] }
  }

  /// Whether all coupled groups have a row at every place.
  public var areOfEqualSize: Bool { bounds == nil }

  /// The number of rows of a coupled group.
  public func size(ofGroup group: Int) -> Int {
    bounds.map { $0[group + 1] - $0[group] } ?? places
  }

  /// The row of the batch at a place of a coupled group.
  ///
  /// - Precondition: The group has the place.
  public func row(group: Int, place: Int) -> Int {
    precondition(
      place >= 0 && place < size(ofGroup: group),
      "place \(place) of group \(group), which has \(size(ofGroup: group)) rows")
    let index = (bounds?[group] ?? group * places) + place
    return coupled?[index] ?? index
  }

  /// The rows of all coupled groups, group after group.
  var coupledRows: RowTiles.Rows {
    coupled.map { .list($0) } ?? .range(0..<(bounds?.last ?? count * places))
  }
}

// MARK: - Tiles

extension RowGroups {
  /// How a batch is cut so that a transform across groups can be applied within a tile.
  struct PlaceTiles {
    /// Tiles of all groups' rows at some places, group after group; then tiles of the remainder.
    var tiles: RowTiles
    /// For each tile of coupled rows, where its rows lie among all groups' places; nil if it has a row
    /// for each of them, in order.
    var slots: [PlaceSlots?]

    /// How many tiles, from the first on, are of coupled rows.
    var coupled: Int { slots.count }
  }

  /// Where the rows of a tile lie in a matrix with a row for each group and place of the tile.
  struct PlaceSlots: Sendable {
    /// The index among the places of all groups, group after group, of each row of the tile.
    let indices: [Int]
    /// The number of places of all groups together.
    let count: Int
  }

  /// Tiles of whole places of about a number of rows.
  func tilesOfWholePlaces(rowsPerTile: Int) -> PlaceTiles {
    var tiles: [RowTiles.Rows] = []
    var slots: [PlaceSlots?] = []
    for range in placeRanges(rowsPerTile: rowsPerTile) {
      if areOfEqualSize {
        tiles.append(
          .list((0..<count).flatMap { group in range.map { row(group: group, place: $0) } }))
        slots.append(nil)
        continue
      }
      var rows: [Int] = []
      var indices: [Int] = []
      for group in 0..<count {
        for place in range.prefix(while: { $0 < size(ofGroup: group) }) {
          rows.append(row(group: group, place: place))
          indices.append(group * range.count + place - range.lowerBound)
        }
      }
      let slotCount = count * range.count
      tiles.append(.list(rows))
      slots.append(
        indices.count == slotCount ? nil : PlaceSlots(indices: indices, count: slotCount))
    }
    for start in stride(from: 0, to: remainder.count, by: rowsPerTile) {
      tiles.append(.list(Array(remainder[start..<min(start + rowsPerTile, remainder.count)])))
    }
    return PlaceTiles(tiles: RowTiles(tiles), slots: slots)
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
