import TensorKit

/// A picture of 1 to 4 channels, with the numbers that its file stores.
///
/// A picture is its ``samples``: numbers from 0 to 255 or 65535, whole when they come from a file,
/// and not whole after averaging, which rounds nothing. Only writing rounds them. Networks are fitted
/// to its ``values(as:)``, which are the same numbers from 0 to 1.
///
/// ```swift
/// let picture = try Picture(contentsOf: "kodim01.png").averagedBlocks(of: 4)
/// let target = picture.values(as: Float.self)      // [128, 192, 3]
/// try Picture(prediction).write(to: "fitted.png")
/// ```
///
/// Colours are as stored, without gamma or colour management.
public struct Picture: Equatable, Sendable {
  /// The number of bits in which a file stores a sample.
  public enum BitDepth: Int, CaseIterable, Sendable {
    /// 8 bits: samples from 0 to 255.
    case eight = 8
    /// 16 bits: samples from 0 to 65535.
    case sixteen = 16

    /// The sample that stands for the value 1.
    public var largestSample: Int { (1 << rawValue) - 1 }
  }

  /// The samples, of the shape [height, width, channels], from 0 to ``BitDepth/largestSample``.
  ///
  /// The channels are grey; grey and alpha; red, green and blue; or these and alpha.
  public let samples: Tensor<Double>

  /// The number of bits of a sample in the file that the picture came from, or is written to.
  public let bitDepth: BitDepth

  /// The number of rows of pixels.
  public var height: Int { samples.shape[0] }

  /// The number of pixels in a row.
  public var width: Int { samples.shape[1] }

  /// The number of samples of a pixel, from 1 to 4.
  public var channels: Int { samples.shape[2] }

  /// Creates a picture from samples within the range of the bit depth.
  init(samples: Tensor<Double>, bitDepth: BitDepth) {
    precondition(
      samples.rank == 3 && samples.count > 0 && (1...4).contains(samples.shape[2]),
      "a picture has the shape [height, width, channels], 1 to 4 channels, not \(samples.shape)")
    self.samples = samples
    self.bitDepth = bitDepth
  }

  /// Creates a picture from values, each clamped to 0 and 1 and rounded to the nearest sample.
  ///
  /// - Parameters:
  ///   - values: The values, of the shape [height, width, channels] with 1 to 4 channels. One that
  ///     is not a number becomes 0.
  ///   - bitDepth: The number of bits of a sample.
  public init<Scalar: TensorScalar>(_ values: Tensor<Scalar>, bitDepth: BitDepth = .eight) {
    let largest = Double(bitDepth.largestSample)
    var samples = Tensor<Double>(values)
    samples.withUnsafeMutableElements { samples in
      for index in samples.indices {
        // A comparison with NaN is false, so that NaN becomes 0.
        let value = samples[index] > 0 ? min(samples[index], 1) : 0
        samples[index] = (value * largest).rounded()
      }
    }
    self.init(samples: samples, bitDepth: bitDepth)
  }

  /// Returns the samples as values from 0 to 1, of the shape [height, width, channels].
  ///
  /// A value is its sample divided by 255 or 65535, and is the number nearest to that quotient which
  /// the type has.
  ///
  /// - Parameter type: The type of the values.
  /// - Returns: The values.
  public func values<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> Tensor<Scalar> {
    // Quotients of whole samples are never near the middle between two numbers of type Float, so
    // rounding to Double before that changes none.
    Tensor<Scalar>(samples / Double(bitDepth.largestSample))
  }

  /// Returns a smaller picture, each of whose pixels is the mean of a square block of pixels.
  ///
  /// The means are not rounded. What is left at the right and at the bottom, less than a block, is
  /// dropped.
  ///
  /// - Parameter side: The side of a block, in pixels; 1 gives the picture itself.
  /// - Returns: The smaller picture, of the same channels and bit depth.
  /// - Throws: ``PictureError/blockDoesNotFit(side:height:width:)`` if a block is larger than the
  ///   picture, or its side is not positive.
  public func averagedBlocks(of side: Int) throws -> Picture {
    guard side >= 1, side <= min(height, width) else {
      throw PictureError.blockDoesNotFit(side: side, height: height, width: width)
    }
    if side == 1 { return self }
    let (rows, columns, channels) = (height / side, width / side, channels)
    let rowLength = width * channels
    let area = Double(side * side)
    let means = samples.withUnsafeElements { samples in
      Tensor<Double>(shape: [rows, columns, channels]) { means in
        means.initialize(repeating: 0)
        for row in 0..<(rows * side) {
          let target = row / side * columns * channels
          for column in 0..<(columns * side) {
            let source = row * rowLength + column * channels
            for channel in 0..<channels {
              means[target + column / side * channels + channel] += samples[source + channel]
            }
          }
        }
        for index in means.indices { means[index] /= area }
      }
    }
    return Picture(samples: means, bitDepth: bitDepth)
  }
}
