import Synchronization
import TensorKit

/// Collects the means of cells while tiles are worked off in any order, by several threads.
final class CellMeansRecord<Scalar: TensorScalar>: Sendable {
  private let cellCount: Int
  private let parts = Mutex<[(cells: Range<Int>, means: Tensor<Scalar>)]>([])

  init(cellCount: Int) { self.cellCount = cellCount }

  /// Notes the means of some cells, of shape [cells, outputs].
  func add(_ means: Tensor<Scalar>, of cells: Range<Int>) {
    parts.withLock { $0.append((cells, means)) }
  }

  /// The means of all cells, of shape [cells, outputs]; nil if any are missing.
  var means: Tensor<Scalar>? {
    let parts = parts.withLock { $0.sorted { $0.cells.lowerBound < $1.cells.lowerBound } }
    guard parts.reduce(0, { $0 + $1.cells.count }) == cellCount, !parts.isEmpty else { return nil }
    return .concatenated(parts.map(\.means))
  }
}
