import AutoDiff
import TensorKit

/// Some rows of each cell, by which the change of the cells' means from step to step is estimated.
struct CellSample: Sendable {
  /// The sampled rows of the batch, cell after cell.
  let rows: [Int]
  /// The same, as places within their cells.
  let places: [Int]
  /// The first sampled row of each cell, and the number of sampled rows at the end.
  let bounds: [Int]
  private let cells: RowCells

  /// Draws a share of each cell's rows, at least four of them where there are as many.
  init(of cells: RowCells, share: Double, using generator: inout some RandomNumberGenerator) {
    var (rows, places, bounds): ([Int], [Int], [Int]) = ([], [], [0])
    for cell in 0..<cells.count {
      let size = cells.rowCount(of: cell..<(cell + 1))
      let count = min(size, max(4, Int((Double(size) * share).rounded(.up))))
      // One in each of equally long runs of the cell's order, so that they spread over it.
      let drawn = (0..<count).map { index in
        Int.random(in: (index * size / count)..<((index + 1) * size / count), using: &generator)
      }
      places += drawn
      rows += drawn.map { cells.row(cell: cell, place: $0) }
      bounds.append(places.count)
    }
    (self.rows, self.places, self.bounds, self.cells) = (rows, places, bounds, cells)
  }

  /// A sample that was drawn before; nil if its places are not within the cells.
  init?(places: [Int], bounds: [Int], of cells: RowCells) {
    guard bounds.count == cells.count + 1, bounds.first == 0, bounds.last == places.count,
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    var rows: [Int] = []
    for cell in 0..<cells.count {
      let size = cells.rowCount(of: cell..<(cell + 1))
      for place in places[bounds[cell]..<bounds[cell + 1]] {
        guard (0..<size).contains(place) else { return nil }
        rows.append(cells.row(cell: cell, place: place))
      }
    }
    (self.rows, self.places, self.bounds, self.cells) = (rows, places, bounds, cells)
  }

  /// The sampled rows among the rows of some cells.
  func rows<Scalar>(among rows: Tensor<Scalar>, of range: Range<Int>) -> Tensor<Scalar> {
    let local = cells.localBounds(of: range)
    let indices = range.enumerated().flatMap { index, cell in
      places[bounds[cell]..<bounds[cell + 1]].map { local[index] + $0 }
    }
    return rows.rows(at: indices)
  }

  /// The mean of the sampled rows of each cell.
  ///
  /// - Parameter sampled: Shape: [sampled rows, columns].
  func means<Scalar>(of sampled: Tensor<Scalar>) -> Tensor<Scalar> {
    let counts = Tensor(zip(bounds, bounds.dropFirst()).map { Scalar($1 - $0) })
    return sampled.sumsOfRowRuns(bounds: bounds) / counts.reshaped(to: [-1, 1])
  }
}

/// What is kept of a step's residuals for the next one: the cells' means, and the sampled rows.
struct CellResiduals<Scalar: TensorScalar>: Sendable {
  /// Shape: [cells, outputs].
  var means: Tensor<Scalar>
  /// Shape: [sampled rows, outputs].
  var sampled: Tensor<Scalar>?
}
