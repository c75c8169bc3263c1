import AutoDiff
import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// The first layer's units as pictures over the square from -1 to 1.
struct NeuronMosaic {
  /// Points along each side of the square.
  static let side = 32
  /// Units in a row and in a column of the mosaic.
  private static let perSide = 8

  /// The units' values, of shape [units, side, side].
  let values: Tensor<Double>

  init(_ network: some LayeredNetwork<Double>) {
    let grid: Tensor<Double> = pixelCoordinates(height: Self.side, width: Self.side)
    let features = network.hiddenValues(at: Variable(grid))[0].value
    let count = min(features.shape[1], Self.perSide * Self.perSide)
    values = features.slice(0..<count, alongAxis: 1).transposed()
      .reshaped(to: [count, Self.side, Self.side])
  }

  /// From the smallest value to the largest.
  var range: ClosedRange<Double> { values.smallest()...values.largest() }

  /// The units side by side, in colours over a range.
  func png(over range: ClosedRange<Double>) throws -> Data {
    let planes = (0..<values.shape[0]).map {
      values.slice($0..<($0 + 1)).reshaped(to: [Self.side, Self.side])
    }
    return try ColoredPlanes(
      planes: planes, perRow: Self.perSide, range: range, colors: .viridis
    ).png
  }
}
