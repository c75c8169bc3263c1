import TensorKit

/// A model made ready for evaluation in tiles: its trainable numbers recorded, and whatever depends
/// on parameters alone computed once rather than for each tile.
///
/// A leaf of the tiles' recordings is a trainable parameter, except that a linear layer whose weight
/// is a product `Λ B` has the weight W itself as its leaf, in the place of Λ. The sum over all tiles of
/// ∂W becomes ∂Λ = ∂W Bᵀ at the end, and a direction of Λ one of W at the start.
struct LiftedModel<Model: Module>: Sendable {
  typealias Scalar = Model.Scalar

  /// Computes what the model does, and records nothing.
  let plain: Model
  /// Computes what the model does, with the leaves recorded.
  let recorded: Model
  /// What tiles are differentiated with respect to, one for each parameter of the layout.
  let leaves: [Variable<Scalar>]
  /// The model's trainable parameters.
  let layout: ParameterLayout
  private let workers: Workers
  /// For each leaf, the basis if it is a product.
  private let bases: [WeightBasis<Scalar>?]

  init(_ model: Model, workers: Workers) {
    var plain = model
    var bases: [WeightBasis<Scalar>?] = []
    // A layer is shown before its parameters, the first of which is its weight.
    var basisOfNext: WeightBasis<Scalar>?
    var visitor = ModuleVisitor<Scalar>(
      onLayer: { _, _, layer in
        basisOfNext = layer.isTrainable ? layer.basis : nil
        layer.formWeight(workers: workers)
      },
      onParameter: { _, _, _, isTrainable in
        guard isTrainable else { return }
        bases.append(basisOfNext)
        basisOfNext = nil
      })
    plain.visit(&visitor)
    self.plain = plain
    (recorded, leaves) = plain.lifted()
    layout = model.parameterLayout
    self.workers = workers
    self.bases = bases
  }

  /// Whether a leaf is a product of a parameter.
  var hasProducts: Bool { bases.contains { $0 != nil } }

  /// The derivative by a parameter, from that by its leaf.
  func parameterGradient(_ gradient: Tensor<Scalar>, ofLeaf leaf: Int) -> Tensor<Scalar> {
    guard let basis = bases[leaf] else { return gradient }
    return .matrixProduct(gradient, basis.matrix, transposingRight: true, workers: workers)
  }

  /// The derivatives by all parameters, from those by all leaves.
  func parameterGradient(_ gradients: PartialGradients<Scalar>) -> ParameterVector<Scalar> {
    let sums = gradients.leaves.enumerated().map { leaf, sum in
      bases[leaf] == nil
        ? sum : CotangentSum(sum.total.map { parameterGradient($0, ofLeaf: leaf) })
    }
    return ParameterVector(gathering: sums, layout: layout, workers: workers)
  }

  /// Numbers whose dot products are those of derivatives by a parameter, from the derivative by its
  /// leaf, and no more of them than it has.
  func gramGradient(_ gradient: Tensor<Scalar>, ofLeaf leaf: Int) -> Tensor<Scalar> {
    bases[leaf].map { .matrixProduct(gradient, $0.gramRoot) } ?? gradient
  }

  /// The tangents of the leaves along a direction of the parameters.
  func leafTangents(along direction: ParameterVector<Scalar>) -> [Tensor<Scalar>?] {
    leaves.indices.map { leaf in
      let tangent = direction.tensor(at: leaf)
      return bases[leaf].map { .matrixProduct(tangent, $0.matrix, workers: workers) } ?? tangent
    }
  }

  /// Factors with the Gram matrix of the samples' gradients by some parameters, from factors of the
  /// gradients by their leaves; nil if there are none.
  ///
  /// The gradient `d aᵀ` by a weight is `d (a Bᵀ)ᵀ` by its coefficients.
  func parameterFactors(
    _ factors: [PerSampleGradient<Scalar>], ofLeaves used: [Int]
  ) -> [PerSampleGradient<Scalar>]? {
    let products = used.compactMap { bases[$0] }
    guard let basis = products.first else { return factors }
    guard products.count == 1, factors.count == 1, let inner = factors[0].inner,
      inner.shape[1] == basis.matrix.shape[1]
    else { return nil }
    return [
      PerSampleGradient(
        ofInput: factors[0].input, biasInput: factors[0].biasInput, outer: factors[0].outer,
        inner: .matrixProduct(inner, basis.gramRoot))
    ]
  }
}
