import AutoDiff
import TensorKit

/// Batch normalization: standardizes the columns of hidden layers over the batch, and trains a weight
/// and a bias for each.
///
/// ``prepare(_:using:)`` gives the chosen layers of any model a `Normalization`. A training step then
/// computes with the exact statistics of its whole batch, however that is worked off. What a trained
/// model computes depends on the batch, so ``folded(_:over:)`` needs the inputs that statistics are
/// taken over.
///
/// Published networks normalize after rectified linear units, and before them where coordinates are
/// encoded. Before sines a normalization with weights of one destroys the frequencies that the
/// initialization chose; ``init(placement:preservingFunctionOver:layers:)`` starts from the function
/// that the network computes without.
///
/// ```swift
/// let adjuster = BatchNormalization<Float>(preservingFunctionOver: batch.inputs)
/// ```
///
/// Source: S. Ioffe and C. Szegedy, ICML 2015; the placements are those published with IGA (K. Shi et
/// al., ICML 2025).
public struct BatchNormalization<Scalar: TensorScalar>: GradientAdjuster {
  /// Where layers are normalized.
  public let placement: Normalization<Scalar>.Placement
  /// The names of the layers to normalize; nil for those from inputs to units and between units.
  public let layers: [String]?
  /// The inputs over which normalizations start as the identity, if they do.
  private let preservedInputs: Tensor<Scalar>?

  /// Batch normalization that starts with weights of one and biases of zero, as published.
  ///
  /// - Parameters:
  ///   - placement: Where layers are normalized.
  ///   - layers: The full names of the linear layers to normalize, such as `layers.1`. By default those
  ///     with the role of an input or hidden layer.
  public init(
    placement: Normalization<Scalar>.Placement = .beforeActivation, layers: [String]? = nil
  ) {
    self.placement = placement
    self.layers = layers
    self.preservedInputs = nil
  }

  /// Batch normalization that leaves the network's function what it was: each weight starts as the
  /// standard deviation of its column over given inputs, and each bias as the mean.
  ///
  /// - Parameters:
  ///   - placement: Where layers are normalized.
  ///   - inputs: The inputs of the training batch. Shape: [samples, inputs].
  ///   - layers: The full names of the linear layers to normalize; by default those with the role of an
  ///     input or hidden layer.
  public init(
    placement: Normalization<Scalar>.Placement = .beforeActivation,
    preservingFunctionOver inputs: Tensor<Scalar>, layers: [String]? = nil
  ) {
    self.placement = placement
    self.layers = layers
    self.preservedInputs = inputs
  }

  /// Gives the chosen layers a normalization; one that a layer has already is kept.
  ///
  /// - Throws: ``AdjusterError`` if a chosen layer does not exist, none has the role of an input or hidden
  ///   layer, or a layer's values over the inputs are not finite; the model is then unchanged.
  public mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) throws {
    let chosen = Set(try chosenLayers(of: model))
    let placement = placement
    var prepared = model
    var added: Set<String> = []
    prepared.forEachLayer { name, _, layer in
      guard chosen.contains(name), layer.normalization == nil else { return }
      layer.normalization = Normalization(columns: layer.outputs, placement: placement)
      added.insert(name)
    }
    if let preservedInputs {
      try prepared.startNormalizationsAsIdentity(of: added, over: preservedInputs)
    }
    model = prepared
  }

  /// The plain model that computes what a model with normalizations does on a batch: each is folded
  /// into its own layer, or into the next one if it follows the activation.
  ///
  /// - Throws: ``AdjusterError/needsInputs`` without inputs, and ``AdjusterError/cannotFold(layer:reason:)`` where a
  ///   layer is used several times, what follows a normalized activation is not the next layer alone, or
  ///   rounding errors would grow, as over one row or a few.
  public func folded<Model: Module<Scalar>>(
    _ model: Model, over inputs: Tensor<Scalar>?
  ) throws -> Model {
    try model.foldedNormalizations(over: inputs)
  }

  private func chosenLayers(of model: some Module<Scalar>) throws(AdjusterError) -> [String] {
    try model.layers(named: layers) { role, _ in role == .input || role.isHidden }.map(\.name)
  }
}

extension Module {
  /// Whether a layer is normalized.
  var hasNormalizations: Bool {
    var copy = self
    var found = false
    copy.forEachLayer { _, _, layer in found = found || layer.normalization != nil }
    return found
  }

  /// Sets the weights and biases of some layers' normalizations so that they change nothing over some
  /// inputs.
  fileprivate mutating func startNormalizationsAsIdentity(
    of layers: Set<String>, over inputs: Tensor<Scalar>
  ) throws {
    let statistics = try TiledEvaluation(of: self).statisticsWithoutNormalizing(over: inputs)
    for columns in statistics.normalizations where !columns.mean.isFinite {
      throw AdjusterError.nonFinite("output of \(columns.layer)")
    }
    forEachLayer { name, _, layer in
      // A layer that is used several times starts as the identity at its first use.
      guard layers.contains(name), let placement = layer.normalization?.placement,
        let columns = statistics.normalizations.first(where: { $0.layer == name })
      else { return }
      let deviation = (columns.variance + Normalization<Scalar>.epsilon).squareRoot()
      layer.normalization = Normalization(
        weight: Tensor(deviation), bias: Tensor(columns.mean), placement: placement)
    }
  }
}
