import AutoDiff
import TensorKit

/// Maps coordinates to sines and cosines of doubling frequencies.
///
/// The features of a row x are, in order, x itself, and then for each frequency i and coordinate j:
/// sin(2ⁱ π xⱼ), cos(2ⁱ π xⱼ).
///
/// Source: B. Mildenhall et al., "NeRF: representing scenes as neural radiance fields for view
/// synthesis", ECCV 2020, equation 4, with the coordinates themselves put first as is usual.
public struct PositionalEncoding<Scalar: TensorScalar>: Module {
  /// The number of coordinates of a row.
  public let inputs: Int
  /// The number of frequencies, which are π, 2π, 4π and so on.
  public let frequencies: Int
  /// The angle of each pair of features as a linear map of the coordinates, of shape
  /// [inputs, frequencies · inputs].
  private let angles: Variable<Scalar>

  /// An encoding of rows of coordinates.
  ///
  /// - Precondition: There is at least one coordinate, and not a negative number of frequencies.
  public init(inputs: Int, frequencies: Int) {
    precondition(inputs > 0 && frequencies >= 0, "\(frequencies) frequencies of \(inputs) inputs")
    self.inputs = inputs
    self.frequencies = frequencies
    var matrix = Tensor<Scalar>(zeros: [inputs, frequencies * inputs])
    var scale = Scalar.pi
    for frequency in 0..<frequencies {
      for input in 0..<inputs { matrix[input, frequency * inputs + input] = scale }
      scale *= 2
    }
    angles = Variable(matrix)
  }

  /// The number of features of a row.
  public var outputs: Int { inputs * (1 + 2 * frequencies) }

  /// The features of rows of coordinates.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, inputs · (1 + 2 · frequencies)].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    guard frequencies > 0 else { return input }
    let angle = Variable.matrixProduct(input, angles)
    let columns = [-1, frequencies * inputs, 1]
    let pairs = Variable.concatenated(
      [angle.sine().reshaped(to: columns), angle.cosine().reshaped(to: columns)], alongAxis: 2)
    return .concatenated(
      [input, pairs.reshaped(to: [-1, 2 * frequencies * inputs])], alongAxis: 1)
  }

  /// Has no parameters.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {}
}
