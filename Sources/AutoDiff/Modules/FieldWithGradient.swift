import TensorKit

/// A field with its gradient by position: the outputs are `[f, ∂f/∂x₁, …, ∂f/∂xₙ]`.
///
/// For losses that ask for input gradients, such as the eikonal loss of signed distances: they see the
/// gradient as further outputs, and whatever works on a module's outputs works on it. Derivatives by the
/// parameters are then of the second order, and come from the same rules.
///
/// ```swift
/// let field = FieldWithGradient(network)  // [f, ∂f/∂x, ∂f/∂y, ∂f/∂z] for three inputs
/// ```
///
/// Parameters have the names that they have in the field, so that weights fit both. A parameter is used
/// both for the value and for the gradient, so gradients of single samples have no factors and cost a
/// sweep each. The field must not have a batch normalization: the gradient at a point would depend on
/// the whole batch.
public struct FieldWithGradient<Field: Module>: Module {
  /// The type of numbers that the field computes with.
  public typealias Scalar = Field.Scalar

  /// The field, a module with one output.
  public var field: Field

  /// A field with its gradient.
  ///
  /// - Parameter field: A module with one output.
  public init(_ field: Field) { self.field = field }

  /// As many as the field's.
  public var samplesPerRow: Int { field.samplesPerRow }

  /// The field's values and gradients at some points.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, 1 + inputs].
  /// - Precondition: The field has one output and no batch normalization.
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    precondition(
      field.normalizedColumns == 0,
      "the gradient of a field with batch normalization depends on the whole batch")
    let (values, pullback) = valueWithPullback(at: [input]) { field($0[0]) }
    precondition(
      values.shape == [input.shape[0], 1],
      "the gradient of a field with outputs of shape \(values.shape), not [\(input.shape[0]), 1]")
    // Rows are independent, so the gradient of their sum holds each row's own.
    let gradients = pullback(Variable(Tensor(repeating: 1, shape: values.shape)))[0]
    return .concatenated([values, gradients], alongAxis: 1)
  }

  /// Shows what the field shows, by the same names.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) { field.visit(&visitor) }
}
