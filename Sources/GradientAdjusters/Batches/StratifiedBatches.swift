import AutoDiff
import TensorKit

/// Some points of each block of a regular grid at a time, drawn at random: a small batch that covers the whole signal
/// evenly.
///
/// A step on one pixel of each block of 4 x 4 costs about a sixteenth of a step on all. No region is missed, as happens
/// where as many pixels are drawn from anywhere. Each block passes through its points
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
  /// The first point of each block, and its shape.
  private let corners: [(point: Int, shape: Int)]
  /// For each shape of blocks how far its points lie behind the first one: whole blocks, and those that are cut off.
  private let offsets: [[Int]]
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
    var shapes: [[Int]] = []
    corners = (0..<blocks.count).map { block in
      let first = blocks.indices(ofPoint: block).map { $0 * side }
      let sides = zip(first, grid.extents).map { min(side, $1 - $0) }
      let known = shapes.firstIndex(of: sides)
      if known == nil { shapes.append(sides) }
      return (grid.point(at: first), known ?? shapes.count - 1)
    }
    offsets = shapes.map(grid.offsets(ofBox:))
    if grid.extents.allSatisfy({ $0.isMultiple(of: side) }) {
      weights = nil
    } else {
      let sizes = offsets.map { Double($0.count) }
      let scale = Double(blocks.count) / Double(grid.count)
      let ofRows = corners.flatMap { corner in
        repeatElement(Scalar(sizes[corner.shape] * scale), count: rowsPerBlock)
      }
      weights = Tensor(ofRows).reshaped(to: [rowCount, 1])
    }
  }

  /// The number of rows of a batch.
  public var rowCount: Int { blocks.count * rowsPerBlock }

  /// In how many steps every point of a whole block comes once.
  public var stepsPerEpoch: Int {
    let size = blocks.extents.reduce(1) { count, _ in count * blockSide }
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
    for (block, corner) in corners.enumerated() {
      let offsets = self.offsets[corner.shape]
      var known: (pass: Int, order: RandomOrder)?
      for draw in 0..<rowsPerBlock {
        let (pass, place) = (step * rowsPerBlock + draw)
          .quotientAndRemainder(dividingBy: offsets.count)
        if known?.pass != pass {
          let generator = passes[pass] ?? orders.branch(UInt64(pass))
          passes[pass] = generator
          known = (
            pass, RandomOrder(count: offsets.count, using: generator.branch(UInt64(block)))
          )
        }
        let point = corner.point + offsets[known?.order[place] ?? 0]
        rows.append(rowOfPoint?[point] ?? point)
      }
    }
    step += 1
    return rows
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
