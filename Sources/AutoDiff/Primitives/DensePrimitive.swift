import TensorKit

/// A linear layer with its activation: `f(x Wᵀ + b)`, inputs x, W and, if there is one, b.
///
/// One operation rather than four, so that a recording keeps the inputs, the values and the slopes,
/// never the pre-activations, and a first-order sweep makes no temporary but the layer's own. The
/// general rules compute the pre-activations again, as variables.
struct DensePrimitive<A: Activation>: Primitive {
  typealias Scalar = A.Scalar
  let activation: A

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    fused(inputs, slopes: false).values
  }

  func evaluate(at inputs: [Tensor<Scalar>]) -> Evaluation<Scalar> {
    let (values, slopes) = fused(inputs, slopes: true)
    return Evaluation(value: values, saved: slopes)
  }

  private func fused(
    _ inputs: [Tensor<Scalar>], slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    let product = Tensor.matrixProduct(inputs[0], inputs[1], transposingRight: true)
    return activation.fused(product, bias: inputs.count > 2 ? inputs[2] : nil, slopes: slopes)
  }

  private func preactivation(_ inputs: [Variable<Scalar>]) -> Variable<Scalar> {
    let product = Variable.matrixProduct(inputs[0], inputs[1], transposingRight: true)
    return inputs.count > 2 ? product + inputs[2] : product
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    var terms: [Variable<Scalar>] = []
    if let tangent = tangents[0] {
      terms.append(.matrixProduct(tangent, inputs[1], transposingRight: true))
    }
    if let tangent = tangents[1] {
      terms.append(.matrixProduct(inputs[0], tangent, transposingRight: true))
    }
    if tangents.count > 2, let tangent = tangents[2] {
      terms.append(tangent.broadcast(to: output.shape))
    }
    guard let first = terms.first else { return nil }
    let sum = terms.dropFirst().reduce(first, +)
    return sum * activation.slope(at: preactivation(inputs))
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let inner = cotangent * activation.slope(at: preactivation(inputs))
    var results: [Variable<Scalar>?] = [
      needed[0] ? .matrixProduct(inner, inputs[1]) : nil,
      needed[1] ? .matrixProduct(inner, inputs[0], transposingLeft: true) : nil,
    ]
    if inputs.count > 2 { results.append(needed[2] ? inner.summed(to: inputs[2].shape) : nil) }
    return results
  }

  func firstOrderPushforward(
    _ tangents: [Tensor<Scalar>?], of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar>? {
    var sum = Tensor<Scalar>(zeros: evaluation.value.shape)
    if let tangent = tangents[0] { sum.addProduct(tangent, inputs[1], transposingRight: true) }
    if let tangent = tangents[1] { sum.addProduct(inputs[0], tangent, transposingRight: true) }
    if tangents.count > 2, let tangent = tangents[2] { sum = sum.addingBias(tangent) }
    // An activation is elementwise: its Jacobian is its own transpose.
    return activation.pullback(sum, values: evaluation.value, slopes: evaluation.saved)
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let inner = activation.pullback(
      cotangent, values: evaluation.value, slopes: evaluation.saved)
    results.addProduct(inner, inputs[0], transposingLeft: true, toInput: 1)
    if inputs.count > 2 { results.addColumnSums(of: inner, toInput: 2) }
    results.addProduct(inner, inputs[1], toInput: 0)
  }

  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard !needed[0] else { return nil }
    let inner = activation.pullback(
      cotangent, values: evaluation.value, slopes: evaluation.saved)
    let needsBias = needed.count > 2 && needed[2]
    if needed[1] {
      return [
        PerSampleGradient(
          ofInput: 1, biasInput: needsBias ? 2 : nil, outer: inner, inner: inputs[0])
      ]
    }
    return needsBias ? [PerSampleGradient(ofInput: 2, outer: inner, inner: nil)] : []
  }
}
