import AutoDiff
import TensorKit

/// Some points of each block of a regular grid at a time, drawn at random: a small batch that covers the whole signal
/// evenly.
///
/// A step on one pixel of each block of 4 x 4 costs a sixteenth of a step on all, and its gradient is nearer to theirs
/// than that of as many pixels drawn from anywhere: of every block there is one. Each block passes through its points
/// in a random order, a new one for each pass, so that all points of the grid come equally often.
///
/// With one point of a block, the rows of every batch are a grid of blocks in row-major order, whose bands of frequency
/// an adjuster evens out:
///
/// ```swift
/// let signal = PictureSignal<Float>(picture, patch: 8)
/// var source = StratifiedBatches(of: signal.batch, on: signal.grid, blockSide: 4, seed: 1)
/// let adjuster = BandEqualizer<Float>(CosineBands(source.blocks))
/// ```
///
/// Blocks that the grid's far ends cut off have fewer points. If there are any, each row has a weight, its block's share
/// of the points, so that the expected gradient is that of all points.
public struct StratifiedBatches<Scalar: TensorScalar>: BatchSource {
  /// The blocks as a grid.
  public let blocks: RowGrid
  /// The number of points along each side of a block.
  public let blockSide: Int
  /// How many points are drawn of each block.
  public let rowsPerBlock: Int
  /// How the rows of a batch form groups.
  public let groups: RowPartition
  private let signal: Batch<Scalar>
  private let grid: RowGrid
  /// The row of the signal that holds each point; nil if they are in order.
  private let rowOfPoint: [Int]?
  private let weights: Tensor<Scalar>?
  /// Has a branch for each pass, which gives the orders of that pass.
  private var orders: SeededGenerator
  /// How many batches were drawn.
  private var step = 0

  /// Batches of some points of each block.
  ///
  /// - Parameters:
  ///   - signal: All rows.
  ///   - grid: Where they lie.
  ///   - side: The number of points along each side of a block.
  ///   - rowsPerBlock: How many points are drawn of each block at a time; they follow one another.
  ///   - groups: How the rows of a batch form groups; those of each block by default.
  ///   - seed: Seeds the orders.
  /// - Precondition: The grid has the signal's rows, the numbers are positive, no more points are drawn than a block
  ///   has, and the groups are of as many rows as a batch has.
  public init(
    of signal: Batch<Scalar>, on grid: RowGrid, blockSide side: Int, rowsPerBlock: Int = 1,
    groups: RowPartition? = nil, seed: UInt64 = 0
  ) {
    precondition(
      signal.rowCount == grid.count, "a grid of \(grid.count) points for \(signal.rowCount) rows")
    precondition(
      side > 0 && rowsPerBlock > 0
        && rowsPerBlock <= grid.extents.reduce(1) { count, _ in count * side },
      "\(rowsPerBlock) points of each block of side \(side)")
    let blocks = RowGrid(extents: grid.extents.map { ($0 + side - 1) / side })
    let rowCount = blocks.count * rowsPerBlock
    self.blocks = blocks
    self.grid = grid
    self.signal = signal
    self.rowsPerBlock = rowsPerBlock
    self.groups = groups ?? RowPartition(rowCount: rowCount, groupSize: rowsPerBlock)
    precondition(
      self.groups.rowCount == rowCount,
      "groups of \(self.groups.rowCount) rows for batches of \(rowCount)")
    blockSide = side
    rowOfPoint = grid.points.map { points in
      var rows = [Int](repeating: 0, count: points.count)
      for (row, point) in points.enumerated() { rows[point] = row }
      return rows
    }
    orders = SeededGenerator(seed: seed)
    if grid.extents.allSatisfy({ $0.isMultiple(of: side) }) {
      weights = nil
    } else {
      let scale = Double(blocks.count) / Double(grid.count)
      weights = Tensor<Scalar>(shape: [rowCount, 1]) { elements in
        for block in 0..<blocks.count {
          let size = Self.points(ofBlock: block, blocks, grid, side: side).sides.reduce(1, *)
          for row in 0..<rowsPerBlock {
            elements[block * rowsPerBlock + row] = Scalar(Double(size) * scale)
          }
        }
      }
    }
  }

  /// The number of rows of a batch.
  public var rowCount: Int { blocks.count * rowsPerBlock }

  /// In how many steps every point of a whole block comes once.
  public var stepsPerEpoch: Int {
    let size = grid.extents.reduce(1) { count, _ in count * blockSide }
    return (size + rowsPerBlock - 1) / rowsPerBlock
  }

  /// The next points of each block.
  public mutating func nextBatch() -> Batch<Scalar> {
    let rows = nextRows()
    return Batch(
      inputs: signal.inputRows.selecting(rows), targets: signal.targetRows.selecting(rows),
      groups: groups, weights: weights)
  }

  /// The signal's rows that the next batch holds.
  mutating func nextRows() -> [Int] {
    var rows: [Int] = []
    rows.reserveCapacity(rowCount)
    // Blocks of equal size are in the same pass.
    var passes: [Int: SeededGenerator] = [:]
    for block in 0..<blocks.count {
      let (first, sides) = Self.points(ofBlock: block, blocks, grid, side: blockSide)
      let size = sides.reduce(1, *)
      var known: (pass: Int, order: RandomOrder)?
      for draw in 0..<rowsPerBlock {
        let (pass, place) = (step * rowsPerBlock + draw).quotientAndRemainder(dividingBy: size)
        if known?.pass != pass {
          let generator = passes[pass] ?? orders.branch(UInt64(pass))
          passes[pass] = generator
          known = (pass, RandomOrder(count: size, using: generator.branch(UInt64(block))))
        }
        let point = point(known?.order[place] ?? 0, of: sides, from: first)
        rows.append(rowOfPoint?[point] ?? point)
      }
    }
    step += 1
    return rows
  }

  /// Where a block begins along each axis, and its number of points along each.
  private static func points(
    ofBlock block: Int, _ blocks: RowGrid, _ grid: RowGrid, side: Int
  ) -> (first: [Int], sides: [Int]) {
    let first = blocks.indices(ofPoint: block).map { $0 * side }
    return (first, zip(first, grid.extents).map { min(side, $1 - $0) })
  }

  /// The point of the grid at a place of a block.
  private func point(_ place: Int, of sides: [Int], from first: [Int]) -> Int {
    var (rest, point, stride) = (place, 0, 1)
    for axis in sides.indices.reversed() {
      point += (first[axis] + rest % sides[axis]) * stride
      rest /= sides[axis]
      stride *= grid.extents[axis]
    }
    return point
  }

  /// Shows the generator of the orders and how many batches were drawn.
  ///
  /// - Throws: `StateError` if that is negative.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&orders, named: "orders")
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) steps")
  }
}
