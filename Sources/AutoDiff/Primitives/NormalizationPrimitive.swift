import TensorKit

/// Normalization by given statistics, then an activation: `f(x̂ ∘ w + b)` with `x̂ = (z - mean) · scale`,
/// inputs z, w and b.
///
/// The statistics are constants here, so rows are independent. A recording keeps the values, and the slopes
/// where they are needed soon. x̂ is computed again where it is needed, and slopes that were not kept: to
/// write and read them takes longer once they have left the cache. Per-sample gradients have the factors D ∘ x̂ by the
/// weight and D by the bias, with D the cotangents of the pre-activations.
struct NormalizationPrimitive<A: Activation>: Primitive {
  typealias Scalar = A.Scalar
  let statistics: ColumnStatistics<Scalar>
  let activation: A
  /// Whether a recording keeps the slopes.
  var keepsSlopes = true

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    fused(inputs, slopes: false).values
  }

  func evaluate(at inputs: [Tensor<Scalar>]) -> Evaluation<Scalar> {
    let (values, slopes) = fused(inputs, slopes: keepsSlopes)
    return Evaluation(value: values, saved: slopes)
  }

  private func fused(
    _ inputs: [Tensor<Scalar>], slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    activation.fused(
      statistics.standardized(inputs[0], scaledBy: inputs[1]), bias: inputs[2], slopes: slopes)
  }

  /// The cotangent of what the activation is applied to.
  private func innerCotangent(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    activation.pullback(
      cotangent, values: evaluation.value,
      slopes: keepsSlopes ? evaluation.saved : fused(inputs, slopes: true).slopes)
  }

  private func standardized(_ values: Variable<Scalar>) -> Variable<Scalar> {
    (values - Variable(statistics.offset)) * Variable(statistics.scale)
  }

  private func preactivation(_ inputs: [Variable<Scalar>]) -> Variable<Scalar> {
    standardized(inputs[0]) * inputs[1] + inputs[2]
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    let terms = [
      tangents[0].map { $0 * (inputs[1] * Variable(statistics.scale)) },
      tangents[1].map { standardized(inputs[0]) * $0 },
      tangents[2].map { $0.broadcast(to: output.shape) },
    ].compactMap { $0 }
    guard let first = terms.first else { return nil }
    return terms.dropFirst().reduce(first, +) * activation.slope(at: preactivation(inputs))
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let inner = cotangent * activation.slope(at: preactivation(inputs))
    return [
      needed[0] ? inner * (inputs[1] * Variable(statistics.scale)) : nil,
      needed[1] ? (inner * standardized(inputs[0])).summed(to: inputs[1].shape) : nil,
      needed[2] ? inner.summed(to: inputs[2].shape) : nil,
    ]
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    var inner = innerCotangent(cotangent, of: evaluation, at: inputs)
    if results.isNeeded(1) || results.isNeeded(2) {
      let (sums, products) = inner.sumsOfProducts(
        withDeviationsOf: inputs[0], from: statistics.offset)
      results.add(Tensor(products) * statistics.scale, toInput: 1)
      results.add(Tensor(sums), toInput: 2)
    }
    if results.isNeeded(0) {
      inner.multiplyColumns(by: inputs[1] * statistics.scale)
      results.add(inner, toInput: 0)
    }
  }

  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard !needed[0] else { return nil }
    let inner = innerCotangent(cotangent, of: evaluation, at: inputs)
    var parts: [PerSampleGradient<Scalar>] = []
    if needed[1] {
      let standardized = statistics.standardized(inputs[0], scaledBy: nil)
      parts.append(
        PerSampleGradient(ofInput: 1, outer: standardized.multiplied(by: inner), inner: nil))
    }
    if needed[2] { parts.append(PerSampleGradient(ofInput: 2, outer: inner, inner: nil)) }
    return parts
  }
}
