import AutoDiff
import TensorKit

/// How a batch is cut into tiles that a transform of cotangents can be applied within.
struct TilePlan<Scalar: TensorScalar>: Sendable {
  /// The tiles.
  let tiles: RowTiles
  private let groupCount: Int
  /// How many tiles, from the first on, hold whole places of the coupled groups.
  private let coupledCount: Int
  /// The cells of each tile; none if the transform mixes no rows of cells.
  private let cells: [Range<Int>]

  /// Tiles for a transform that can be streamed.
  init(for transform: CotangentTransform<Scalar>, groups: RowGroups, rowsPerTile: Int) {
    groupCount = groups.count
    if let cells = transform.cells {
      precondition(
        cells.rowCount == groups.rowCount,
        "cells of \(cells.rowCount) rows for a batch of \(groups.rowCount)")
      self.cells = cells.runs(rowsPerRun: rowsPerTile)
      tiles = RowTiles(self.cells.map { cells.rows(of: $0) })
      coupledCount = 0
      return
    }
    cells = []
    (tiles, coupledCount) =
      transform.coupling == .groups && groups.count > 0
      ? groups.tilesOfWholePlaces(rowsPerTile: rowsPerTile)
      : (RowTiles(rowCount: groups.rowCount, rowsPerTile: rowsPerTile), 0)
  }

  /// The adjusted cotangents of a tile.
  func adjusted(
    _ cotangents: Tensor<Scalar>, ofTile tile: Int, by transform: CotangentTransform<Scalar>
  ) throws -> Tensor<Scalar> {
    if transform.isIdentity { return cotangents }
    if !cells.isEmpty { return try transform.applied(toCells: cells[tile], cotangents) }
    return tile < coupledCount
      ? try transform.applied(toPlacesOf: cotangents, groupCount: groupCount)
      : try transform.applied(toUncoupled: cotangents)
  }
}
