import TensorKit

extension OccupancyGrid: Checkpointable {
  /// Shows what is remembered of the cells; the box and the number of cells are the grid's own.
  ///
  /// - Throws: `StateError` if the state is not that of a grid of as many cells.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&densities, named: "densities")
    var occupied = Tensor<Float>((0..<cellCount).map { isOccupied($0) ? 1 : 0 })
    try visitor.visit(&occupied, named: "occupied")
    guard visitor.isReading else { return }
    for (cell, value) in occupied.elements.enumerated() { set(cell, to: value > 0) }
  }
}

/// A grid whose box and number of cells are part of its state, as those of a field that is refined.
struct OccupancyOfAnySize: Checkpointable {
  private(set) var grid: OccupancyGrid

  init(_ grid: OccupancyGrid) { self.grid = grid }

  /// Shows the box, the number of cells and what is remembered of them.
  ///
  /// - Throws: `StateError` if no grid has these.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    var extents = [grid.extents.x, grid.extents.y, grid.extents.z]
    var corners = [grid.box.lower, grid.box.upper].flatMap { [$0.x, $0.y, $0.z] }
    try visitor.visit(&extents, named: "extents")
    try visitor.visit(&corners, named: "box")
    guard visitor.isReading else { return try grid.visitState(&visitor) }
    try visitor.require(
      extents.count == 3 && extents.allSatisfy { (1...(1 << 12)).contains($0) }
        && extents.reduce(1, *) <= 1 << 30, of: "extents", "no grid has \(extents) cells")
    try visitor.require(
      corners.count == 6 && corners.allSatisfy(\.isFinite)
        && zip(corners.prefix(3), corners.suffix(3)).allSatisfy { $0 < $1 }, of: "box",
      "no box has the corners \(corners)")
    let box = BoundingBox(
      lower: SIMD3(corners[0], corners[1], corners[2]),
      upper: SIMD3(corners[3], corners[4], corners[5]))
    var read = OccupancyGrid(
      box: box, extents: SIMD3(extents[0], extents[1], extents[2]), isOccupied: false)
    try read.visitState(&visitor)
    grid = read
  }
}
