import TensorKit

/// A fixed basis B that the rows of a linear layer's weight are combinations of: `W = Λ B`.
///
/// Only the coefficients Λ are parameters. A basis is not stored with weights: whoever made it makes
/// it again.
public struct WeightBasis<Scalar: TensorScalar>: Sendable {
  /// The basis vectors as rows, of shape [vectors, inputs].
  public let matrix: Tensor<Scalar>
  /// A matrix R with `Bᵀ B = R Rᵀ` and no more columns than B has, of shape [inputs, columns].
  ///
  /// The gradient of an output by its row of coefficients is `a Bᵀ` for the layer's inputs a, so
  /// that dot products of such gradients are those of the rows `a R`.
  let gramRoot: Tensor<Scalar>

  /// A basis of given vectors, which need not be independent.
  ///
  /// - Parameter matrix: The vectors as rows. Shape: [vectors, inputs].
  /// - Precondition: The tensor is a matrix.
  public init(_ matrix: Tensor<Scalar>) {
    precondition(matrix.rank == 2, "a basis of shape \(matrix.shape)")
    self.matrix = matrix
    self.gramRoot =
      matrix.shape[0] <= matrix.shape[1]
      ? matrix.transposed() : matrix.qrFactors().upperTriangular.transposed()
  }
}

/// Where a linear layer's weight comes from: a parameter, or coefficients times a fixed basis.
struct WeightSource<Scalar: TensorScalar>: Sendable {
  /// W, or Λ if there is a basis.
  var matrix: Variable<Scalar>
  /// B, of shape [vectors, inputs], if the weight is a product.
  var basis: WeightBasis<Scalar>?

  /// What the parameter is named in its layer.
  var name: String { basis == nil ? "weight" : "coefficients" }

  /// The number of columns of the weight.
  var columns: Int { (basis?.matrix ?? matrix.value).shape[1] }

  /// W, which a product is formed for.
  var weight: Variable<Scalar> {
    basis.map { .matrixProduct(matrix, Variable($0.matrix)) } ?? matrix
  }
}

// Layers whose weight is a product.
extension Linear {
  /// A layer whose weight is the product `Λ B` of trainable coefficients, a parameter named
  /// `coefficients`, and a fixed basis.
  ///
  /// - Parameters:
  ///   - coefficients: Λ. Shape: [outputs, vectors].
  ///   - basis: B. Shape: [vectors, inputs].
  ///   - bias: Shape: [outputs].
  /// - Precondition: The shapes agree.
  public init(coefficients: Tensor<Scalar>, basis: WeightBasis<Scalar>, bias: Tensor<Scalar>?) {
    self.init(weight: coefficients, bias: bias)
    precondition(
      coefficients.shape[1] == basis.matrix.shape[0],
      "coefficients of shape \(coefficients.shape) for a basis of shape \(basis.matrix.shape)")
    source.basis = basis
  }

  /// The fixed basis B, of shape [vectors, inputs], if the weight is a product.
  public var basis: WeightBasis<Scalar>? { source.basis }

  /// The coefficients Λ, of shape [outputs, vectors], if the weight is a product.
  public var coefficients: Variable<Scalar>? { basis == nil ? nil : source.matrix }

  /// Replaces a weight that is a product by its value; the layer computes what it did.
  public mutating func formWeight(workers: Workers = Workers(threads: 1)) {
    guard let basis else { return }
    weight = Variable(.matrixProduct(source.matrix.value, basis.matrix, workers: workers))
  }
}
