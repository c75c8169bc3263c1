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
    of values: Tensor<Double>, against picture: Picture, perceptual: PerceptualDistance<Float>?,
    workers: Workers
  ) throws {
    let saved = Picture(values, bitDepth: .eight)
    let reference = Picture(picture.values(as: Double.self), bitDepth: .eight)
    let (first, second): (Tensor<Double>, Tensor<Double>) = (saved.values(), reference.values())
    psnr = peakSignalToNoiseRatio(of: first, against: second)
    structuralSimilarity = INRZoo.structuralSimilarity(of: first, against: second)
    multiscaleStructuralSimilarity = INRZoo.multiscaleStructuralSimilarity(
      of: first, against: second)
    perceptualDistance = try perceptual?(of: saved, against: reference, workers: workers)
  }
}
