/// What one shard of some work comes to: plain data that can be combined, and sent.
///
/// Results are combined in a fixed tree, neighbours first, so that the outcome does not depend on who worked
/// on which shard. A result lists its values once (``Checkpointable``), and that is how it goes from one
/// process to another: written down by the one, and read into a new value by the other.
///
/// ```swift
/// struct Extent: ShardResult {
///   var largest = 0.0
///   mutating func combine(_ next: Extent) { largest = max(largest, next.largest) }
///   mutating func visitState(_ visitor: inout StateVisitor) throws {
///     try visitor.visit(&largest, named: "largest")
///   }
/// }
/// ```
public protocol ShardResult: Checkpointable {
  /// The result of no shard at all, which a shard adds to, or one that was sent is read into.
  init()

  /// Adds the result of the shards that come after this one's.
  mutating func combine(_ next: Self)
}

/// The sum of a number over all shards.
public struct ShardSum<Value: StateValue & AdditiveArithmetic>: ShardResult {
  /// The sum so far.
  public var value = Value.zero

  /// A sum of nothing.
  public init() {}

  /// Adds the sum of the shards that follow.
  public mutating func combine(_ next: ShardSum) { value += next.value }

  /// Shows the sum.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&value, named: "value")
  }
}

/// Nothing, for work that adds nothing up.
public struct NoSum: ShardResult {
  /// Nothing.
  public init() {}

  /// Adds nothing.
  public mutating func combine(_ next: NoSum) {}

  /// Shows nothing.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {}
}

/// The rows that shards gave, in the order of the shards, and what they added up beside them.
public struct ShardRows<Scalar: TensorScalar, Sum: ShardResult>: ShardResult {
  /// One matrix or more for each shard.
  public var parts: [Tensor<Scalar>] = []
  /// What was added up.
  public var sum = Sum()

  /// No rows.
  public init() {}

  /// All rows in one matrix, of no columns if there are none.
  public var rows: Tensor<Scalar> { parts.isEmpty ? Tensor(zeros: [0, 0]) : .concatenated(parts) }

  /// Appends the rows of the shards that follow.
  public mutating func combine(_ next: ShardRows) {
    parts += next.parts
    sum.combine(next.sum)
  }

  /// Shows the rows and the sum.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&parts, named: "parts")
    try visitor.visit(&sum, named: "sum")
  }
}

/// Works on shards somewhere, and combines what they come to.
///
/// Threads of this process are one way (``Workers``); processes that each own a part of the tree are another
/// (``ProcessGroup``), and give the same bits. A runner gives each shard to the same thread of control in every call with as many
/// shards, or at least to the same process: what a shard keeps in memory between calls is found there.
public protocol ShardRunner: Sendable {
  /// The threads of this process, which also share what is not done in shards.
  var workers: Workers { get }

  /// Whether all shards are worked on in this process, so that they may write to one tensor.
  var sharesMemory: Bool { get }

  /// Calls a closure once for each shard, and combines what it returned.
  ///
  /// Neighbours are combined in a binary tree that depends on nothing but the number of shards.
  ///
  /// - Returns: All results combined; nil if there are no shards.
  /// - Throws: The error of the first shard, in order, that threw.
  func reduce<Result: ShardResult>(
    _ shards: Int, _ body: @escaping @Sendable (_ shard: Int) throws -> Result
  ) throws -> Result?
}

extension ShardRunner {
  /// All cores.
  public var workers: Workers { Workers() }

  /// Shards may be anywhere.
  public var sharesMemory: Bool { false }
}

extension Workers: ShardRunner {
  /// These threads.
  public var workers: Workers { self }

  /// All shards are worked on in this process.
  public var sharesMemory: Bool { true }

  /// Runs a closure once for each shard, several at a time, and combines what it returned in the tree of
  /// ``reduce(_:_:combining:)``.
  public func reduce<Result: ShardResult>(
    _ shards: Int, _ body: @escaping @Sendable (_ shard: Int) throws -> Result
  ) throws -> Result? {
    try reduce(shards, body) { $0.combine($1) }
  }
}
