import GradientAdjusters
import INRZoo
import TensorKit

extension PixelRange {
  /// The name under which weight files note it.
  static let metadataKey = "pixel-range"

  /// A batch of pixels with the targets that a network is trained on.
  func batch<Scalar>(_ pixels: Batch<Scalar>) -> Batch<Scalar> {
    switch self {
    case .unit: pixels
    case .symmetric:
      Batch(
        inputs: pixels.inputs, targets: pixels.targets * 2 - 1, groups: pixels.groups,
        weights: pixels.weights)
    }
  }

  /// The values of pixels that a network's outputs stand for.
  func values<Scalar>(of outputs: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .unit: outputs
    case .symmetric: (outputs + 1) * 0.5
    }
  }

  /// The mean squared error of pixels, of that of a network's outputs.
  func pixelError(of error: Double) -> Double {
    switch self {
    case .unit: error
    case .symmetric: error / 4
    }
  }
}
