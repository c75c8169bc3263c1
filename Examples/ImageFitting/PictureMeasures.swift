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

  init(of values: Tensor<Double>, against picture: Picture) {
    func rounded(_ values: Tensor<Double>) -> Tensor<Double> {
      Picture(values, bitDepth: .eight).values()
    }
    let (saved, reference) = (rounded(values), rounded(picture.values()))
    psnr = peakSignalToNoiseRatio(of: saved, against: reference)
    structuralSimilarity = INRZoo.structuralSimilarity(of: saved, against: reference)
    multiscaleStructuralSimilarity = INRZoo.multiscaleStructuralSimilarity(
      of: saved, against: reference)
  }
}
