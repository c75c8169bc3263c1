import TensorKit

/// A linear layer of complex numbers: `x Wᵀ + b`, inputs x, W and b.
///
/// Rows of x, of b and of the result hold real parts, then imaginary parts; the first half of the rows
/// of W are real parts, the second imaginary ones. The real and imaginary parts of a row of x become
/// two rows of one real product.
struct ComplexDensePrimitive<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    product(Variable(inputs[0]), Variable(inputs[1])).value.addingBias(inputs[2])
  }

  /// `x Wᵀ`: of the real parts, plus i times that of the imaginary parts.
  private func product(_ x: Variable<Scalar>, _ weight: Variable<Scalar>) -> Variable<Scalar> {
    let columns = weight.shape[0]
    let products = Variable.matrixProduct(
      x.reshaped(to: [2 * x.shape[0], weight.shape[1]]), weight, transposingRight: true
    ).reshaped(to: [x.shape[0], 2 * columns])
    return products.slice(0..<columns, alongAxis: 1)
      + products.slice(columns..<(2 * columns), alongAxis: 1).timesImaginaryUnit()
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    let terms = [
      tangents[0].map { product($0, inputs[1]) }, tangents[1].map { product(inputs[0], $0) },
      tangents[2].map { $0.broadcast(to: output.shape) },
    ].compactMap { $0 }
    return terms.dropFirst().reduce(terms.first) { sum, term in sum.map { $0 + term } }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let (rows, columns) = (2 * cotangent.shape[0], cotangent.shape[1])
    // The transpose of the product's last step: i becomes -i.
    let inner = Variable.concatenated([cotangent, -cotangent.timesImaginaryUnit()], alongAxis: 1)
      .reshaped(to: [rows, columns])
    let x = inputs[0].reshaped(to: [rows, inputs[1].shape[1]])
    return [
      needed[0]
        ? .matrixProduct(inner, inputs[1]).reshaped(to: inputs[0].shape) : nil,
      needed[1] ? .matrixProduct(inner, x, transposingLeft: true) : nil,
      needed[2] ? cotangent.summed(to: inputs[2].shape) : nil,
    ]
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let cotangent = cotangent
    let (rows, columns) = (2 * cotangent.shape[0], cotangent.shape[1])
    let inner = Tensor.concatenated([cotangent, -cotangent.timesImaginaryUnit()], alongAxis: 1)
      .reshaped(to: [rows, columns])
    let x = inputs[0].reshaped(to: [rows, inputs[1].shape[1]])
    results.addProduct(inner, x, transposingLeft: true, toInput: 1)
    results.addColumnSums(of: cotangent, toInput: 2)
    if results.isNeeded(0) {
      results.add(
        Tensor.matrixProduct(inner, inputs[1]).reshaped(to: inputs[0].shape), toInput: 0)
    }
  }

  /// With the cotangent u and the layer's input a, the gradient of W is `u āᵀ`, the sum of u times the
  /// real parts of a and -i u times the imaginary ones.
  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard !needed[0] else { return nil }
    guard needed[1] else {
      return needed[2] ? [PerSampleGradient(ofInput: 2, outer: cotangent, inner: nil)] : []
    }
    let columns = inputs[1].shape[1]
    return [
      PerSampleGradient(
        ofInput: 1, biasInput: needed[2] ? 2 : nil, outer: cotangent,
        inner: inputs[0].slice(0..<columns, alongAxis: 1)),
      PerSampleGradient(
        ofInput: 1, outer: -cotangent.timesImaginaryUnit(),
        inner: inputs[0].slice(columns..<(2 * columns), alongAxis: 1)),
    ]
  }
}
