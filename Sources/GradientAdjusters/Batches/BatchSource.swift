import AutoDiff
import TensorKit

/// Gives each step its batch.
///
/// A source that draws carries its generator, so that it is part of what a run saves: see `visitState(_:)`.
///
/// ```swift
/// var source = MiniBatches(of: signal.batch, rowCount: 8192, seed: 1)
/// for _ in 0..<1000 { try trainer.advance(on: source.nextBatch()) }
/// ```
public protocol BatchSource<Scalar>: Checkpointable {
  /// The type of numbers of inputs and targets.
  associatedtype Scalar: TensorScalar

  /// The batch of the next step.
  mutating func nextBatch() throws -> Batch<Scalar>
}

/// The whole signal at every step.
public struct WholeBatch<Scalar: TensorScalar>: BatchSource {
  private let batch: Batch<Scalar>

  /// The same batch at every step.
  public init(_ batch: Batch<Scalar>) { self.batch = batch }

  /// The batch.
  public mutating func nextBatch() -> Batch<Scalar> { batch }

  /// Shows nothing: there is nothing to remember.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {}
}

/// Some rows of a signal at a time, drawn at random.
///
/// Without replacement every row comes once before any comes again: a pass over a random order, a new one after
/// each. Rows that a pass ends with and that are too few for a batch are left to a later pass. With
/// replacement every batch is drawn from all rows, and holds none twice.
///
/// The batch's groups are the signal's, each with those of its rows that were drawn.
public struct MiniBatches<Scalar: TensorScalar>: BatchSource {
  private let signal: Batch<Scalar>
  private let rowCount: Int
  private let isReplacing: Bool
  private var generator: SeededGenerator
  /// What is left of the order that is passed through; its end comes first.
  private var order: [Int] = []

  /// Mini-batches of a signal.
  ///
  /// - Parameters:
  ///   - signal: All rows.
  ///   - rowCount: How many rows a batch has.
  ///   - isReplacing: Whether each batch is drawn from all rows, rather than from those that the pass
  ///     has left.
  ///   - seed: Seeds the draws.
  /// - Precondition: There are as many rows, and at least one.
  public init(
    of signal: Batch<Scalar>, rowCount: Int, isReplacing: Bool = false, seed: UInt64 = 0
  ) {
    precondition(
      rowCount > 0 && rowCount <= signal.rowCount,
      "mini-batches of \(rowCount) rows of a signal of \(signal.rowCount)")
    self.signal = signal
    self.rowCount = rowCount
    self.isReplacing = isReplacing
    generator = SeededGenerator(seed: seed)
  }

  /// The next rows.
  public mutating func nextBatch() -> Batch<Scalar> {
    if isReplacing || order.count < rowCount {
      order = Array(0..<signal.rowCount)
      // The end of a shuffle by Fisher and Yates, as far as it is needed.
      let drawn = isReplacing ? rowCount : order.count
      for index in 0..<drawn {
        let last = order.count - 1 - index
        order.swapAt(last, Int.random(in: 0...last, using: &generator))
      }
    }
    let rows = order.suffix(rowCount)
    order.removeLast(rowCount)
    if isReplacing { order = [] }
    return signal.selecting(Array(rows))
  }

  /// Shows the generator and what is left of the order.
  ///
  /// - Throws: `StateError` if a row is not one of the signal's.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&order, named: "order")
    let range = 0..<signal.rowCount
    try visitor.require(
      order.allSatisfy(range.contains) && Set(order).count == order.count, of: "order",
      "it is no order of \(range.count) rows")
  }
}

/// A batch that is drawn anew at each step, by a function of the package's user.
///
/// ```swift
/// let source = DrawnBatches<Float>(seed: 1) { generator in
///   let points = Tensor<Float>.uniform(over: -1...1, shape: [4096, 3], using: &generator)
///   return Batch(inputs: points, targets: distances(at: points))
/// }
/// ```
public struct DrawnBatches<Scalar: TensorScalar>: BatchSource {
  /// Draws a batch.
  public typealias Draw = @Sendable (_ generator: inout SeededGenerator) throws -> Batch<Scalar>

  private var generator: SeededGenerator
  private let draw: Draw

  /// Batches that a function draws.
  ///
  /// - Parameters:
  ///   - seed: Seeds the generator that the function is given.
  ///   - draw: Draws a batch.
  public init(seed: UInt64 = 0, drawing draw: @escaping Draw) {
    generator = SeededGenerator(seed: seed)
    self.draw = draw
  }

  /// A batch that was drawn just now.
  ///
  /// - Throws: What the function throws.
  public mutating func nextBatch() throws -> Batch<Scalar> { try draw(&generator) }

  /// Shows the generator.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
  }
}
