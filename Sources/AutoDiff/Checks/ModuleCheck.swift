import TensorKit

/// Checks the derivatives of a primitive, as ``checkDerivatives(at:step:checksSecondOrder:differencing:of:)``
/// does those of a function, after the shapes of what its rules return.
///
/// ```swift
/// #expect(checkDerivatives(ofPrimitive: Cube(), at: [x]).isEmpty)
/// ```
///
/// - Parameters:
///   - primitive: The operation, in double precision.
///   - inputs: Its inputs.
///   - step: The step of finite differences.
///   - checksSecondOrder: Whether derivatives of derivatives are checked too.
/// - Returns: What is wrong; empty if nothing is. Where shapes are wrong, nothing else is checked.
public func checkDerivatives(
  ofPrimitive primitive: some Primitive<Double>, at inputs: [Tensor<Double>], step: Double = 5e-4,
  checksSecondOrder: Bool = true
) -> [DerivativeFinding] {
  let wrongShapes = shapeFindings(of: primitive, at: inputs)
  guard wrongShapes.isEmpty else { return wrongShapes }
  return checkDerivatives(at: inputs, step: step, checksSecondOrder: checksSecondOrder) {
    .applying(primitive, to: $0)
  }
}

private func shapeFindings(
  of primitive: some Primitive<Double>, at inputs: [Tensor<Double>]
) -> [DerivativeFinding] {
  var findings: [DerivativeFinding] = []
  func compare(_ found: [Int], _ expected: [Int], _ what: String) {
    if found != expected {
      findings.append(
        DerivativeFinding(
          rule: .shape, description: "\(what): a result of shape \(found), not \(expected)"))
    }
  }
  let output = primitive.value(of: inputs)
  compare(primitive.evaluate(at: inputs).value.shape, output.shape, "the evaluation's value")
  let constants = inputs.map { Variable($0) }
  let pushed = primitive.pushforward(constants, at: constants, output: Variable(output))
  if let pushed { compare(pushed.shape, output.shape, "the pushforward") }
  let pulled = primitive.pullback(
    Variable(output), at: constants, output: Variable(output),
    needed: inputs.map { _ in true })
  compare([pulled.count], [inputs.count], "the pullback's list")
  for (index, (found, input)) in zip(pulled, inputs).enumerated() {
    if let found { compare(found.shape, input.shape, "the pullback to input \(index)") }
  }
  return findings
}

/// Checks a module: its derivatives by its input and its trainable parameters, as
/// ``checkDerivatives(at:step:checksSecondOrder:differencing:of:)`` does those of a function; that its rows
/// are independent; and the gradients of single samples that kernels are made of.
///
/// ```swift
/// var generator = SeededGenerator(seed: 1)
/// let block = Residual<Double>(inner: Linear(inputs: 2, outputs: 2, using: &generator))
/// #expect(checkDerivatives(of: block, at: x).isEmpty)
/// ```
///
/// Models with a ``Normalization`` couple their rows, so that rows and samples are not checked.
///
/// - Parameters:
///   - module: A small module in double precision; the second order takes a pullback for each parameter.
///   - input: A few rows. Shape: [samples, inputs].
///   - step: The step of finite differences.
///   - checksSecondOrder: Whether derivatives of derivatives are checked too.
/// - Returns: What is wrong; empty if nothing is.
public func checkDerivatives<Model: Module<Double>>(
  of module: Model, at input: Tensor<Double>, step: Double = 5e-4, checksSecondOrder: Bool = true
) -> [DerivativeFinding] {
  let parameters = module.lifted().parameters.map(\.value)
  var findings = checkDerivatives(
    at: [input] + parameters, step: step, checksSecondOrder: checksSecondOrder
  ) { variables in module.replacingParameters(by: Array(variables.dropFirst()))(variables[0]) }
  if module.normalizedColumns == 0 { findings += rowFindings(of: module, at: input) }
  return findings
}

private func rowFindings<Model: Module<Double>>(
  of module: Model, at input: Tensor<Double>
) -> [DerivativeFinding] {
  var findings: [DerivativeFinding] = []
  let outputs = module(Variable(input)).value
  guard outputs.rank == 2 && outputs.shape[0] == input.shape[0] else {
    let text = "outputs of shape \(outputs.shape) for \(input.shape[0]) rows"
    return [DerivativeFinding(rule: .shape, description: text)]
  }
  for row in 0..<input.shape[0] {
    findings.compare(
      module(Variable(input.slice(row..<(row + 1)))).value, outputs.slice(row..<(row + 1)),
      tolerance: 1e-12, .rows, "the outputs of row \(row) alone")
  }
  guard findings.isEmpty else { return findings }
  let evaluation = TiledEvaluation(of: module, workers: Workers(threads: 1))
  do {
    let rows = try evaluation.jacobianRows(for: input)
    findings.compare(
      try evaluation.perSampleGradients(for: input).gram(),
      .matrixProduct(rows, rows, transposingRight: true), tolerance: 1e-10, .samples,
      "the dot products of the samples' gradients")
  } catch {
    findings.append(DerivativeFinding(rule: .samples, description: "\(error)"))
  }
  return findings
}

extension Module {
  /// A copy with other variables in the place of its trainable parameters, in order.
  fileprivate func replacingParameters(by variables: [Variable<Scalar>]) -> Self {
    var copy = self
    var remaining = variables[...]
    var visitor = ModuleVisitor<Scalar>(onParameter: { _, _, parameter, isTrainable in
      guard isTrainable, let next = remaining.popFirst() else { return }
      parameter = next
    })
    copy.visit(&visitor)
    return copy
  }
}
