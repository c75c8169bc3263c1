import AutoDiff
import TensorKit

/// A loss of each row of a batch, as a function of the row's outputs and targets.
///
/// The loss of a batch is the mean over its rows. A conforming type writes the function; cotangents come
/// from its derivative:
///
/// ```swift
/// /// The logarithm of the hyperbolic cosine of residuals, summed over the outputs.
/// struct LogCosh<Scalar: TensorScalar>: RowLoss {
///   func callAsFunction(
///     _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
///   ) -> Variable<Scalar> {
///     let residual = outputs - Variable(targets)
///     // log cosh r = r + softplus(-2 r) - log 2
///     let elements = residual + (residual * -2).softplus() - Scalar(0.693147180559945309)
///     return elements.sum(alongAxis: 1, keepingAxis: true)
///   }
/// }
/// ```
///
/// Rows must not depend on each other: they are given tile by tile. Targets may have more columns than the model has
/// outputs, such as a normal for each row; the loss decides what they mean.
public protocol RowLoss<Scalar>: Sendable {
  /// The type of numbers that outputs and targets have.
  associatedtype Scalar: TensorScalar

  /// The loss of each of some rows.
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, outputs].
  ///   - targets: The rows' targets, of shape [rows, outputs] or wider.
  /// - Returns: Shape: [rows, 1].
  func callAsFunction(_ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>) -> Variable<Scalar>

  /// What some rows contribute to the mean over all rows of the batch, and its derivative by their outputs.
  ///
  /// Has a default that differentiates the function. A conformance may write it out to be faster.
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, outputs].
  ///   - targets: Shape: [rows, outputs], or wider.
  ///   - rowCount: The number of rows of the whole batch, by which the rows' sum is divided.
  /// - Returns: The sum of the rows' losses divided by `rowCount`, and ∂/∂outputs of that, of shape
  ///   [rows, outputs].
  func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, rowCount: Int
  ) -> (value: Double, cotangents: Tensor<Scalar>)
}

extension RowLoss {
  /// What some rows contribute to the mean, and its derivative, by differentiating the function.
  ///
  /// - Precondition: The function returns shape [rows, 1].
  public func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, rowCount: Int
  ) -> (value: Double, cotangents: Tensor<Scalar>) {
    let share = Tensor<Scalar>(repeating: 1 / Scalar(rowCount), shape: [targets.shape[0], 1])
    return valueWithCotangents(outputs: outputs, targets: targets, shares: share)
  }

  /// The sum of some rows' losses, each times a share of its own, and its derivative by the outputs.
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, outputs].
  ///   - targets: Shape: [rows, outputs], or wider.
  ///   - shares: Shape: [rows, 1].
  /// - Precondition: The function returns shape [rows, 1].
  func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, shares: Tensor<Scalar>
  ) -> (value: Double, cotangents: Tensor<Scalar>) {
    let (losses, pullback) = valueWithPullback(at: [Variable(outputs)]) { self($0[0], targets) }
    precondition(
      losses.shape == [targets.shape[0], 1],
      "losses of shape \(losses.shape) for \(targets.shape[0]) rows; one number each is needed")
    return (losses.value.dotInDouble(shares), pullback(Variable(shares))[0].value)
  }
}
