import TensorKit

/// Checks all derivatives of a function that sweeps give, up to the second order.
///
/// ```swift
/// let findings = checkDerivatives(at: [x]) { ($0[0] * 3).sine() }
/// #expect(findings.isEmpty, "\(findings)")
/// ```
///
/// - J v equals central differences of the fourth order along every coordinate, to 10⁻⁸.
/// - ⟨J v, u⟩ = ⟨v, Jᵀ u⟩, to 10⁻¹².
/// - The plain first-order pullback equals the recorded, general one, which is linear in u.
/// - The Hessian of ⟨f, u⟩ equals differences of the pullback to 10⁻⁷, is symmetric, and comes out of
///   every order of the two modes.
///
/// Tolerances are relative to the larger of 1 and the largest number. Directions and cotangents are random
/// numbers that are the same in each call.
///
/// A function some of whose parts count as constants has the derivatives of another function, in which
/// they are constants with the values that they have at the inputs: `differencing`, of which finite
/// differences are taken then.
///
/// - Parameters:
///   - inputs: Where derivatives are taken.
///   - step: The step of finite differences, which has to be small against the function's finest
///     feature.
///   - checksSecondOrder: Whether derivatives of derivatives are checked too.
///   - differenced: What finite differences are taken of, if not of the function.
///   - function: The function. It is called with recorded variables and with constants.
/// - Returns: What is wrong; empty if nothing is.
/// - Complexity: Six evaluations and a sweep for each number of the inputs, and as many pullbacks for the
///   second order.
public func checkDerivatives(
  at inputs: [Tensor<Double>], step: Double = 5e-4, checksSecondOrder: Bool = true,
  differencing differenced: (@Sendable ([Variable<Double>]) -> Variable<Double>)? = nil,
  of function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>
) -> [DerivativeFinding] {
  var check = DerivativeCheck(
    inputs: inputs, step: step, function: function, differenced: differenced ?? function)
  check.checkPushforward()
  check.checkPullbacks()
  if checksSecondOrder { check.checkSecondOrder() }
  return check.findings
}

/// Normal numbers that belong to a seed.
private func normal(_ shape: [Int], seed: UInt64) -> Tensor<Double> {
  var generator = SeededGenerator(seed: seed)
  return .normal(shape: shape, using: &generator)
}

extension [DerivativeFinding] {
  /// Notes two tensors that differ by more than a multiple of the expected one's largest element, or of
  /// one.
  mutating func compare(
    _ found: Tensor<Double>, _ expected: Tensor<Double>, tolerance: Double,
    _ rule: DerivativeFinding.Rule, _ what: String
  ) {
    guard found.shape == expected.shape else {
      let text = "\(what): a result of shape \(found.shape), not \(expected.shape)"
      return append(DerivativeFinding(rule: .shape, description: text))
    }
    guard found.count > 0 else { return }
    let scale = Swift.max(1, expected.absoluteValue().largest())
    guard found.largestDifference(from: expected) <= tolerance * scale else {
      return append(
        DerivativeFinding(rule: rule, description: "\(what): \(found) is not \(expected)"))
    }
  }

  /// Notes two numbers that differ by more than a tolerance.
  mutating func compare(
    _ found: Double, _ expected: Double, within tolerance: Double, _ rule: DerivativeFinding.Rule,
    _ what: String
  ) {
    guard abs(found - expected) <= tolerance else {
      return append(
        DerivativeFinding(rule: rule, description: "\(what): \(found) is not \(expected)"))
    }
  }
}

/// The derivative of a function of a vector along one coordinate, from five values around it: exact for
/// polynomials of degree four.
func centralDifference(
  at point: Tensor<Double>, coordinate: Int, step: Double,
  of function: (Tensor<Double>) throws -> Tensor<Double>
) rethrows -> Tensor<Double> {
  func value(_ steps: Double) throws -> Tensor<Double> {
    var moved = point
    moved[coordinate] += steps * step
    return try function(moved)
  }
  let near = try value(1) - value(-1)
  let far = try value(2) - value(-2)
  return (near * 8 - far) / (12 * step)
}

