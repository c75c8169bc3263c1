import AutoDiff
import TensorKit

/// The mean over all elements of the cross-entropy between a target and the sigmoid of an output.
///
/// Outputs are logits: the model must not apply a sigmoid itself. Computed through
/// `softplus` of `Variable`, the loss neither overflows nor loses its small values: for an output z
/// and a target t it is t · softplus(-z) + (1 - t) · softplus(z), and its derivative sigmoid(z) - t.
/// Targets are probabilities, zero or one for the labels of an occupancy.
public struct BinaryCrossEntropy<Scalar: TensorScalar>: RowLoss {
  /// The cross-entropy of labels and the sigmoids of outputs.
  public init() {}

  /// The mean of each row's cross-entropies, of shape [rows, 1].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let ofOnes = Variable(targets) * (-outputs).softplus()
    let ofZeros = Variable(1 - targets) * outputs.softplus()
    return (ofOnes + ofZeros).mean(alongAxis: 1, keepingAxis: true)
  }
}
