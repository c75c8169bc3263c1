import AutoDiff
import TensorKit

/// Maps coordinates to sines and cosines of random frequencies: `[sin(2π B x), cos(2π B x)]`.
///
/// The frequencies B are drawn once from a normal distribution and not trained. They are stored with a
/// network's weights, named `frequencies`.
///
/// Source: M. Tancik et al., "Fourier features let networks learn high frequency functions in low
/// dimensional domains", NeurIPS 2020, equation 5 with equal amplitudes.
public struct RandomFourierFeatures<Scalar: TensorScalar>: CoordinateEncoding {
  /// B, in cycles for each unit of the coordinates, of shape [frequencies, inputs].
  public private(set) var frequencies: Tensor<Scalar>

  /// Features of given frequencies.
  ///
  /// - Parameter frequencies: Shape: [frequencies, inputs].
  /// - Precondition: The tensor is a matrix.
  public init(frequencies: Tensor<Scalar>) {
    precondition(frequencies.rank == 2, "frequencies of shape \(frequencies.shape)")
    self.frequencies = frequencies
  }

  /// Features of random frequencies.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - frequencies: The number of frequencies, each a vector.
  ///   - scale: The standard deviation of a frequency's components, in cycles for each unit of the
  ///     coordinates.
  ///   - generator: Draws the frequencies.
  public init(
    inputs: Int, frequencies: Int, scale: Double, using generator: inout some RandomNumberGenerator
  ) {
    precondition(inputs > 0 && frequencies > 0, "\(frequencies) frequencies of \(inputs) inputs")
    self.init(
      frequencies: .normal(
        standardDeviation: scale, shape: [frequencies, inputs], using: &generator))
  }

  /// The number of coordinates of a row.
  public var inputs: Int { frequencies.shape[1] }

  /// The number of features of a row: two for each frequency.
  public var outputs: Int { 2 * frequencies.shape[0] }

  /// The features of rows of coordinates: all sines, then all cosines.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, 2 · frequencies].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let cycles = Variable.matrixProduct(input, Variable(frequencies), transposingRight: true)
    let angles = cycles * (2 * Scalar.pi)
    return .concatenated([angles.sine(), angles.cosine()], alongAxis: 1)
  }

  /// Shows the frequencies, which are not trained.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(buffer: &frequencies, named: "frequencies")
  }
}