/// One function's check, and what it found so far.
private struct DerivativeCheck {
  let inputs: [Tensor<Double>]
  /// That of finite differences.
  let step: Double
  let function: @Sendable ([Variable<Double>]) -> Variable<Double>
  /// What finite differences are taken of.
  let differenced: @Sendable ([Variable<Double>]) -> Variable<Double>
  /// A direction of the inputs and a cotangent of the output.
  let direction: [Tensor<Double>]
  let cotangent: Tensor<Double>
  var findings: [DerivativeFinding] = []

  init(
    inputs: [Tensor<Double>], step: Double,
    function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>,
    differenced: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>
  ) {
    self.inputs = inputs
    self.step = step
    self.function = function
    self.differenced = differenced
    direction = inputs.enumerated().map { normal($1.shape, seed: 100 + UInt64($0)) }
    cotangent = normal(function(inputs.map { Variable($0) }).shape, seed: 99)
  }

  // MARK: - First order

  mutating func checkPushforward() {
    let (value, _) = valueWithPushforward(
      at: constants(inputs), along: constants(direction), of: function)
    findings.compare(value.value, self.value(point), tolerance: 1e-14, .value, "the value")
    for coordinate in 0..<point.count {
      let expected = difference(along: coordinate, of: self.value)
      findings.compare(
        pushforward(basis(coordinate)), expected, tolerance: 1e-8, .pushforward,
        "J e\(coordinate)")
    }
  }

  mutating func checkPullbacks() {
    let pulled = pullback(at: point, of: function)
    let pushed = pushforward(direction)
    let tangent = flattened(direction)
    findings.compare(
      pushed.dot(cotangent), tangent.dot(pulled),
      within: 1e-12 * (pushed.norm() * cotangent.norm() + pulled.norm() * tangent.norm()),
      .adjoint, "⟨J v, u⟩ and ⟨v, Jᵀ u⟩")

    let lifted = constants(inputs).map { $0.lifted() }
    let sweep = Sweep(from: function(lifted), to: lifted)
    let recorded = zip(sweep.recordedPullback(of: Variable(cotangent)), inputs)
      .map { $0?.value ?? Tensor(zeros: $1.shape) }
    findings.compare(
      flattened(recorded), pulled, tolerance: 1e-13, .recordedPullback, "the recorded pullback")

    // Jᵀ u is linear in u, with the transposed Jacobian: d⟨Jᵀ u, v⟩/du = J v.
    let (constants, function, direction) = (constants(inputs), function, direction)
    let linear = gradient(at: Variable(cotangent)) { cotangent in
      let (_, pullback) = valueWithPullback(at: constants, of: function)
      return zip(pullback(cotangent), direction).reduce(Variable(Tensor(0))) {
        $0 + ($1.0 * Variable($1.1)).sum()
      }
    }
    findings.compare(
      linear.value, pushed, tolerance: 1e-12, .linearity, "the pullback's own pullback")
  }

  // MARK: - Second order

  mutating func checkSecondOrder() {
    guard point.count > 0 else { return }
    let hessian = hessian
    findings.compare(
      hessian, hessian.transposed(), tolerance: 1e-11, .secondOrder, "the Hessian's symmetry")
    let differenced = differenced
    for coordinate in 0..<point.count {
      let expected = difference(along: coordinate) { pullback(at: $0, of: differenced) }
      let column = hessian.slice(coordinate..<(coordinate + 1), alongAxis: 1)
      findings.compare(
        column.reshaped(to: [-1]), expected, tolerance: 1e-7, .secondOrder, "H e\(coordinate)")
    }
    checkModes(
      Tensor.matrixProduct(hessian, flattened(direction).reshaped(to: [-1, 1]))
        .reshaped(to: [-1]))
  }

