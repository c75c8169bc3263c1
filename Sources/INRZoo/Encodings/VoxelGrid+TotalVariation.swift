import AutoDiff
import TensorKit

extension VoxelGrid {
  /// The total variation of the values: the sum of a smooth absolute value of differences between neighbours.
  ///
  /// Along each axis and for each channel the difference d of two neighbours counts as d²/2 where |d| is less than
  /// the bound, and as bound · (|d| − bound/2) elsewhere. The gradient is that of Direct voxel grid optimization:
  /// differences clamped to ± the bound. It has a weight there, divided by 6.
  ///
  /// - Parameter bound: The difference at which the absolute value begins.
  /// - Returns: One number, which can be differentiated by the values.
  /// - Precondition: The bound is positive.
  public func totalVariation(bound: Scalar = 1) -> Variable<Scalar> {
    precondition(bound > 0, "a total variation with differences clamped to \(bound)")
    let field = values.reshaped(to: [extents.x, extents.y, extents.z, outputs])
    var sum = Variable(Tensor<Scalar>(0))
    for axis in 0..<3 where extents[axis] > 1 {
      let difference =
        field.slice(1..<extents[axis], alongAxis: axis)
        - field.slice(0..<(extents[axis] - 1), alongAxis: axis)
      let clamped = difference.clamped(to: -bound...bound)
      sum = sum + (clamped * (difference - clamped * 0.5)).sum()
    }
    return sum
  }

  /// The gradient of the total variation by the values.
  ///
  /// - Parameters:
  ///   - bound: The difference at which the absolute value begins.
  ///   - gradient: If there is one, entries where it is zero stay zero: values that a step does not touch are
  ///     not made smooth by it, as published for all but the dense form. Shape: that of the values.
  /// - Returns: Shape: that of the values.
  /// - Precondition: The bound is positive and the shapes agree.
  public func totalVariationGradient(
    bound: Scalar = 1, whereNonzero gradient: Tensor<Scalar>? = nil
  ) -> Tensor<Scalar> {
    precondition(
      gradient.map { $0.shape == values.shape } ?? true,
      "a gradient of shape \(gradient?.shape ?? []) for values of shape \(values.shape)")
    let grid = self
    let (_, pullback) = valueWithPullback(at: [values.detached()]) { variables in
      var copy = grid
      copy.values = variables[0]
      return copy.totalVariation(bound: bound)
    }
    let all = pullback(Variable(Tensor(1)))[0].value
    guard let gradient else { return all }
    return all * gradient.sign().absoluteValue()
  }
}
