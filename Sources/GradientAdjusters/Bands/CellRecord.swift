import Synchronization
import TensorKit

/// Collects what is kept of cells' residuals while tiles are worked off in any order, by several
/// threads.
final class CellRecord<Scalar: TensorScalar>: Sendable {
  private let cells: RowCells
  private let sample: CellSample?
  private let parts = Mutex<[(cells: Range<Int>, kept: CellResiduals<Scalar>)]>([])

  init(of cells: RowCells, sample: CellSample?) {
    self.cells = cells
    self.sample = sample
  }

  /// Notes what is kept of the rows of some cells, cell after cell.
  func add(_ rows: Tensor<Scalar>, of range: Range<Int>) {
    let kept = CellResiduals(
      means: cells.means(of: rows, cells: range),
      sampled: sample.map { $0.rows(among: rows, of: range) })
    parts.withLock { $0.append((range, kept)) }
  }

  /// What was noted, of all cells; nil if any are missing.
  var residuals: CellResiduals<Scalar>? {
    let parts = parts.withLock { $0.sorted { $0.cells.lowerBound < $1.cells.lowerBound } }
    guard parts.reduce(0, { $0 + $1.cells.count }) == cells.count else { return nil }
    return CellResiduals(
      means: .concatenated(parts.map(\.kept.means)),
      sampled: sample.map { _ in .concatenated(parts.compactMap(\.kept.sampled)) })
  }
}
