/// The rows of a batch, cut into tiles and the tiles into shards.
///
/// A tile is evaluated at once; a shard is a run of tiles that one thread works off, adding up in
/// order. Neither depends on the number of threads, so neither do the results.
public struct RowTiles: Sendable {
  /// The rows of one tile.
  public enum Rows: Sendable {
    /// Consecutive rows.
    case range(Range<Int>)
    /// Rows in any order.
    case list([Int])

    /// How many rows the tile has.
    public var count: Int {
      switch self {
      case .range(let range): range.count
      case .list(let rows): rows.count
      }
    }

    /// Calls a closure with each row's index, in order.
    public func forEach(_ body: (Int) throws -> Void) rethrows {
      switch self {
      case .range(let range): try range.forEach(body)
      case .list(let rows): try rows.forEach(body)
      }
    }

    /// What a closure gives for each row's index, in order.
    public func map<Result>(_ transform: (Int) throws -> Result) rethrows -> [Result] {
      switch self {
      case .range(let range): try range.map(transform)
      case .list(let rows): try rows.map(transform)
      }
    }
  }

  /// The tiles, in order.
  public let tiles: [Rows]

  // More shards balance the cores better, and each takes a gradient to be added to the others: so a shard of a large
  // batch has six tiles or more. With 256 rows each, that is one addition to a parameter for about 9,000 operations
  // with it. Powers of two are runs of whole subtrees for as many processes.
  private static let (fewestShards, mostShards, tilesOfShard) = (32, 256, 6)

  /// Tiles as given.
  public init(_ tiles: [Rows]) { self.tiles = tiles }

  /// Consecutive rows in tiles of about equal size.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows of the batch.
  ///   - rowsPerTile: How many rows a tile has at most.
  public init(rowCount: Int, rowsPerTile: Int) {
    precondition(rowsPerTile > 0, "tiles of \(rowsPerTile) rows")
    let tileCount = (rowCount + rowsPerTile - 1) / rowsPerTile
    tiles = (0..<tileCount).map { tile in
      .range((tile * rowCount / tileCount)..<((tile + 1) * rowCount / tileCount))
    }
  }

  /// The number of shards: as many as there are tiles, up to 32; more for large batches, up to 256.
  public var shardCount: Int {
    var count = RowTiles.fewestShards
    while count < RowTiles.mostShards, 2 * count * RowTiles.tilesOfShard <= tiles.count {
      count *= 2
    }
    return min(tiles.count, count)
  }

  /// The tiles of one shard, indexed as in ``tiles``.
  public func tiles(ofShard shard: Int) -> ArraySlice<Rows> {
    tiles[(shard * tiles.count / shardCount)..<((shard + 1) * tiles.count / shardCount)]
  }
}
