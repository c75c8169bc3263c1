import INRZoo
import TensorKit

/// Pictures of the same size side by side, small ones magnified without smoothing.
struct ComparisonPicture {
  /// The values of each, of shape [height, width, channels], left to right.
  let parts: [Tensor<Double>]

  /// All of them as one picture, with white between.
  var picture: Picture? {
    guard let first = parts.first else { return nil }
    let (height, width) = (first.shape[0], first.shape[1])
    let factor = max(1, 512 / max(height, width))
    let gap = Tensor<Double>(
      repeating: 1, shape: [height * factor, max(4, factor), first.shape[2]])
    let columns = parts.map { magnified($0, by: factor) }
    return Picture(
      Tensor.concatenated(Array(columns.map { [$0] }.joined(separator: [gap])), alongAxis: 1))
  }

  private func magnified(_ values: Tensor<Double>, by factor: Int) -> Tensor<Double> {
    let (height, width, channels) = (values.shape[0], values.shape[1], values.shape[2])
    let pixels = (0..<(height * factor)).flatMap { row in
      (0..<(width * factor)).map { row / factor * width + $0 / factor }
    }
    return values.reshaped(to: [height * width, channels]).rows(at: pixels)
      .reshaped(to: [height * factor, width * factor, channels])
  }
}
