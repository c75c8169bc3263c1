import TensorKit

extension OccupancyGrid: Checkpointable {
  /// Shows what is remembered of the cells; the box and the number of cells are the grid's own.
  ///
  /// - Throws: ``StateError`` if the state is not that of a grid of as many cells.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&densities, named: "densities")
    var occupied = Tensor<Float>((0..<cellCount).map { isOccupied($0) ? 1 : 0 })
    try visitor.visit(&occupied, named: "occupied")
    guard visitor.isReading else { return }
    for (cell, value) in occupied.elements.enumerated() { set(cell, to: value > 0) }
  }
}
