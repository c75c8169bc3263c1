import TensorKit

/// A linear layer of complex numbers: `x Wᵀ + b`.
///
/// Real and imaginary parts are real parameters and columns like any other: a row of complex numbers
/// holds all real parts, then as many imaginary parts. In PyTorch's terms, `weight` is
/// `torch.cat([weight.real, weight.imag])` of a layer with complex numbers, and `bias` the same of its
/// bias.
public struct ComplexLinear<Scalar: TensorScalar>: Module {
  /// The real parts of W, then the imaginary ones, of shape [2 · outputs, inputs].
  public var weight: Variable<Scalar>
  /// The real parts of b, then the imaginary ones, of shape [2 · outputs].
  public var bias: Variable<Scalar>

  /// A layer with a given weight and bias.
  ///
  /// - Parameters:
  ///   - weight: Shape: [2 · outputs, inputs].
  ///   - bias: Shape: [2 · outputs].
  /// - Precondition: The shapes agree.
  public init(weight: Tensor<Scalar>, bias: Tensor<Scalar>) {
    precondition(
      weight.rank == 2 && weight.shape[0] % 2 == 0 && bias.shape == [weight.shape[0]],
      "a complex layer's weight of shape \(weight.shape) and bias of shape \(bias.shape)")
    self.weight = Variable(weight)
    self.bias = Variable(bias)
  }

  /// A layer whose weight's and bias's real and imaginary parts are drawn uniformly from symmetric
  /// ranges.
  ///
  /// - Parameters:
  ///   - inputs: The number of complex columns of the layer's input.
  ///   - outputs: The number of complex columns of its output.
  ///   - weightBound: Parts of weights lie within ± this; `1 / √inputs` by default, as in PyTorch.
  ///   - generator: Draws the weights in row-major order, then the biases, which lie within
  ///     `± 1 / √inputs`.
  public init(
    inputs: Int, outputs: Int, weightBound: Double? = nil,
    using generator: inout some RandomNumberGenerator
  ) {
    precondition(
      inputs > 0 && outputs > 0, "a complex layer with \(inputs) inputs and \(outputs) outputs")
    let standard = 1 / Double(inputs).squareRoot()
    let bound = weightBound ?? standard
    self.init(
      weight: .uniform(over: -bound...bound, shape: [2 * outputs, inputs], using: &generator),
      bias: .uniform(over: -standard...standard, shape: [2 * outputs], using: &generator))
  }

  /// The number of complex columns of the layer's input.
  public var inputs: Int { weight.shape[1] }

  /// The number of complex columns of the layer's output.
  public var outputs: Int { weight.shape[0] / 2 }

  /// The layer's output for a batch.
  ///
  /// - Parameter input: Shape: [samples, 2 · inputs].
  /// - Returns: Shape: [samples, 2 · outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    precondition(
      input.shape.count == 2 && input.shape[1] == 2 * inputs,
      "an input of shape \(input.shape) to a complex layer with \(inputs) inputs")
    return .applying(ComplexDensePrimitive(), to: input, weight, bias)
  }

  /// Shows the weight and the bias.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&weight, named: "weight")
    visitor.visit(&bias, named: "bias", role: .bias)
  }
}
