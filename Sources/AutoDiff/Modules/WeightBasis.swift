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
