import AutoDiff
import TensorKit

/// The optimizers that can be used.
public enum OptimizerName: String, CaseIterable, Sendable {
  /// Adam with its published constants.
  case adam
  /// Gradient descent without momentum.
  case sgd
  /// Orthogonalized momentum for hidden matrices, Adam for the rest.
  case muon

  /// A line of explanation for the help.
  public var about: String {
    switch self {
    case .adam: "Adam with its published constants"
    case .sgd: "gradient descent without momentum"
    case .muon:
      "orthogonalized momentum for hidden matrices, Adam for the rest (Jordan et al. 2024)"
    }
  }

  /// A fresh optimizer.
  ///
  /// - Parameters:
  ///   - learningRate: The learning rate.
  ///   - workers: The threads that share the work.
  public func optimizer<Scalar: TensorScalar>(
    learningRate: LearningRateSchedule, workers: Workers, _: Scalar.Type
  ) -> any Optimizer<Scalar> {
    switch self {
    case .adam: Adam<Scalar>(learningRate: learningRate, workers: workers)
    case .sgd: SGD<Scalar>(learningRate: learningRate)
    case .muon: Muon<Scalar>(learningRate: learningRate, workers: workers)
    }
  }
}

/// The number types to compute with.
public enum PrecisionName: String, CaseIterable, Sendable {
  /// Single precision.
  case float
  /// Double precision.
  case double
}
