import AutoDiff
import TensorKit

/// A loss of signed distances that are learned from points of a surface with normals, and from the rule that a
/// distance's gradient has the length 1.
///
/// The model gives the distance and its gradient by position, as `FieldWithGradient` does. Targets say of each row
/// whether it lies on the surface, 1 or 0, and what the normal is there. With n the normal,
///
///     on the surface   surface · |f| + normal · (1 - cos(∇f, n)),
///     elsewhere        elsewhere · exp(-sharpness |f|),
///     everywhere       eikonal · | |∇f| - 1 |.
///
/// The mean is over all rows, of either kind.
///
/// Source: V. Sitzmann et al., "Implicit neural representations with periodic activation functions", NeurIPS 2020,
/// section 4.2, with the weights of the released code. The paper states 3e3 for `elsewhere` too.
public struct EikonalLoss<Scalar: TensorScalar>: RowLoss {
  /// The weight of distances on the surface.
  public var surface = 3e3
  /// The weight of the directions of gradients on the surface.
  public var normal = 1e2
  /// The weight of small distances elsewhere.
  public var elsewhere = 1e2
  /// How fast that weight falls with the distance.
  public var sharpness = 1e2
  /// The weight of the gradients' lengths.
  public var eikonal = 5e1

  /// The loss with its published weights.
  public init() {}

  /// The loss of each row, of shape [rows, 1].
  ///
  /// - Parameters:
  ///   - outputs: The distance and its gradient. Shape: [rows, 1 + coordinates].
  ///   - targets: Whether the row lies on the surface, and the normal. Shape: [rows, 1 + coordinates].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let columns = outputs.shape[1]
    let size = outputs.slice(0..<1, alongAxis: 1).absoluteValue()
    let gradient = outputs.slice(1..<columns, alongAxis: 1)
    let length = gradient.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
    let normals = Variable(targets.slice(1..<columns, alongAxis: 1))
    let cosine = (gradient * normals).sum(alongAxis: 1, keepingAxis: true) / length
    let isOnSurface = Variable(targets.slice(0..<1, alongAxis: 1))
    let onSurface = size * Scalar(surface) + (1 - cosine) * Scalar(normal)
    let offSurface = (size * Scalar(-sharpness)).exponential() * Scalar(elsewhere)
    return isOnSurface * onSurface + (1 - isOnSurface) * offSurface
      + (length - 1).absoluteValue() * Scalar(eikonal)
  }
}
