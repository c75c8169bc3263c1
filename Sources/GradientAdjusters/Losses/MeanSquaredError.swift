import AutoDiff
import TensorKit

/// The mean of squared residuals over all elements of the batch, as in the published experiments.
///
/// Its derivative is 2 · residual / (rows · outputs).
public struct MeanSquaredError<Scalar: TensorScalar>: RowLoss {
  /// The mean of squared residuals.
  public init() {}

  /// The mean of each row's squared residuals, of shape [rows, 1].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    (outputs - Variable(targets)).squared().mean(alongAxis: 1, keepingAxis: true)
  }

  /// The rows' part of the mean, and its derivative, without a recording.
  public func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, rowCount: Int
  ) -> (value: Double, cotangents: Tensor<Scalar>) {
    let elements = Double(rowCount * targets.shape[1])
    let (residual, sumOfSquares) = outputs.residual(from: targets)
    var cotangents = residual
    cotangents *= Scalar(2 / elements)
    return (sumOfSquares / elements, cotangents)
  }
}
