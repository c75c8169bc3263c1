import TensorKit

/// A linear layer: `x Wᵀ + b`, with a weight W and perhaps a bias b as parameters.
///
/// Two values can be put into a layer of any model, and taken out of it: a product in the place of the
/// weight, see ``init(coefficients:basis:bias:)``, and a ``normalization`` of the layer's values.
public struct Linear<Scalar: TensorScalar>: Module {
  /// W, or what it is the product of.
  var source: WeightSource<Scalar>
  /// The bias b, of shape [outputs], if there is one.
  public var bias: Variable<Scalar>?
  /// Normalizes the layer's values over the batch, before or after the activation, if there is one.
  public var normalization: Normalization<Scalar>? {
    didSet {
      precondition(
        normalization.map { $0.columns == outputs } ?? true,
        "a normalization of \(normalization?.columns ?? 0) columns on a layer with \(outputs) outputs"
      )
    }
  }
  /// Whether training changes the layer's parameters.
  public var isTrainable = true
  /// While a batch is evaluated in tiles, what knows whether the layer's input means something yet.
  var coupling: BatchCoupling<Scalar>?

  /// A layer with a given weight and bias.
  ///
  /// - Parameters:
  ///   - weight: Shape: [outputs, inputs].
  ///   - bias: Shape: [outputs].
  /// - Precondition: The shapes agree.
  public init(weight: Tensor<Scalar>, bias: Tensor<Scalar>?) {
    precondition(weight.rank == 2, "a linear layer's weight of shape \(weight.shape)")
    precondition(
      bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "a bias of shape \(bias?.shape ?? []) for a weight of shape \(weight.shape)")
    self.source = WeightSource(matrix: Variable(weight))
    self.bias = bias.map { Variable($0) }
  }

  /// A layer whose weight and bias are drawn uniformly from symmetric ranges.
  ///
  /// - Parameters:
  ///   - inputs: The number of columns of the layer's input.
  ///   - outputs: The number of columns of its output.
  ///   - weightBound: Weights lie within ± this; `1 / √inputs` by default, as in PyTorch.
  ///   - biasBound: Biases lie within ± this; `1 / √inputs` by default, as in PyTorch.
  ///   - generator: Draws the weights in row-major order, then the biases.
  public init(
    inputs: Int, outputs: Int, weightBound: Double? = nil, biasBound: Double? = nil,
    using generator: inout some RandomNumberGenerator
  ) {
    precondition(
      inputs > 0 && outputs > 0, "a linear layer with \(inputs) inputs and \(outputs) outputs")
    let standard = 1 / Double(inputs).squareRoot()
    let (weightBound, biasBound) = (weightBound ?? standard, biasBound ?? standard)
    self.init(
      weight: .uniform(
        over: -weightBound...weightBound, shape: [outputs, inputs], using: &generator),
      bias: .uniform(over: -biasBound...biasBound, shape: [outputs], using: &generator))
  }

  /// The number of columns of the layer's input.
  public var inputs: Int { source.columns }

  /// The number of columns of the layer's output.
  public var outputs: Int { source.matrix.shape[0] }

  /// The weight W, of shape [outputs, inputs].
  ///
  /// A weight that is a product is formed at each access, and differentiated through. Setting a
  /// weight makes it a parameter itself.
  ///
  /// - Complexity: O(1), or that of the product.
  public var weight: Variable<Scalar> {
    get { source.weight }
    set { source = WeightSource(matrix: newValue) }
  }

  /// The layer's output for a batch.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    self(input, then: IdentityActivation())
  }

  /// The layer's output for a batch, with an activation applied to it.
  ///
  /// The same as applying the activation to the output, and faster: the two are recorded as one
  /// operation.
  public func callAsFunction(
    _ input: Variable<Scalar>, then activation: some Activation<Scalar>
  ) -> Variable<Scalar> {
    precondition(
      input.shape.count == 2 && input.shape[1] == inputs,
      "an input of shape \(input.shape) to a linear layer with \(inputs) inputs")
    if let normalization { return normalization(of: self, at: input, then: activation) }
    return coupling?.placeholder(rows: input.shape[0], columns: outputs)
      ?? dense(input, then: activation)
  }

  /// The output without a normalization, recorded as one operation.
  func dense(
    _ input: Variable<Scalar>, then activation: some Activation<Scalar>
  ) -> Variable<Scalar> {
    let operation = DensePrimitive(activation: activation)
    let weight = weight
    return bias.map { .applying(operation, to: input, weight, $0) }
      ?? .applying(operation, to: input, weight)
  }

  /// Shows the layer as a whole, then its weight or coefficients, its bias and its normalization.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(layer: &self)
    visitor.visit(&source.matrix, named: source.name, isTrainable: isTrainable)
    visitor.visit(&bias, named: "bias", role: .bias, isTrainable: isTrainable)
    visitor.visit(&normalization, isTrainable: isTrainable)
  }
}
