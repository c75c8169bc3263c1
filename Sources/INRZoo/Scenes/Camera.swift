import Foundation
import TensorKit

/// Which point of a pixel its ray goes through.
public enum PixelPosition: String, CaseIterable, Codable, Sendable {
  /// The middle, as pictures are rendered and area-averaged.
  case center
  /// The upper left corner, as in the code released with NeRF and IGA.
  case corner

  /// What is added to a pixel's column and row.
  var offset: Double { self == .center ? 0.5 : 0 }
}

/// A pinhole camera with square pixels, whose axis goes through the middle of the picture.
public struct Camera: Hashable, Sendable {
  /// The number of pixels in a row.
  public let width: Int
  /// The number of rows of pixels.
  public let height: Int
  /// The distance of the picture from the camera, in pixels.
  public let focalLength: Double
  /// Where the camera is.
  public let pose: CameraPose

  /// A camera with a focal length in pixels.
  ///
  /// - Precondition: There is a pixel, and the focal length is positive.
  public init(width: Int, height: Int, focalLength: Double, pose: CameraPose) {
    precondition(
      width > 0 && height > 0 && focalLength > 0 && focalLength.isFinite,
      "a camera of \(width) x \(height) pixels with a focal length of \(focalLength)")
    self.width = width
    self.height = height
    self.focalLength = focalLength
    self.pose = pose
  }

  /// A camera with a horizontal field of view in radians.
  ///
  /// - Precondition: There is a pixel, and the field of view lies between 0 and π.
  public init(width: Int, height: Int, horizontalFieldOfView angle: Double, pose: CameraPose) {
    precondition(angle > 0 && angle < .pi, "a field of view of \(angle) radians")
    self.init(
      width: width, height: height, focalLength: 0.5 * Double(width) / tan(0.5 * angle), pose: pose)
  }

  /// The number of pixels.
  public var pixelCount: Int { width * height }

  /// The same camera with a picture of another size; its field of view along a row is kept.
  public func resized(width: Int, height: Int) -> Camera {
    Camera(
      width: width, height: height,
      focalLength: focalLength * Double(width) / Double(self.width), pose: pose)
  }

  /// The direction of the ray through a point of the picture, which is not of unit length.
  ///
  /// Its part along the camera's axis is 1, so that a distance along it is a depth.
  ///
  /// - Parameters:
  ///   - column: In pixels from the left edge.
  ///   - row: In pixels from the upper edge.
  public func direction(column: Double, row: Double) -> SIMD3<Double> {
    let x = (column - Double(width) / 2) / focalLength
    let y = (Double(height) / 2 - row) / focalLength
    return pose.right * x + pose.up * y - pose.backward
  }

  /// Where a point is seen, in pixels from the upper left corner, and its depth; nil for one that is not in
  /// front of the camera.
  public func place(of point: SIMD3<Double>) -> (column: Double, row: Double, depth: Double)? {
    let offset = point - pose.position
    let depth = -dot(offset, pose.backward)
    guard depth > 0 else { return nil }
    let scale = focalLength / depth
    return (
      Double(width) / 2 + dot(offset, pose.right) * scale,
      Double(height) / 2 - dot(offset, pose.up) * scale, depth
    )
  }

  /// The part of the picture's plane that a ball is seen within, in pixels from the upper left corner; nil for a ball
  /// that is not well in front of the camera.
  func extent(
    ofBallAround center: SIMD3<Double>, radius: Double
  ) -> (columns: ClosedRange<Double>, rows: ClosedRange<Double>)? {
    guard let place = place(of: center), place.depth > 2 * radius else { return nil }
    // A ball off the axis is seen as an ellipse, longer by the ratio of its distance to its depth.
    let distance = length(center - pose.position)
    let reach = focalLength * radius * distance / (place.depth * (place.depth - radius))
    return (
      (place.column - reach)...(place.column + reach), (place.row - reach)...(place.row + reach)
    )
  }

  /// The rays through some pixels.
  ///
  /// - Parameters:
  ///   - pixels: Their places, in rows from the upper left corner; all by default.
  ///   - position: Which point of a pixel a ray goes through.
  ///   - isNormalized: Whether directions have unit length.
  public func rays<Scalar: TensorScalar>(
    atPixels pixels: [Int]? = nil, through position: PixelPosition = .center,
    isNormalized: Bool = false
  ) -> Rays<Scalar> {
    let pixels = pixels ?? Array(0..<pixelCount)
    let start = (0..<3).map { Scalar(pose.position[$0]) }
    let origins = Tensor<Scalar>(shape: [pixels.count, 3]) { elements in
      for index in elements.indices { elements[index] = start[index % 3] }
    }
    let directions = Tensor<Scalar>(shape: [pixels.count, 3]) { elements in
      for (index, pixel) in pixels.enumerated() {
        var direction = direction(
          column: Double(pixel % width) + position.offset,
          row: Double(pixel / width) + position.offset)
        if isNormalized { direction /= length(direction) }
        for axis in 0..<3 { elements[3 * index + axis] = Scalar(direction[axis]) }
      }
    }
    return Rays(origins: origins, directions: directions)
  }
}
