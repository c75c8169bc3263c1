import TensorKit

/// A picture of a scene, and the camera that saw it.
///
/// Pixels are held with 16 bits a channel, so that a picture of 8 bits is held exactly and averages nearly so.
public struct SceneView: Sendable {
  /// What the view is called in reports and files.
  public let name: String
  /// The camera.
  public let camera: Camera
  /// Whether pixels have an alpha channel.
  public let hasAlpha: Bool
  /// Red, green, blue and alpha of each pixel, from 0 to 65535.
  private let samples: [UInt16]

  /// A view of a picture.
  ///
  /// - Parameters:
  ///   - name: What the view is called.
  ///   - picture: Grey or colours, with or without alpha that is not multiplied into the colours.
  ///   - camera: The camera.
  /// - Precondition: The picture has the camera's size.
  public init(name: String, picture: Picture, camera: Camera) {
    precondition(
      picture.width == camera.width && picture.height == camera.height,
      "a picture of \(picture.width) x \(picture.height) by a camera of "
        + "\(camera.width) x \(camera.height)")
    self.name = name
    self.camera = camera
    let channels = picture.channels
    let hasAlpha = channels == 2 || channels == 4
    self.hasAlpha = hasAlpha
    let scale = 65535 / Double(picture.bitDepth.largestSample)
    samples = picture.samples.withUnsafeElements { elements in
      (0..<picture.width * picture.height).flatMap { pixel -> [UInt16] in
        func sample(_ channel: Int) -> UInt16 {
          UInt16((elements[pixel * channels + channel] * scale).rounded())
        }
        let colors = channels < 3 ? [0, 0, 0] : [0, 1, 2]
        return colors.map(sample) + [hasAlpha ? sample(channels - 1) : 65535]
      }
    }
  }

  /// The color of a pixel, before anything is put behind it.
  public func color(ofPixel pixel: Int) -> SIMD3<Double> {
    SIMD3(
      Double(samples[4 * pixel]), Double(samples[4 * pixel + 1]), Double(samples[4 * pixel + 2]))
      / 65535
  }

  /// How opaque a pixel is, from 0 to 1.
  public func alpha(ofPixel pixel: Int) -> Double { Double(samples[4 * pixel + 3]) / 65535 }

  /// Whether anything at all is seen at a pixel.
  public func isCovered(atPixel pixel: Int) -> Bool { samples[4 * pixel + 3] > 0 }

  /// The color of a pixel in front of a background.
  public func color(ofPixel pixel: Int, over background: SIMD3<Double>) -> SIMD3<Double> {
    let alpha = alpha(ofPixel: pixel)
    return color(ofPixel: pixel) * alpha + background * (1 - alpha)
  }

  /// The picture in front of a background, of shape [height, width, 3].
  public func values<Scalar: TensorScalar>(
    over background: SIMD3<Double>, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    Tensor(shape: [camera.height, camera.width, 3]) { elements in
      for pixel in 0..<camera.pixelCount {
        let color = color(ofPixel: pixel, over: background)
        for channel in 0..<3 { elements[3 * pixel + channel] = Scalar(color[channel]) }
      }
    }
  }
}
