import TensorKit
import Testing

@testable import AutoDiff

/// A function of variables under test, and where it is differentiated.
struct DerivativeCase: Sendable, CustomTestStringConvertible {
  let name: String
  let inputs: [Tensor<Double>]
  let function: @Sendable ([Variable<Double>]) -> Variable<Double>

  init(
    _ name: String, at inputs: [Tensor<Double>],
    _ function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>
  ) {
    self.name = name
    self.inputs = inputs
    self.function = function
  }

  var testDescription: String { name }
}

/// Normal numbers of a shape that belong to a seed.
func normal(_ shape: [Int], seed: UInt64 = 1) -> Tensor<Double> {
  var generator = SeededGenerator(seed: seed)
  return .normal(shape: shape, using: &generator)
}

/// Uniform numbers within [0.5, 2] of a shape that belong to a seed.
func positive(_ shape: [Int], seed: UInt64 = 1) -> Tensor<Double> {
  var generator = SeededGenerator(seed: seed)
  return .uniform(over: 0.5...2, shape: shape, using: &generator)
}

/// Expects two tensors to differ by at most a multiple of the larger's largest element, or of one.
func expectClose(
  _ found: Tensor<Double>, _ expected: Tensor<Double>, _ tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, "\(what)", sourceLocation: sourceLocation)
  guard found.shape == expected.shape, found.count > 0 else { return }
  let scale = Swift.max(1, expected.absoluteValue().largest())
  let difference = found.largestDifference(from: expected)
  #expect(
    difference <= tolerance * scale, "\(what): \(found) is not \(expected)",
    sourceLocation: sourceLocation)
}

/// All tensors' elements one after the other.
func flattened(_ tensors: [Tensor<Double>]) -> Tensor<Double> {
  tensors.isEmpty ? Tensor(zeros: [0]) : .concatenated(tensors.map { $0.reshaped(to: [-1]) })
}

/// Tensors of the shapes of others with given elements.
func unflattened(_ vector: Tensor<Double>, like tensors: [Tensor<Double>]) -> [Tensor<Double>] {
  var start = 0
  return tensors.map { tensor in
    defer { start += tensor.count }
    return vector.slice(start..<(start + tensor.count)).reshaped(to: tensor.shape)
  }
}

/// The derivative of a function of a vector along one coordinate, from five values around it:
/// exact for polynomials of degree four.
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

/// Verifies all derivatives of a function that the sweeps give, up to the second order.
///
/// The step of finite differences has to be small against the function's finest feature.
///
/// - The pushforward equals central finite differences, on every coordinate.
/// - ⟨J v, u⟩ = ⟨v, Jᵀ u⟩ to rounding.
/// - The plain first-order pullback equals the recorded, general one, which is linear in u.
/// - The Hessian of ⟨f, u⟩, from derivatives of the pullback, equals finite differences of the
///   pullback on every coordinate and is symmetric, and comes out of every order of the two modes.
///
/// A function some of whose parts count as constants has the derivatives of another function, in which
/// they are constants with the values that they have at the inputs: `differencing`, of which finite
/// differences are taken then.
func checkDerivatives(
  of name: String, at inputs: [Tensor<Double>], step: Double = 5e-4,
  differencing differenced: (@Sendable ([Variable<Double>]) -> Variable<Double>)? = nil,
  function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let check = DerivativeCheck(
    name: name, inputs: inputs, step: step, function: function,
    differenced: differenced ?? function,
    location: sourceLocation)
  check.checkPushforward()
  check.checkPullbacks()
  check.checkSecondOrder()
}

private struct DerivativeCheck: Sendable {
  let name: String
  let inputs: [Tensor<Double>]
  /// That of finite differences.
  let step: Double
  let function: @Sendable ([Variable<Double>]) -> Variable<Double>
  /// What finite differences are taken of.
  let differenced: @Sendable ([Variable<Double>]) -> Variable<Double>
  let location: SourceLocation
  /// A direction of the inputs and a cotangent of the output.
  let direction: [Tensor<Double>]
  let cotangent: Tensor<Double>

  init(
    name: String, inputs: [Tensor<Double>], step: Double,
    function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>,
    differenced: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>,
    location: SourceLocation
  ) {
    self.name = name
    self.inputs = inputs
    self.step = step
    self.function = function
    self.differenced = differenced
    self.location = location
    direction = inputs.enumerated().map { normal($1.shape, seed: 100 + UInt64($0)) }
    cotangent = normal(function(inputs.map { Variable($0) }).shape, seed: 99)
  }

  private var point: Tensor<Double> { flattened(inputs) }

  private func constants(_ tensors: [Tensor<Double>]) -> [Variable<Double>] {
    tensors.map { Variable($0) }
  }

  private func basis(_ coordinate: Int) -> [Tensor<Double>] {
    var vector = Tensor<Double>(zeros: [point.count])
    vector[coordinate] = 1
    return unflattened(vector, like: inputs)
  }

  private func expectClose(
    _ found: Tensor<Double>, _ expected: Tensor<Double>, _ tolerance: Double, _ what: String
  ) {
    AutoDiffTests.expectClose(
      found, expected, tolerance, "\(name), \(what)", sourceLocation: location)
  }

  private func value(_ point: Tensor<Double>) -> Tensor<Double> {
    differenced(constants(unflattened(point, like: inputs))).value
  }

