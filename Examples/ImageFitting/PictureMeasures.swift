import INRZoo
import TensorKit

/// How near a fitted picture is to the picture, as saved: both clamped to [0, 1] and rounded to 8 bits.
struct PictureMeasures {
  /// The peak signal-to-noise ratio in dB.
  let psnr: Double
  /// nil for pictures smaller than 7 x 7 pixels.
  let structuralSimilarity: Double?
  /// nil for pictures with a side of 160 pixels or less.
  let multiscaleStructuralSimilarity: Double?
  /// nil unless asked for.
  let perceptualDistance: Double?

  init(
    of values: Tensor<Float>, against picture: Picture, perceptual: PerceptualDistance<Float>?,
    workers: Workers
  ) throws {
    let (first, second) = (values.roundedToEightBits(), picture.values().roundedToEightBits())
    psnr = peakSignalToNoiseRatio(of: first, against: second)
    structuralSimilarity = INRZoo.structuralSimilarity(of: first, against: second)
    multiscaleStructuralSimilarity = INRZoo.multiscaleStructuralSimilarity(
      of: first, against: second)
    perceptualDistance = try perceptual?(
      of: Picture(first), against: Picture(second), workers: workers)
  }
}

extension Tensor<Float> {
  /// Values clamped to [0, 1] and rounded to multiples of 1/255; 0 where they are not numbers.
  fileprivate func roundedToEightBits() -> Tensor {
    var result = self
    result.withUnsafeMutableElements { values in
      for index in values.indices {
        let value = values[index] > 0 ? Swift.min(values[index], 1) : 0
        values[index] = (value * 255).rounded() / 255
      }
    }
    return result
  }
}
