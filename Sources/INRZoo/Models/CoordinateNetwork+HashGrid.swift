import AutoDiff
import TensorKit

// Networks on learned tables.
extension CoordinateNetwork {
  /// A small network with rectified linear units on the features of a hash grid.
  ///
  /// Most of what is learned is in the grid's table, so that a step costs little and is felt where it was made. The
  /// table is uniform within ± 10⁻⁴; hidden weights within ±√(6/fan-in), the last ones and biases within ±1/√fan-in.
  ///
  /// Source: T. Müller, A. Evans, C. Schied and A. Keller, "Instant neural graphics primitives with a multiresolution
  /// hash encoding", SIGGRAPH 2022, section 5.1, whose networks have 64 units and two hidden layers; learning rates of
  /// 10⁻² suit it.
  ///
  /// - Parameters:
  ///   - settings: The grid's sizes, with the number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - box: The box of the points; from -1 to 1 along each axis by default.
  ///   - generator: Draws the table, then the layers in order.
  public static func hashGrid(
    _ settings: HashGridSettings, outputs: Int, width: Int = 64, hiddenLayers: Int = 1,
    box: BoundingBox = BoundingBox(lower: SIMD3(repeating: -1), upper: SIMD3(repeating: 1)),
    using generator: inout some RandomNumberGenerator
  ) -> CoordinateNetwork {
    let encoding = HashGrid<Scalar>(settings, box: box, using: &generator)
    let layers = layers(
      inputs: encoding.outputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
      using: &generator
    ) { place, fanIn in place == .last ? nil : (6 / fanIn).squareRoot() }
    return CoordinateNetwork(encoding: encoding, layers: layers, activation: Rectifier())
  }
}
