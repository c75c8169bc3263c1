import TensorKit

/// Normalizes each row to mean 0 and variance 1, then scales and shifts its columns:
/// `(x - mean x) / √(var x + ε) ∘ weight + bias`.
///
/// Rows stay independent, so a model may hold it anywhere, other than ``Normalization``, which is over the
/// batch. The variance is the biased one, as in PyTorch, whose names the parameters have.
///
/// Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016.
public struct LayerNormalization<Scalar: TensorScalar>: Module {
  /// What each normalized column is multiplied by, of shape [columns].
  public var weight: Variable<Scalar>
  /// What is then added to it, of shape [columns].
  public var bias: Variable<Scalar>
  /// ε, which is added to the variances.
  public let epsilon: Double

  /// A normalization with weights of one and biases of zero.
  ///
  /// - Parameters:
  ///   - columns: The number of columns of the input.
  ///   - epsilon: ε.
  /// - Precondition: There is a column, and ε is positive and finite among the numbers of the layer's type, as a
  ///   row of equal numbers would be divided by zero otherwise.
  public init(columns: Int, epsilon: Double = 1e-5) {
    precondition(
      columns > 0 && Scalar(epsilon) > 0 && Scalar(epsilon).isFinite,
      "a normalization of \(columns) columns with ε = \(epsilon)")
    weight = Variable(Tensor(repeating: 1, shape: [columns]))
    bias = Variable(Tensor(zeros: [columns]))
    self.epsilon = epsilon
  }

  /// The normalized rows.
  ///
  /// - Parameter input: Shape: [samples, columns].
  /// - Returns: Shape: [samples, columns].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    precondition(
      input.shape.count == 2 && input.shape[1] == weight.shape[0],
      "an input of shape \(input.shape) to a normalization of \(weight.shape[0]) columns")
    let centered = input - input.mean(alongAxis: 1, keepingAxis: true)
    let variance = centered.squared().mean(alongAxis: 1, keepingAxis: true)
    return centered / (variance + Scalar(epsilon)).squareRoot() * weight + bias
  }

  /// Shows the weight and the bias.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&weight, named: "weight", role: .other)
    visitor.visit(&bias, named: "bias", role: .bias)
  }
}
