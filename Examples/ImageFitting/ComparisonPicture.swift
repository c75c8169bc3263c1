import INRZoo
import TensorKit

/// Pictures of the same size side by side, small ones magnified without smoothing.
struct ComparisonPicture {
  /// The values of each, of shape [height, width, channels], left to right.
  let parts: [Tensor<Float>]

  /// A PNG file of all of them, with white between; nil without any.
  func pngBytes() throws -> [UInt8]? {
    guard let first = parts.first else { return nil }
    let (height, width, channels) = (first.shape[0], first.shape[1], first.shape[2])
    let factor = max(1, 512 / max(height, width))
    let gap = [UInt8](repeating: .max, count: max(4, factor) * channels)
    var samples: [UInt8] = []
    for row in 0..<height {
      var line: [UInt8] = []
      for (index, part) in parts.enumerated() {
        if index > 0 { line += gap }
        part.withUnsafeElements { values in
          for column in 0..<width {
            let start = (row * width + column) * channels
            let pixel = values[start..<(start + channels)].map { value in
              // A comparison with NaN is false, so that NaN becomes 0.
              UInt8(((value > 0 ? min(value, 1) : 0) * 255).rounded())
            }
            for _ in 0..<factor { line += pixel }
          }
        }
      }
      for _ in 0..<factor { samples += line }
    }
    let rows = height * factor
    return try Picture.pngBytes(
      of: samples, shape: [rows, samples.count / (rows * channels), channels])
  }
}