  /// The Hessian of ⟨f, u⟩, by rows: pullbacks through the pullback.
  private var hessian: Tensor<Double> {
    let (cotangent, function) = (Variable(cotangent), function)
    let (_, rowOf) = valueWithPullback(at: constants(inputs)) { inputs in
      let (_, pullback) = valueWithPullback(at: inputs, of: function)
      return .concatenated(pullback(cotangent).map { $0.reshaped(to: [-1]) })
    }
    return .concatenated(
      (0..<point.count).map { coordinate in
        flattened(rowOf(Variable(flattened(basis(coordinate)))).map(\.value))
          .reshaped(to: [1, point.count])
      })
  }

  /// Compares the other orders of the two modes with the Hessian times the direction.
  private mutating func checkModes(_ product: Tensor<Double>) {
    let (cotangent, function) = (Variable(cotangent), function)
    let directions = constants(direction)
    let forwardOverReverse = valueWithPushforward(at: constants(inputs), along: directions) {
      let (_, pullback) = valueWithPullback(at: $0, of: function)
      return .concatenated(pullback(cotangent).map { $0.reshaped(to: [-1]) })
    }
    findings.compare(
      forwardOverReverse.derivative.value, product, tolerance: 1e-11, .mixedModes,
      "forward over reverse")
    let (_, reverseOverForward) = valueWithPullback(at: constants(inputs)) { inputs in
      valueWithPushforward(at: inputs, along: directions, of: function).derivative
    }
    findings.compare(
      flattened(reverseOverForward(cotangent).map(\.value)), product, tolerance: 1e-11,
      .mixedModes, "reverse over forward")
    let forwardOverForward = valueWithPushforward(at: constants(inputs), along: directions) {
      valueWithPushforward(at: $0, along: directions, of: function).derivative
    }
    let size = Double(point.count).squareRoot()
    findings.compare(
      forwardOverForward.derivative.value.dot(cotangent.value), flattened(direction).dot(product),
      within: 1e-11 * max(1, product.norm() * size), .mixedModes, "forward over forward")
  }

  // MARK: - Parts

  private var point: Tensor<Double> { flattened(inputs) }

  private func constants(_ tensors: [Tensor<Double>]) -> [Variable<Double>] {
    tensors.map { Variable($0) }
  }

  private func flattened(_ tensors: [Tensor<Double>]) -> Tensor<Double> {
    tensors.isEmpty ? Tensor(zeros: [0]) : .concatenated(tensors.map { $0.reshaped(to: [-1]) })
  }

  /// Tensors of the inputs' shapes.
  private func unflattened(_ vector: Tensor<Double>) -> [Tensor<Double>] {
    var start = 0
    return inputs.map { input in
      defer { start += input.count }
      return vector.slice(start..<(start + input.count)).reshaped(to: input.shape)
    }
  }

  private func basis(_ coordinate: Int) -> [Tensor<Double>] {
    var vector = Tensor<Double>(zeros: [point.count])
    vector[coordinate] = 1
    return unflattened(vector)
  }

  private func difference(
    along coordinate: Int, of function: (Tensor<Double>) -> Tensor<Double>
  ) -> Tensor<Double> {
    centralDifference(at: point, coordinate: coordinate, step: step, of: function)
  }

  private func value(_ point: Tensor<Double>) -> Tensor<Double> {
    differenced(constants(unflattened(point))).value
  }

  private func pushforward(_ tangents: [Tensor<Double>]) -> Tensor<Double> {
    valueWithPushforward(at: constants(inputs), along: constants(tangents), of: function)
      .derivative.value
  }

  /// Jᵀ u by the plain first-order sweep.
  private func pullback(
    at point: Tensor<Double>, of function: @Sendable ([Variable<Double>]) -> Variable<Double>
  ) -> Tensor<Double> {
    let (_, pullback) = valueWithPullback(at: constants(unflattened(point)), of: function)
    return flattened(pullback(Variable(cotangent)).map(\.value))
  }
}
