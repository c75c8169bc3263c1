import AutoDiff
import TensorKit

/// The mean over rows of squared residuals, each row times a weight of its own.
///
/// Targets have one column more than the model has outputs: the row's weight. The loss of a row is its weight times
/// the mean of its squared residuals. For a sum over n rows, give them n times the weight.
public struct WeightedSquaredError<Scalar: TensorScalar>: RowLoss {
  /// Weighted squared residuals.
  public init() {}

  /// Each row's weighted mean of squared residuals, of shape [rows, 1].
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, outputs].
  ///   - targets: Shape: [rows, outputs + 1]; the weights are last.
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let (values, weights) = split(targets, outputs: outputs.shape[1])
    return (outputs - Variable(values)).squared().mean(alongAxis: 1, keepingAxis: true)
      * Variable(weights)
  }

  /// The rows' part of the mean, and its derivative, without a recording.
  public func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, rowCount: Int
  ) -> (value: Double, cotangents: Tensor<Scalar>) {
    let columns = outputs.shape[1]
    let (values, weights) = split(targets, outputs: columns)
    let residual = outputs - values
    let weighted = residual * weights
    let elements = Double(rowCount * columns)
    return (weighted.dotInDouble(residual) / elements, weighted * Scalar(2 / elements))
  }

  private func split(
    _ targets: Tensor<Scalar>, outputs: Int
  ) -> (values: Tensor<Scalar>, weights: Tensor<Scalar>) {
    precondition(
      targets.shape[1] == outputs + 1,
      "targets with \(targets.shape[1]) columns for \(outputs) outputs and a weight")
    return (
      targets.slice(0..<outputs, alongAxis: 1), targets.slice(outputs..<(outputs + 1), alongAxis: 1)
    )
  }
}