  private func pushforward(_ tangents: [Tensor<Double>]) -> Tensor<Double> {
    valueWithPushforward(at: constants(inputs), along: constants(tangents), of: function)
      .derivative.value
  }

  /// Jᵀ u by the plain first-order sweep.
  private func pullback(
    at point: Tensor<Double>, of function: @Sendable ([Variable<Double>]) -> Variable<Double>
  ) -> Tensor<Double> {
    let (_, pullback) = valueWithPullback(
      at: constants(unflattened(point, like: inputs)), of: function)
    return flattened(pullback(Variable(cotangent)).map(\.value))
  }

  func checkPushforward() {
    let (value, _) = valueWithPushforward(
      at: constants(inputs), along: constants(direction), of: function)
    expectClose(value.value, self.value(point), 1e-14, "the value")
    for coordinate in 0..<point.count {
      let expected = centralDifference(
        at: point, coordinate: coordinate, step: step, of: self.value)
      expectClose(pushforward(basis(coordinate)), expected, 1e-8, "J e\(coordinate)")
    }
  }

  func checkPullbacks() {
    let pulled = pullback(at: point, of: function)
    let pushed = pushforward(direction)
    let (left, right) = (pushed.dot(cotangent), flattened(direction).dot(pulled))
    let scale = pushed.norm() * cotangent.norm() + pulled.norm() * flattened(direction).norm()
    #expect(
      abs(left - right) <= 1e-12 * scale, "\(name), adjoint: \(left) is not \(right)",
      sourceLocation: location)

    let lifted = constants(inputs).map { $0.lifted() }
    let sweep = Sweep(from: function(lifted), to: lifted)
    let recorded = zip(sweep.recordedPullback(of: Variable(cotangent)), inputs)
      .map { $0?.value ?? Tensor(zeros: $1.shape) }
    expectClose(flattened(recorded), pulled, 1e-13, "the recorded pullback")

    // Jᵀ u is linear in u, with the transposed Jacobian: d⟨Jᵀ u, v⟩/du = J v.
    let linear = gradient(at: Variable(cotangent)) { cotangent in
      let (_, pullback) = valueWithPullback(at: constants(inputs), of: function)
      return inner(pullback(cotangent), direction)
    }
    expectClose(linear.value, pushed, 1e-12, "the pullback's own pullback")
  }

  /// The sum of the inner products of corresponding parts.
  private func inner(_ variables: [Variable<Double>], _ tensors: [Tensor<Double>])
    -> Variable<Double>
  {
    zip(variables, tensors).reduce(Variable(Tensor(0))) { $0 + ($1.0 * Variable($1.1)).sum() }
  }

  func checkSecondOrder() {
    let (cotangent, function) = (Variable(cotangent), function)
    // Rows of the Hessian of ⟨f, u⟩: pullbacks through the pullback.
    let (_, rowOf) = valueWithPullback(at: constants(inputs)) { inputs in
      let (_, pullback) = valueWithPullback(at: inputs, of: function)
      return .concatenated(pullback(cotangent).map { $0.reshaped(to: [-1]) })
    }
    let size = point.count
    let rows = (0..<size).map { coordinate in
      flattened(rowOf(Variable(flattened(basis(coordinate)))).map(\.value))
        .reshaped(to: [1, size])
    }
    guard size > 0 else { return }
    let hessian = Tensor.concatenated(rows)
    expectClose(hessian, hessian.transposed(), 1e-11, "the Hessian's symmetry")
    for coordinate in 0..<size {
      let expected = centralDifference(at: point, coordinate: coordinate, step: step) {
        pullback(at: $0, of: differenced)
      }
      let column = hessian.slice(coordinate..<(coordinate + 1), alongAxis: 1)
      expectClose(column.reshaped(to: [-1]), expected, 1e-7, "H e\(coordinate)")
    }

    let product = Tensor.matrixProduct(hessian, flattened(direction).reshaped(to: [-1, 1]))
      .reshaped(to: [-1])
    let directions = constants(direction)
    let forwardOverReverse = valueWithPushforward(at: constants(inputs), along: directions) {
      let (_, pullback) = valueWithPullback(at: $0, of: function)
      return .concatenated(pullback(cotangent).map { $0.reshaped(to: [-1]) })
    }
    expectClose(forwardOverReverse.derivative.value, product, 1e-11, "forward over reverse")
    let (_, reverseOverForward) = valueWithPullback(at: constants(inputs)) { inputs in
      valueWithPushforward(at: inputs, along: directions, of: function).derivative
    }
    expectClose(
      flattened(reverseOverForward(cotangent).map(\.value)), product, 1e-11,
      "reverse over forward")
    let forwardOverForward = valueWithPushforward(at: constants(inputs), along: directions) {
      valueWithPushforward(at: $0, along: directions, of: function).derivative
    }
    let curvature = forwardOverForward.derivative.value.dot(cotangent.value)
    let expected = flattened(direction).dot(product)
    #expect(
      abs(curvature - expected) <= 1e-11 * Swift.max(1, product.norm() * point.count.root),
      "\(name), forward over forward: \(curvature) is not \(expected)", sourceLocation: location)
  }
}

extension Int {
  fileprivate var root: Double { Double(self).squareRoot() }
}
