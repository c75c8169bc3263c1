import AutoDiff
import TensorKit

/// Whole bricks of a regular grid at a time, drawn at random: batches of a signal that is too large for memory.
///
/// A brick is a run, square or cube of neighbouring points. Its points lie together in a file, so that a few hundred
/// bricks cost as many short reads, where as many points from anywhere would cost one each. They are also the groups
/// that inductive gradient adjustment takes.
///
/// ```swift
/// let file = try NumPyRows(contentsOf: "scan.npy", columns: 1)
/// let grid = RowGrid(extents: file.shape)
/// let signal = Batch(inputs: Rows<Float>.grid(extents: file.shape), targets: Rows(file))
/// var source = BrickBatches(of: signal, on: grid, brickSide: 16, bricksPerBatch: 16, seed: 1)
/// ```
///
/// The order of the bricks is cut into as many runs as a batch has bricks, and one is drawn of each, so that a batch
/// covers the whole signal evenly. What is drawn depends on the seed and the number of the step alone. Nothing that is
/// kept grows with the signal.
///
/// Where the sides of the grid are no multiples of the bricks', the last bricks overlap those before them. Points that
/// lie in several bricks have smaller weights, so that the expected gradient is that of all points.
public struct BrickBatches<Scalar: TensorScalar>: BatchSource {
  /// The number of points along each side of a brick.
  public let brickSides: [Int]
  /// How many bricks a batch has.
  public let bricksPerBatch: Int
  /// The bricks as a grid.
  public let bricks: RowGrid
  private let signal: Batch<Scalar>
  private let grid: RowGrid
  /// How far the points of a brick lie behind its first one.
  private let offsets: [Int]
  private let groups: RowPartition
  /// Has a branch for each step.
  private var draws: SeededGenerator
  /// How many batches were drawn.
  private var step = 0

  /// Batches of whole bricks.
  ///
  /// - Parameters:
  ///   - signal: All rows, computed or read wherever they are needed if there are many.
  ///   - grid: The grid whose points the rows are, in row-major order.
  ///   - side: The number of points along each side of a brick; an axis with fewer points has bricks of its own length.
  ///   - bricksPerBatch: How many bricks a batch has.
  ///   - seed: Seeds the draws.
  /// - Precondition: The rows are the grid's points in order, without weights, and the numbers are positive.
  public init(
    of signal: Batch<Scalar>, on grid: RowGrid, brickSide side: Int, bricksPerBatch: Int,
    seed: UInt64 = 0
  ) {
    precondition(
      signal.rowCount == grid.count && grid.points == nil && signal.weights == nil,
      "bricks of a grid of \(grid.count) points, in order, for \(signal.rowCount) rows")
    precondition(
      side > 0 && bricksPerBatch > 0, "\(bricksPerBatch) bricks of side \(side)")
    let sides = grid.extents.map { min(side, $0) }
    self.signal = signal
    self.grid = grid
    self.bricksPerBatch = bricksPerBatch
    brickSides = sides
    bricks = RowGrid(extents: zip(grid.extents, sides).map { ($0 + $1 - 1) / $1 })
    offsets = grid.offsets(ofBox: sides)
    groups = RowPartition(rowCount: bricksPerBatch * offsets.count, groupSize: offsets.count)
    draws = SeededGenerator(seed: seed)
  }

  /// The number of rows of a batch.
  public var rowCount: Int { groups.rowCount }

  /// The next bricks; each is a group.
  public mutating func nextBatch() -> Batch<Scalar> {
    var generator = draws.branch(UInt64(step))
    step += 1
    var rows: [Int] = []
    rows.reserveCapacity(rowCount)
    var weights: [Scalar] = []
    for draw in 0..<bricksPerBatch {
      let place = Double(draw) + Double.random(in: 0..<1, using: &generator)
      let number = Int(place * Double(bricks.count) / Double(bricksPerBatch))
      let first = corner(ofBrick: min(number, bricks.count - 1))
      let start = grid.point(at: first)
      rows += offsets.map { start + $0 }
      if overlap { weights += self.weights(ofBrickAt: first) }
    }
    return Batch(
      inputs: signal.inputRows.selecting(rows), targets: signal.targetRows.selecting(rows),
      groups: groups,
      weights: overlap ? Tensor(weights).reshaped(to: [rowCount, 1]) : nil
    ).adjusted(signal.isAdjusted)
  }

  /// The indices along each axis of a brick's first point.
  private func corner(ofBrick brick: Int) -> [Int] {
    bricks.indices(ofPoint: brick).enumerated().map { axis, index in
      min(index * brickSides[axis], grid.extents[axis] - brickSides[axis])
    }
  }

  /// Whether there are points that lie in several bricks.
  private var overlap: Bool { zip(grid.extents, brickSides).contains { !$0.isMultiple(of: $1) } }

  /// The weights of a brick's points, in order: the points' share of all that bricks hold, over how many hold each.
  private func weights(ofBrickAt corner: [Int]) -> [Scalar] {
    let scale = Double(bricks.count) * Double(offsets.count) / Double(grid.count)
    let alongAxes = corner.indices.map { axis -> [Double] in
      let (side, extent) = (brickSides[axis], grid.extents[axis])
      // The last brick and the one before it share what the last would have had to reach beyond the grid for.
      let shared = (extent - side)..<(extent / side * side)
      let isCut = !extent.isMultiple(of: side)
      return (corner[axis]..<(corner[axis] + side)).map { isCut && shared.contains($0) ? 0.5 : 1 }
    }
    return alongAxes.reduce([scale]) { weights, axis in
      weights.flatMap { weight in axis.map { weight * $0 } }
    }.map { Scalar($0) }
  }

  /// Shows the generator of the draws and how many batches were drawn.
  ///
  /// - Throws: `StateError` if that is negative.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&draws, named: "draws")
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) steps")
  }
}
