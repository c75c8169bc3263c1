import AutoDiff
import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// The first layer's units as pictures over the square from -1 to 1.
struct NeuronMosaic {
  /// Points along each side of the square.
  static let side = 48
  /// Units in a row and in a column of the mosaic.
  private static let perSide = 8

  /// The units' values at the points, row after row, of shape [side², units].
  let values: Tensor<Double>

  init(_ network: some LayeredNetwork<Double>) {
    let points = Tensor<Double>.evenlySpaced(over: -1...1, count: Self.side).elements
    let grid = Tensor<Double>(points.flatMap { row in points.map { [row, $0] } })
    let features = network.hiddenValues(at: Variable(grid))[0].value
    let count = min(features.shape[1], Self.perSide * Self.perSide)
    values = features.slice(0..<count, alongAxis: 1)
  }

  /// The units side by side, in common colours from the smallest value to the largest.
  var png: Data {
    get throws {
      let (cell, perSide, count) = (Self.side + 2, Self.perSide, values.shape[1])
      let rows = (count + perSide - 1) / perSide
      let low = values.smallest()
      let range = max(values.largest() - low, 1e-12)
      var pixels = [Double](repeating: 1, count: rows * cell * perSide * cell * 3)
      for unit in 0..<count {
        for row in 0..<Self.side {
          for column in 0..<Self.side {
            let value = values[row * Self.side + column, unit]
            let color = ColorMap.viridis.color(at: (value - low) / range)
            let y = unit / perSide * cell + row + 1
            let x = unit % perSide * cell + column + 1
            let place = (y * perSide * cell + x) * 3
            pixels[place] = Double(color.red) / 255
            pixels[place + 1] = Double(color.green) / 255
            pixels[place + 2] = Double(color.blue) / 255
          }
        }
      }
      let picture = Picture(Tensor(pixels, shape: [rows * cell, perSide * cell, 3]))
      return Data(try picture.pngBytes())
    }
  }

  /// The values, a row for each point and a column for each unit.
  var csv: String {
    var table = CSVTable(columns: ["point"] + (0..<values.shape[1]).map { "unit\($0)" })
    for point in 0..<values.shape[0] {
      table.append(
        [.integer(point)] + (0..<values.shape[1]).map { .number(values[point, $0]) })
    }
    return table.text
  }
}
