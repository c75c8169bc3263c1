import TensorKit

/// A shard's part of the gradients of some leaves.
struct PartialGradients<Scalar: TensorScalar>: ShardResult {
  /// For each leaf its gradient, nil as long as nothing was added.
  var leaves: [Tensor<Scalar>?] = []

  /// Nothing, for no leaves.
  init() {}

  /// Nothing, for a number of leaves.
  init(count: Int) { leaves = [Tensor<Scalar>?](repeating: nil, count: count) }

  /// Adds another shard's part, in place.
  mutating func combine(_ next: PartialGradients) {
    for (index, part) in next.leaves.enumerated() {
      guard let part else { continue }
      if leaves[index] == nil { leaves[index] = part } else { leaves[index]? += part }
    }
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    var count = leaves.count
    try visitor.visit(&count, named: "count")
    if visitor.isReading { self = PartialGradients(count: count) }
    for leaf in leaves.indices { try visitor.visit(&leaves[leaf], named: "\(leaf)") }
  }
}
