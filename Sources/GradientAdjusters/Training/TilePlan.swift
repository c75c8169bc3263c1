import AutoDiff
import TensorKit

/// How a batch is cut into tiles that a transform of cotangents can be applied within.
struct TilePlan<Scalar: TensorScalar>: Sendable {
  /// The tiles.
  let tiles: RowTiles
  private let groupCount: Int
  /// For each tile that holds whole places of the coupled groups, from the first on, where its rows
  /// lie among these; nil if there is a row for each.
  private let slots: [RowGroups.PlaceSlots?]
  /// The cells of each tile; none if the transform mixes no rows of cells.
  private let cells: [Range<Int>]

  /// Whether tiles hold consecutive rows, as those of a step do.
  var hasRowsInOrder: Bool { slots.isEmpty && cells.isEmpty }

  /// Tiles for a transform that can be streamed.
  init(for transform: CotangentTransform<Scalar>, groups: RowGroups, rowsPerTile: Int) {
    groupCount = groups.count
    if let cells = transform.cells {
      precondition(
        cells.rowCount == groups.rowCount,
        "cells of \(cells.rowCount) rows for a batch of \(groups.rowCount)")
      self.cells = cells.runs(rowsPerRun: rowsPerTile)
      tiles = RowTiles(self.cells.map { cells.rows(of: $0) })
      slots = []
      return
    }
    cells = []
    let plan =
      transform.coupling == .groups && groups.count > 0
      ? groups.tilesOfWholePlaces(rowsPerTile: rowsPerTile)
      : RowGroups.PlaceTiles(
        tiles: RowTiles(rowCount: groups.rowCount, rowsPerTile: rowsPerTile), slots: [])
    (tiles, slots) = (plan.tiles, plan.slots)
  }

  /// The adjusted cotangents of a tile.
  func adjusted(
    _ cotangents: Tensor<Scalar>, ofTile tile: Int, by transform: CotangentTransform<Scalar>
  ) throws -> Tensor<Scalar> {
    if transform.isIdentity { return cotangents }
    if !cells.isEmpty { return try transform.applied(toCells: cells[tile], cotangents) }
    return tile < slots.count
      ? try transform.applied(
        toPlacesOf: cotangents, groupCount: groupCount, slots: slots[tile])
      : try transform.applied(toUncoupled: cotangents)
  }
}
