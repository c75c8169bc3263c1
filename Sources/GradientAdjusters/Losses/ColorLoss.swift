import AutoDiff
import TensorKit

/// Squared errors of colours that were rendered one or more times, and terms that the model computed itself.
///
/// Outputs hold colours, as often as ``renderings`` says, and then a column for each term, such as a distortion. With
/// C the number of the targets' columns, the loss of a row is
///
///     Σ over renderings (1 / C) Σ over channels (output - target)²  +  Σ over terms weight · term.
///
/// Two renderings are those of NeRF's coarse and fine networks.
public struct ColorLoss<Scalar: TensorScalar>: RowLoss {
  /// How often the outputs hold colours.
  public let renderings: Int
  /// The weight of each term that follows the colours.
  public let termWeights: [Double]

  /// The loss of colours and terms.
  ///
  /// - Precondition: There is a rendering.
  public init(renderings: Int = 1, termWeights: [Double] = []) {
    precondition(renderings > 0, "a loss of \(renderings) renderings")
    self.renderings = renderings
    self.termWeights = termWeights
  }

  /// The loss of each row, of shape [rows, 1].
  ///
  /// - Parameters:
  ///   - outputs: Shape: [rows, renderings · channels + terms].
  ///   - targets: Shape: [rows, channels].
  public func callAsFunction(
    _ outputs: Variable<Scalar>, _ targets: Tensor<Scalar>
  ) -> Variable<Scalar> {
    let channels = targets.shape[1]
    let colors = renderings * channels
    precondition(
      outputs.shape[1] == colors + termWeights.count,
      "outputs of shape \(outputs.shape) for \(renderings) renderings of \(channels) channels and "
        + "\(termWeights.count) terms")
    let expected = Tensor.concatenated(
      Array(repeating: targets, count: renderings), alongAxis: 1)
    let squares = (outputs.slice(0..<colors, alongAxis: 1) - Variable(expected)).squared()
    let ofColors = squares.sum(alongAxis: 1, keepingAxis: true) / Scalar(channels)
    guard !termWeights.isEmpty else { return ofColors }
    let weights = Tensor(termWeights.map { Scalar($0) })
    return ofColors
      + (outputs.slice(colors..<outputs.shape[1], alongAxis: 1) * Variable(weights))
      .sum(alongAxis: 1, keepingAxis: true)
  }
}
