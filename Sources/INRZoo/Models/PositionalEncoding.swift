import AutoDiff
import TensorKit

/// Which frequencies a ``PositionalEncoding`` has, and in which order a frequency's features come.
public enum EncodingConvention: String, Sendable, CaseIterable {
  /// Frequencies π, 2π, 4π and so on; sine and cosine of the first coordinate, then of the next. As in
  /// the systems published with IGA, Fourier reparameterization, SIREN and WIRE.
  case halfTurns = "half-turns"
  /// Frequencies 1, 2, 4 and so on; sines of all coordinates, then cosines. As in the code published
  /// with FINER, and in radiance fields.
  case radians
}

/// Maps coordinates to sines and cosines of doubling frequencies.
///
/// The features of a row x are, in order, x itself and then for each frequency ω the sines and cosines
/// `sin(ω xⱼ)`, `cos(ω xⱼ)` of all coordinates, with the frequencies and in the order of an
/// ``EncodingConvention``.
///
/// Source: B. Mildenhall et al., "NeRF: representing scenes as neural radiance fields for view
/// synthesis", ECCV 2020, equation 4, with the coordinates themselves put first as is usual.
public struct PositionalEncoding<Scalar: TensorScalar>: CoordinateEncoding {
  /// The number of coordinates of a row.
  public let inputs: Int
  /// The number of frequencies.
  public let frequencies: Int
  /// Which frequencies there are, and in which order a frequency's features come.
  public let convention: EncodingConvention
  /// The angle of each pair of features as a linear map of the coordinates, of shape
  /// [inputs, frequencies · inputs].
  private let angles: Variable<Scalar>

  /// An encoding of rows of coordinates.
  ///
  /// - Precondition: There is at least one coordinate, and not a negative number of frequencies.
  public init(inputs: Int, frequencies: Int, convention: EncodingConvention = .halfTurns) {
    precondition(inputs > 0 && frequencies >= 0, "\(frequencies) frequencies of \(inputs) inputs")
    self.inputs = inputs
    self.frequencies = frequencies
    self.convention = convention
    var matrix = Tensor<Scalar>(zeros: [inputs, frequencies * inputs])
    var scale = convention == .halfTurns ? Scalar.pi : 1
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
    // Features that follow one another in turn: those of a coordinate, or of a frequency.
    let columns = [-1, frequencies * inputs, 1]
    let blocks = [-1, frequencies, inputs]
    let shape = convention == .halfTurns ? columns : blocks
    let pairs = Variable.concatenated(
      [angle.sine().reshaped(to: shape), angle.cosine().reshaped(to: shape)], alongAxis: 2)
    return .concatenated(
      [input, pairs.reshaped(to: [-1, 2 * frequencies * inputs])], alongAxis: 1)
  }

  /// Has no parameters.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {}
}
