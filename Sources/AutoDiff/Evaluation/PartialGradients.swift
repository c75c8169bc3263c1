import TensorKit

/// A shard's part of the gradients of some leaves.
struct PartialGradients<Scalar: TensorScalar>: Sendable {
  /// For each leaf its gradient, nil as long as nothing was added.
  var leaves: [Tensor<Scalar>?]

  /// Nothing, for a number of leaves.
  init(count: Int) { leaves = [Tensor<Scalar>?](repeating: nil, count: count) }

  /// Adds another shard's part, in place.
  static func += (left: inout PartialGradients, right: PartialGradients) {
    for (index, part) in right.leaves.enumerated() {
      guard let part else { continue }
      if left.leaves[index] == nil {
        left.leaves[index] = part
      } else {
        left.leaves[index]? += part
      }
    }
  }
}
