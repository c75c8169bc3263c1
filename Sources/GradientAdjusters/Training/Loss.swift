import TensorKit

/// A loss that is a sum over the rows of a batch.
public protocol Loss<Scalar>: Sendable {
  /// The type of numbers that outputs and targets have.
  associatedtype Scalar: TensorScalar

  /// The part of the loss that some rows contribute, and its derivative by their outputs.
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, outputs].
  ///   - targets: Shape: [rows, outputs].
  ///   - rowCount: The number of rows of the whole batch, for losses that are means.
  /// - Returns: The rows' part of the loss, and ∂loss/∂outputs of shape [rows, outputs].
  func valueWithCotangents(
    outputs: consuming Tensor<Scalar>, targets: Tensor<Scalar>, rowCount: Int
  ) -> (value: Double, cotangents: Tensor<Scalar>)
}

/// The mean of squared residuals over all elements of the batch, as in the published experiments.
///
/// Its derivative is 2 · residual / (rows · outputs).
public struct MeanSquaredError<Scalar: TensorScalar>: Loss {
  /// The mean of squared residuals.
  public init() {}

  /// The rows' part of the mean, and its derivative.
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
