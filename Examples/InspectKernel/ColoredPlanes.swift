import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// Planes of numbers as colours, side by side in rows, with white between.
struct ColoredPlanes {
  /// The planes, of equal shapes [height, width].
  let planes: [Tensor<Double>]
  /// How many are in a row.
  let perRow: Int
  /// What the two ends of the colours stand for.
  let range: ClosedRange<Double>
  let colors: ColorMap
  /// The side of the square that stands for a number, in pixels.
  var magnification = 1

  /// The picture as a PNG file.
  var png: Data {
    get throws {
      guard let shape = planes.first?.shape else { return Data() }
      let (height, width) = (shape[0] * magnification + 2, shape[1] * magnification + 2)
      let rows = (planes.count + perRow - 1) / perRow
      let across = min(planes.count, perRow) * width
      var pixels = [Double](repeating: 1, count: rows * height * across * 3)
      let span = max(range.upperBound - range.lowerBound, 1e-12)
      for (index, plane) in planes.enumerated() {
        let (top, left) = (index / perRow * height + 1, index % perRow * width + 1)
        let numbers = plane.elements
        for y in 0..<(height - 2) {
          for x in 0..<(width - 2) {
            let number = numbers[y / magnification * shape[1] + x / magnification]
            let color = colors.color(at: (number - range.lowerBound) / span)
            let place = ((top + y) * across + left + x) * 3
            pixels[place] = Double(color.red) / 255
            pixels[place + 1] = Double(color.green) / 255
            pixels[place + 2] = Double(color.blue) / 255
          }
        }
      }
      return Data(
        try Picture(Tensor(pixels, shape: [rows * height, across, 3])).pngBytes())
    }
  }
}
