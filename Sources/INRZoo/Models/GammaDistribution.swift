import TensorKit

/// A number from the gamma distribution of a given shape and rate 1.
///
/// Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM
/// Transactions on Mathematical Software 26(3), 2000.
///
/// - Precondition: The shape is positive.
func gammaDistributed(
  shape: Double, using generator: inout some RandomNumberGenerator
) -> Double {
  precondition(shape > 0, "a gamma distribution of shape \(shape)")
  if shape < 1 {
    // Section 6: a number of shape + 1, times a power of a uniform one.
    let larger = gammaDistributed(shape: shape + 1, using: &generator)
    return larger * positiveUniform(using: &generator).raised(to: 1 / shape)
  }
  let d = shape - 1 / 3.0
  let c = 1 / (9 * d).squareRoot()
  while true {
    let x = Tensor<Double>.normal(shape: [], using: &generator).scalar
    let base = 1 + c * x
    guard base > 0 else { continue }
    let v = base * base * base
    let bound = x * x / 2 + d - d * v + d * v.logarithm()
    if positiveUniform(using: &generator).logarithm() < bound { return d * v }
  }
}

/// Uniform over (0, 1].
private func positiveUniform(using generator: inout some RandomNumberGenerator) -> Double {
  1 - Tensor<Double>.uniform(over: 0...1, shape: [], using: &generator).scalar
}
