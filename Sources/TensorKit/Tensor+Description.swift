extension Tensor: CustomStringConvertible {
  /// The shape and the elements in nested brackets; long axes show their first and last three.
  public var description: String {
    let type = Scalar.self == Float.self ? "Float" : "Double"
    return "Tensor<\(type)>\(shape) \(text(axis: 0, offset: 0))"
  }

  private func text(axis: Int, offset: Int) -> String {
    guard axis < rank else { return "\(storage.elements[offset])" }
    let step = shape[(axis + 1)...].reduce(1, *)
    let edge = 3
    let shown: [Int?] =
      shape[axis] <= 2 * edge
      ? Array(0..<shape[axis])
      : Array(0..<edge) + [nil] + Array((shape[axis] - edge)..<shape[axis])
    let parts = shown.map { index in
      index.map { text(axis: axis + 1, offset: offset + $0 * step) } ?? "…"
    }
    return "[" + parts.joined(separator: ", ") + "]"
  }
}

extension Tensor {
  /// The largest absolute difference between corresponding elements; NaN if one is NaN.
  ///
  /// - Precondition: The shapes are equal.
  public func largestDifference(from other: Tensor) -> Scalar {
    precondition(shape == other.shape, "tensors of shapes \(shape) and \(other.shape)")
    return count == 0 ? 0 : (self - other).absoluteValue().largest()
  }

  /// Whether two tensors agree: `|a - b| <= absolute + relative · max|b|` for all elements.
  ///
  /// The tolerance is relative to the largest magnitude of the whole tensor, not of each element:
  /// rounding errors of sums scale with the former.
  public func isApproximatelyEqual(
    to other: Tensor, relativeTolerance: Scalar, absoluteTolerance: Scalar = 0
  ) -> Bool {
    guard shape == other.shape else { return false }
    guard count > 0 else { return true }
    let scale = other.absoluteValue().largest()
    return largestDifference(from: other) <= absoluteTolerance + relativeTolerance * scale
  }
}
