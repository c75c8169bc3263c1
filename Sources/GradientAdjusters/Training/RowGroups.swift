import AutoDiff

/// How the rows of a batch form groups: patches of a picture, intervals of a line.
///
/// Some groups are *coupled*: they have equally many rows, and an adjuster may mix the rows that
/// share a place within their groups. All other rows, such as those of patches cut off at a picture's
/// border, are trained and never mixed.
public struct RowGroups: Sendable, Equatable {
  /// The number of rows of the batch.
  public let rowCount: Int
  /// The number of coupled groups.
  public let count: Int
  /// The number of rows of each coupled group.
  public let places: Int
  /// The rows of the coupled groups, group after group; nil if they are the first rows in order.
  private let coupled: [Int]?
  /// The rows of no coupled group.
  public let remainder: [Int]

  /// Groups of consecutive rows; the rows after the last whole group are the remainder.
  ///
  /// - Precondition: The size is positive.
  public init(rowCount: Int, groupSize: Int) {
    precondition(groupSize > 0, "groups of \(groupSize) rows")
    self.rowCount = rowCount
    self.count = rowCount / groupSize
    self.places = groupSize
    self.coupled = nil
    self.remainder = Array((rowCount / groupSize * groupSize)..<rowCount)
  }

  /// Groups given by their rows; all rows that none of them names are the remainder.
  ///
  /// - Precondition: The groups are of equal size, and no row is named twice or outside the batch.
  public init(rowCount: Int, groups: [[Int]]) {
    let places = groups.first?.count ?? 0
    precondition(groups.allSatisfy { $0.count == places }, "coupled groups differ in size")
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
    self.places = places
    self.coupled = rows.elementsEqual(0..<rows.count) ? nil : rows
    self.remainder = isNamed.indices.filter { !isNamed[$0] }
  }

  /// The row of the batch at a place of a coupled group.
  public func row(group: Int, place: Int) -> Int {
    let index = group * places + place
    return coupled?[index] ?? index
  }

  /// Tiles that hold all groups' rows at some places, group after group, so that a transform across
  /// groups can be applied within a tile; then tiles of the remainder.
  ///
  /// - Returns: The tiles, and how many of them, from the first on, are of coupled rows.
  func tilesOfWholePlaces(rowsPerTile: Int) -> (tiles: RowTiles, coupled: Int) {
    let placesPerTile = max(1, rowsPerTile / max(count, 1))
    var tiles: [RowTiles.Rows] = stride(from: 0, to: places, by: placesPerTile).map { first in
      let range = first..<min(first + placesPerTile, places)
      return .list((0..<count).flatMap { group in range.map { row(group: group, place: $0) } })
    }
    let coupledTileCount = tiles.count
    for start in stride(from: 0, to: remainder.count, by: rowsPerTile) {
      tiles.append(.list(Array(remainder[start..<min(start + rowsPerTile, remainder.count)])))
    }
    return (RowTiles(tiles), coupledTileCount)
  }

  /// The rows of all coupled groups, group after group.
  var coupledRows: RowTiles.Rows {
    coupled.map { .list($0) } ?? .range(0..<(count * places))
  }
}
