import AutoDiff
import TensorKit

// Losses that grow no faster than large residuals do, so that outliers weigh less.

/// The mean of absolute residuals over all elements of the batch.
///
/// The derivative at a residual of zero is taken as zero.
public struct MeanAbsoluteError<Scalar: TensorScalar>: RowLoss {
  /// The mean of absolute residuals.
  public init() {}

  /// The mean of each row's absolute residuals, of shape [rows, 1].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    (outputs - Variable(targets)).absoluteValue().mean(alongAxis: 1, keepingAxis: true)
  }
}

/// The mean over all elements of half a squared residual r², or t (|r| - t/2) beyond a threshold t.
///
/// The two parts meet with the same value and slope.
///
/// Source: P. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35,
/// 1964.
public struct HuberLoss<Scalar: TensorScalar>: RowLoss {
  /// The size of residuals from which the loss grows linearly.
  public let threshold: Scalar

  /// A loss that is quadratic up to a threshold.
  ///
  /// - Precondition: The threshold is positive and finite.
  public init(threshold: Scalar = 1) {
    precondition(threshold > 0 && threshold.isFinite, "a Huber loss with threshold \(threshold)")
    self.threshold = threshold
  }

  /// The mean of each row's losses, of shape [rows, 1].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let residual = outputs - Variable(targets)
    // With c the clamped residual both parts are c (r - c/2).
    let clamped = residual.clamped(to: -threshold...threshold)
    return (clamped * (residual - clamped * 0.5)).mean(alongAxis: 1, keepingAxis: true)
  }
}
