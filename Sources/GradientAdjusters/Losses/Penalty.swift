import AutoDiff
import TensorKit

/// A term of the loss that depends on the parameters alone.
///
/// Its value is part of the loss that a step reports. Its gradient is added to that of the rows' loss
/// after cotangents are transformed, which it does not pass through, and before
/// ``GradientAdjuster/adjust(_:for:)``. A conforming type writes the function; the gradient comes from its
/// derivative.
///
/// The parameters are those of the model as an adjuster has rewritten it, such as coefficients in the place
/// of weights.
public protocol Penalty<Scalar>: Sendable {
  /// The type of numbers that the parameters have.
  associatedtype Scalar: TensorScalar

  /// The penalty of a model's trainable parameters.
  ///
  /// - Parameter parameters: In the order of the model's layout, with their full names.
  /// - Returns: One number.
  func callAsFunction(
    _ parameters: [(name: String, value: Variable<Scalar>)]
  ) -> Variable<Scalar>

  /// The penalty and its gradient.
  ///
  /// Has a default that differentiates the function.
  ///
  /// - Parameter parameters: A model's trainable parameters.
  /// - Returns: The penalty, and a gradient of the same layout.
  func valueWithGradient(
    at parameters: ParameterVector<Scalar>
  ) -> (value: Double, gradient: ParameterVector<Scalar>)
}

extension Penalty {
  /// The penalty and its gradient, by differentiating the function.
  ///
  /// - Precondition: The function returns one number.
  public func valueWithGradient(
    at parameters: ParameterVector<Scalar>
  ) -> (value: Double, gradient: ParameterVector<Scalar>) {
    let entries = parameters.layout.entries
    let variables = entries.indices.map { Variable(parameters.tensor(at: $0)) }
    let (value, pullback) = valueWithPullback(at: variables) { variables in
      self(zip(entries, variables).map { (name: $0.name, value: $1) })
    }
    precondition(
      value.value.count == 1, "a penalty of shape \(value.shape); one number is needed")
    let parts = pullback(Variable(Tensor(repeating: 1, shape: value.shape)))
    var gradient = ParameterVector<Scalar>(zeros: parameters.layout)
    for (index, part) in parts.enumerated() { gradient.set(part.value, at: index) }
    return (Double(value.scalar), gradient)
  }
}

/// A weight times the sum of squares of some parameters: weight decay as a term of the loss.
///
/// ```swift
/// let weights = model.parameterLayout.entries.map(\.name).filter { $0.hasSuffix("weight") }
/// let penalty = SquaredNormPenalty<Float>(weight: 1e-4, parameters: weights)
/// ```
///
/// Its gradient is 2 · weight · parameters.
public struct SquaredNormPenalty<Scalar: TensorScalar>: Penalty {
  /// What the sum of squares is multiplied by.
  public let weight: Scalar
  /// The full names of the parameters; nil for all that are trained.
  public let parameterNames: [String]?

  /// A weight times a sum of squares.
  ///
  /// - Parameters:
  ///   - weight: What the sum is multiplied by.
  ///   - parameterNames: The full names of the parameters; all that are trained by default.
  /// - Precondition: The weight is finite and not negative.
  public init(weight: Scalar, parameters parameterNames: [String]? = nil) {
    precondition(weight >= 0 && weight.isFinite, "a penalty on squares with the weight \(weight)")
    self.weight = weight
    self.parameterNames = parameterNames
  }

  /// The weighted sum of squares.
  ///
  /// - Precondition: The model has a trainable parameter of each name.
  public func callAsFunction(
    _ parameters: [(name: String, value: Variable<Scalar>)]
  ) -> Variable<Scalar> {
    let known = Set(parameters.map(\.name))
    let unknown = (parameterNames ?? []).filter { !known.contains($0) }
    precondition(
      unknown.isEmpty,
      "a penalty of \(unknown) for a model whose parameters are \(parameters.map(\.name))")
    let chosen = parameterNames.map(Set.init) ?? known
    return parameters.filter { chosen.contains($0.name) }
      .reduce(Variable(Tensor(0))) { $0 + $1.value.squared().sum() } * weight
  }
}
