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

/// Expects that all derivatives of a function are right, up to the second order.
func expectDerivatives(
  of name: String, at inputs: [Tensor<Double>], step: Double = 5e-4,
  differencing differenced: (@Sendable ([Variable<Double>]) -> Variable<Double>)? = nil,
  function: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let findings = checkDerivatives(
    at: inputs, step: step, differencing: differenced, of: function)
  #expect(findings.isEmpty, "\(name): \(findings)", sourceLocation: sourceLocation)
}
