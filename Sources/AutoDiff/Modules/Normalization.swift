import TensorKit

/// Batch normalization of the columns of a linear layer: `x̂ ∘ weight + bias`, where
/// `x̂ = (z - mean z) / √(var z + ε)` for each column z over all rows of the batch.
///
/// The variance is the biased one, and ε is 10⁻⁵. Mean and variance depend on every row, so the rows of
/// a batch are coupled: derivatives pass through them. Where a model is called on a batch as a whole,
/// they are recorded like any other operation. ``TiledEvaluation`` computes the same numbers in tiles;
/// to do so it relies on every call of the model meeting its normalizations in the same order.
///
/// Source: S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
/// internal covariate shift", ICML 2015, algorithm 1. There is no running average: a model is folded
/// into a plain one with statistics over given data instead.
public struct Normalization<Scalar: TensorScalar>: Sendable {
  /// Where a layer is normalized.
  public enum Placement: String, Sendable, CaseIterable {
    /// Its pre-activations are, and the activation follows.
    case beforeActivation = "before"
    /// Its values after the activation are.
    case afterActivation = "after"
  }

  /// What each normalized column is multiplied by, of shape [columns].
  public var weight: Variable<Scalar>
  /// What is then added to it, of shape [columns].
  public var bias: Variable<Scalar>
  /// Where the layer is normalized.
  public let placement: Placement

  /// ε, which is added to the variances.
  public static var epsilon: Double { 1e-5 }

  /// Where the statistics come from while a batch is evaluated in tiles, and the layer's name there.
  private var coupling: (context: BatchCoupling<Scalar>, layer: String)?

  /// A normalization with weights of one and biases of zero.
  public init(columns: Int, placement: Placement) {
    self.init(
      weight: Tensor(repeating: 1, shape: [columns]), bias: Tensor(zeros: [columns]),
      placement: placement)
  }

  /// A normalization with given weights and biases.
  ///
  /// - Parameters:
  ///   - weight: Shape: [columns].
  ///   - bias: Shape: [columns].
  ///   - placement: Where the layer is normalized.
  /// - Precondition: The shapes agree.
  public init(weight: Tensor<Scalar>, bias: Tensor<Scalar>, placement: Placement) {
    precondition(
      weight.rank == 1 && weight.shape == bias.shape,
      "a normalization with weights of shape \(weight.shape) and biases of shape \(bias.shape)")
    self.weight = Variable(weight)
    self.bias = Variable(bias)
    self.placement = placement
  }

  /// The number of columns that are normalized.
  public var columns: Int { weight.value.count }

  /// Lets a batch's evaluation in tiles say what the statistics are.
  mutating func couple(to context: BatchCoupling<Scalar>, layer: String) {
    coupling = (context, layer)
  }

  /// A layer's values for a batch, normalized before or after an activation.
  func callAsFunction(
    of layer: Linear<Scalar>, at input: Variable<Scalar>, then activation: some Activation<Scalar>
  ) -> Variable<Scalar> {
    let samples = input.shape[0]
    return switch placement {
    case .beforeActivation:
      normalized(samples: samples, then: activation) {
        layer.dense(input, then: IdentityActivation())
      }
    case .afterActivation:
      normalized(samples: samples, then: IdentityActivation()) {
        layer.dense(input, then: activation)
      }
    }
  }

  /// The activation of the normalized columns of some values.
  ///
  /// - Parameters:
  ///   - samples: The number of rows.
  ///   - activation: Follows the normalization.
  ///   - values: Computes the values. Not called where they are known already, or cannot be yet.
  private func normalized(
    samples: Int, then activation: some Activation<Scalar>, of values: () -> Variable<Scalar>
  ) -> Variable<Scalar> {
    guard let (context, layer) = coupling else {
      return normalizedAsAWhole(values(), then: activation)
    }
    return context.normalized(rows: samples, columns: columns, layer: layer, values: values) {
      values, statistics in
      guard let statistics else { return activation(values) }
      let operation = NormalizationPrimitive(
        statistics: statistics, activation: activation,
        keepsSlopes: context.keepsSlopes || placement == .afterActivation)
      return .applying(operation, to: values, weight, bias)
    }
  }

  /// Normalizes the rows given as one batch, by recorded operations.
  private func normalizedAsAWhole(
    _ values: Variable<Scalar>, then activation: some Activation<Scalar>
  ) -> Variable<Scalar> {
    let rows = Scalar(values.shape[0])
    let centered = values - values.summed(to: [columns]) / rows
    let variance = centered.squared().summed(to: [columns]) / rows
    let deviation = (variance + Scalar(Self.epsilon)).squareRoot()
    return activation(centered / deviation * weight + bias)
  }
}
