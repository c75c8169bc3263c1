import AutoDiff
import TensorKit

/// Whole groups of a signal at a time, in passes over a random order of all of them.
///
/// A pass is an epoch: every group comes once, so many to a step and the rest in the last one. Rows that belong
/// to no group follow in a step of their own, which adjusters leave alone. Each epoch has an order of its own.
///
/// ```swift
/// let signal = VolumeSignal<Float>(volume, groups: .runs(256))
/// var source = signal.batches(groupsPerBatch: 512, seed: 1)
/// for _ in 0..<(200 * source.stepsPerEpoch) { try trainer.advance(on: source.nextBatch()) }
/// ```
///
/// This is how K. Shi et al., ICML 2025, fit volumes.
public struct GroupBatches<Scalar: TensorScalar>: BatchSource {
  /// Makes the batch of some groups, which are given in the order of the draw.
  public typealias Making = @Sendable (_ groups: ArraySlice<Int>) -> Batch<Scalar>

  /// How many groups there are.
  public let groupCount: Int
  /// How many groups a step has, but for the last of an epoch.
  public let groupsPerBatch: Int
  /// Of a last step with fewer groups the residuals are not adjusted.
  public let fewestAdjusted: Int
  private let make: Making
  private let remainder: Batch<Scalar>?
  private var generator: SeededGenerator
  /// The order of this epoch; empty before the first.
  private var order: [Int] = []
  /// How many steps of this epoch have been given.
  private var stepOfEpoch = 0
  /// How many epochs are complete.
  public private(set) var epoch = 0

  /// Batches of groups that a function makes.
  ///
  /// - Parameters:
  ///   - groupCount: How many groups there are.
  ///   - groupsPerBatch: How many groups a step has; fewer if there are not as many.
  ///   - fewestAdjusted: How many groups a step needs for its residuals to be adjusted, such as one more than the
  ///     eigenvalues that an adjuster equalizes.
  ///   - remainder: The rows of no group; nil if there are none.
  ///   - seed: Seeds the orders.
  ///   - make: Makes the batch of some groups.
  /// - Precondition: The numbers are positive, or there are no groups but a remainder.
  public init(
    groupCount: Int, groupsPerBatch: Int, fewestAdjusted: Int = 1,
    remainder: Batch<Scalar>? = nil, seed: UInt64 = 0, making make: @escaping Making
  ) {
    precondition(
      groupsPerBatch > 0 && groupCount >= 0 && (groupCount > 0 || remainder != nil),
      "batches of \(groupsPerBatch) groups of \(groupCount)")
    self.groupCount = groupCount
    self.groupsPerBatch = min(groupsPerBatch, max(groupCount, 1))
    self.fewestAdjusted = fewestAdjusted
    self.remainder = remainder.map { $0.adjusted(false) }
    self.make = make
    generator = SeededGenerator(seed: seed)
  }

  /// Batches of a signal's groups.
  ///
  /// - Parameters:
  ///   - signal: All rows, in groups.
  ///   - groupsPerBatch: How many groups a step has; fewer if there are not as many.
  ///   - fewestAdjusted: How many groups a step needs for its residuals to be adjusted.
  ///   - seed: Seeds the orders.
  /// - Precondition: There is a row, and the number is positive.
  public init(
    of signal: Batch<Scalar>, groupsPerBatch: Int, fewestAdjusted: Int = 1, seed: UInt64 = 0
  ) {
    let others = signal.groups.remainder
    self.init(
      groupCount: signal.groups.count, groupsPerBatch: groupsPerBatch,
      fewestAdjusted: fewestAdjusted,
      remainder: others.isEmpty
        ? nil
        : Batch(
          inputs: signal.inputRows.selecting(others), targets: signal.targetRows.selecting(others)),
      seed: seed
    ) { groups in
      let rows = groups.map { signal.groups.rows(ofGroups: $0..<($0 + 1)).map { $0 } }
      let listed = rows.flatMap(\.self)
      return Batch(
        inputs: signal.inputRows.selecting(listed), targets: signal.targetRows.selecting(listed),
        groups: RowPartition(groupSizes: rows.map(\.count)))
    }
  }

  /// How many steps an epoch has, the one of the rows of no group included.
  public var stepsPerEpoch: Int { groupStepsPerEpoch + (remainder == nil ? 0 : 1) }

  private var groupStepsPerEpoch: Int { (groupCount + groupsPerBatch - 1) / groupsPerBatch }

  /// The next groups, or the rows of no group.
  public mutating func nextBatch() -> Batch<Scalar> {
    if stepOfEpoch == stepsPerEpoch {
      stepOfEpoch = 0
      epoch += 1
      order = []
    }
    if order.isEmpty { order = Array(0..<groupCount).shuffled(using: &generator) }
    defer { stepOfEpoch += 1 }
    if let remainder, stepOfEpoch == groupStepsPerEpoch { return remainder }
    let first = stepOfEpoch * groupsPerBatch
    let groups = order[first..<min(first + groupsPerBatch, groupCount)]
    return make(groups).adjusted(groups.count >= fewestAdjusted)
  }

  /// Shows the generator, the order and how far it is worked off.
  ///
  /// - Throws: `StateError` if it is no order of the groups.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&order, named: "order")
    try visitor.visit(&stepOfEpoch, named: "stepOfEpoch")
    try visitor.visit(&epoch, named: "epoch")
    try visitor.require(
      order.isEmpty || order.sorted().elementsEqual(0..<groupCount), of: "order",
      "it is no order of \(groupCount) groups")
    try visitor.require(
      (0...stepsPerEpoch).contains(stepOfEpoch) && epoch >= 0, of: "stepOfEpoch",
      "\(stepOfEpoch) of \(stepsPerEpoch) steps in epoch \(epoch)")
  }
}
