import AutoDiff
import TensorKit

/// A partition of a batch's rows into cells, each small enough to be evaluated at once.
///
/// A transform within cells (``CotangentTransform/withinCells(_:afterOthers:_:)``) is applied tile by tile, each
/// tile holding whole cells.
public struct RowCells: Sendable, Equatable {
  /// The rows, cell after cell; nil if that is their order in the batch.
  let order: [Int]?
  /// The first place of each cell in that order, and the number of rows at the end.
  let bounds: [Int]

  init(order: [Int]?, bounds: [Int]) {
    self.order = order
    self.bounds = bounds
  }

  /// Cells given by their rows.
  ///
  /// - Precondition: There is a cell, none is empty, and each row from 0 on is in exactly one cell.
  public init(_ cells: [[Int]]) {
    precondition(!cells.isEmpty, "no cells")
    let rows = Array(cells.joined())
    precondition(cells.allSatisfy { !$0.isEmpty }, "a cell without rows")
    precondition(
      rows.sorted().elementsEqual(rows.indices), "cells that do not hold each row exactly once")
    self.init(
      order: rows.elementsEqual(rows.indices) ? nil : rows,
      bounds: cells.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) })
  }

  /// The number of cells.
  public var count: Int { bounds.count - 1 }

  /// The number of rows of the batch.
  public var rowCount: Int { bounds[bounds.count - 1] }

  /// The number of rows of the largest cell.
  var largestRowCount: Int { zip(bounds, bounds.dropFirst()).map { $1 - $0 }.max() ?? 0 }

  /// The number of rows of some cells.
  public func rowCount(of cells: Range<Int>) -> Int {
    bounds[cells.upperBound] - bounds[cells.lowerBound]
  }

  /// The rows of the batch that some cells hold, cell after cell.
  public func rows(of cells: Range<Int>) -> RowTiles.Rows {
    let places = bounds[cells.lowerBound]..<bounds[cells.upperBound]
    return order.map { .list(Array($0[places])) } ?? .range(places)
  }

  /// The row of the batch at a place of a cell.
  func row(cell: Int, place: Int) -> Int {
    let index = bounds[cell] + place
    return order?[index] ?? index
  }

  /// Whole cells in runs of at most so many rows, or of one cell that has more.
  public func runs(rowsPerRun: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var first = 0
    while first < count {
      var end = first + 1
      while end < count && bounds[end + 1] - bounds[first] <= rowsPerRun { end += 1 }
      runs.append(first..<end)
      first = end
    }
    return runs
  }

  /// The bounds of some cells, counted from the first one's first row.
  func localBounds(of cells: Range<Int>) -> [Int] {
    let first = bounds[cells.lowerBound]
    return bounds[cells.lowerBound...cells.upperBound].map { $0 - first }
  }

  /// The mean row of each of some cells, of shape [cells, columns].
  ///
  /// - Parameters:
  ///   - rows: The rows of the cells, cell after cell. Shape: [rows, columns].
  ///   - cells: Which cells they are.
  public func means<Scalar>(of rows: Tensor<Scalar>, cells: Range<Int>) -> Tensor<Scalar> {
    let local = localBounds(of: cells)
    let inverses = Tensor(zip(local, local.dropFirst()).map { 1 / Scalar($1 - $0) })
    return rows.sumsOfRowRuns(bounds: local) * inverses.reshaped(to: [-1, 1])
  }

  /// The mean row of each cell of a batch, of shape [cells, columns].
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, columns].
  ///   - workers: The threads that share the work.
  public func means<Scalar>(
    of rows: Tensor<Scalar>, workers: Workers
  ) throws -> Tensor<Scalar> {
    .concatenated(try map(rows, workers: workers) { means(of: $0, cells: $1) })
  }

  /// What runs of whole cells give, in order.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, columns].
  ///   - workers: The threads that share the work.
  ///   - body: Given the rows of some cells, cell after cell.
  func map<Scalar, Result: Sendable>(
    _ rows: Tensor<Scalar>, workers: Workers,
    _ body: @escaping @Sendable (Tensor<Scalar>, Range<Int>) throws -> Result
  ) throws -> [Result] {
    precondition(
      rows.rank == 2 && rows.shape[0] == rowCount,
      "cells of \(rowCount) rows for a tensor of shape \(rows.shape)")
    // The runs do not depend on the number of threads.
    let runs = runs(rowsPerRun: max(256, rowCount / 64))
    return try workers.map(runs.count) { run in
      try body(rows.rows(in: self.rows(of: runs[run])), runs[run])
    }
  }

  /// A batch's rows, each run of whole cells mapped to as many rows, in the batch's order.
  func mapped<Scalar>(
    _ rows: Tensor<Scalar>, workers: Workers,
    _ body: @escaping @Sendable (Tensor<Scalar>, Range<Int>) throws -> Tensor<Scalar>
  ) throws -> Tensor<Scalar> {
    let joined = Tensor.concatenated(try map(rows, workers: workers, body))
    guard let order else { return joined }
    var result = rows
    result.setRows(at: order, to: joined)
    return result
  }
}
