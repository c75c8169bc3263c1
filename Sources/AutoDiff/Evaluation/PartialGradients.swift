import TensorKit

/// A shard's part of the gradients of some leaves.
struct PartialGradients<Scalar: TensorScalar>: ShardResult {
  /// For each leaf its gradient.
  var leaves: [CotangentSum<Scalar>] = []

  /// Nothing, for no leaves.
  init() {}

  /// Nothing, for a number of leaves.
  init(count: Int) { leaves = [CotangentSum<Scalar>](repeating: CotangentSum(), count: count) }

  /// Adds another shard's part, in place.
  mutating func combine(_ next: PartialGradients) {
    for (index, part) in next.leaves.enumerated() { leaves[index].combine(part) }
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&leaves, named: "leaves", startingFrom: CotangentSum())
  }
}
