import TensorKit

/// The peak signal-to-noise ratio in dB of a signal whose values span [0, 1]: -10 log₁₀(error).
///
/// - Parameter meanSquaredError: The mean of squared differences over all elements.
/// - Returns: Infinity for an error of zero, NaN for one that is NaN or negative.
public func peakSignalToNoiseRatio(meanSquaredError: Double) -> Double {
  meanSquaredError < 0 ? .nan : -10 * meanSquaredError.decimalLogarithm()
}

/// The peak signal-to-noise ratio in dB of values against a reference, both in [0, 1], unclamped.
///
/// - Precondition: The shapes are equal.
public func peakSignalToNoiseRatio<Scalar>(
  of values: Tensor<Scalar>, against reference: Tensor<Scalar>
) -> Double {
  let (_, sumOfSquares) = values.residual(from: reference)
  return peakSignalToNoiseRatio(meanSquaredError: sumOfSquares / Double(values.count))
}
