import Foundation
import INRZoo
import TensorKit

/// A square part of a picture, for looking at pixels.
struct PictureCrop: Equatable {
  let top: Int
  let left: Int
  let height: Int
  let width: Int

  /// The longest side of crops, in pixels.
  private static let longestSide = 160

  /// The part in which errors are largest.
  ///
  /// Parts that overlap by half are looked at.
  ///
  /// - Parameters:
  ///   - errors: How far off each pixel is, of shape [height, width].
  ///   - side: How long each side of the part is; less where the picture is smaller.
  init(worstOf errors: Tensor<Float>, side: Int) {
    let (rows, columns) = (errors.shape[0], errors.shape[1])
    height = min(side, rows)
    width = min(side, columns)
    var worst = (error: -Double.infinity, top: 0, left: 0)
    let (partHeight, partWidth) = (height, width)
    errors.withUnsafeElements { errors in
      for top in Self.starts(of: partHeight, in: rows) {
        for left in Self.starts(of: partWidth, in: columns) {
          var sum = 0.0
          for row in top..<(top + partHeight) {
            for column in left..<(left + partWidth) {
              sum += Double(errors[row * columns + column])
            }
          }
          if sum > worst.error { worst = (sum, top, left) }
        }
      }
    }
    (top, left) = (worst.top, worst.left)
  }

  /// Where parts begin along a side, the last at its end.
  private static func starts(of part: Int, in whole: Int) -> [Int] {
    Array(stride(from: 0, to: whole - part, by: max(part / 2, 1))) + [whole - part]
  }

  /// The side of the crop of a picture: half of the shorter side at most, so that it shows a part only.
  static func side(height: Int, width: Int) -> Int {
    min(longestSide, max(min(height, width) / 2, 1))
  }

  /// The part of a picture's values, of shape [height, width, channels].
  func values(_ picture: Tensor<Float>) -> Tensor<Float> {
    picture.slice(top..<(top + height)).slice(left..<(left + width), alongAxis: 1)
  }
}
