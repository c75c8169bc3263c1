import AutoDiff
import TensorKit

/// What the columns of a row hold that describes a ray.
///
/// | columns | what |
/// | --- | --- |
/// | 0 to 2 | where the ray starts |
/// | 3 to 5 | its direction, of any length |
/// | 6 to 8 | the colour that is behind it |
/// | 9 on | numbers from 0 to 1 that its samples are drawn with, or nothing |
public enum RayColumns {
  /// Where the ray starts.
  public static let origin = 0..<3
  /// Its direction.
  public static let direction = 3..<6
  /// The colour behind it.
  public static let background = 6..<9
  /// The number of columns without any to draw with.
  public static let count = 9

  /// Rows for some rays.
  ///
  /// - Parameters:
  ///   - rays: The rays.
  ///   - background: The colours behind them, of shape [rays, 3] or [1, 3].
  ///   - noise: Numbers to draw with, of shape [rays, any].
  public static func rows<Scalar: TensorScalar>(
    _ rays: Rays<Scalar>, background: Tensor<Scalar>, noise: Tensor<Scalar>? = nil
  ) -> Tensor<Scalar> {
    let parts =
      [rays.origins, rays.directions, background.broadcast(to: [rays.count, 3])]
      + (noise.map { [$0] } ?? [])
    return .concatenated(parts, alongAxis: 1)
  }
}

/// The parts of rows that describe rays.
struct RayRows<Scalar: TensorScalar> {
  let origins: Variable<Scalar>
  let directions: Variable<Scalar>
  let background: Variable<Scalar>
  /// Numbers to draw with; nil if there are none.
  let noise: Tensor<Scalar>?

  init(_ rows: Variable<Scalar>) {
    precondition(
      rows.shape.count == 2 && rows.shape[1] >= RayColumns.count,
      "rows of shape \(rows.shape) for rays, which take \(RayColumns.count) columns or more")
    origins = rows.slice(RayColumns.origin, alongAxis: 1)
    directions = rows.slice(RayColumns.direction, alongAxis: 1)
    background = rows.slice(RayColumns.background, alongAxis: 1)
    let columns = rows.shape[1]
    noise =
      columns > RayColumns.count
      ? rows.value.slice(RayColumns.count..<columns, alongAxis: 1) : nil
  }

  /// The lengths of the directions, of shape [rays, 1].
  var lengths: Variable<Scalar> {
    directions.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
  }

  /// The directions at unit length.
  var unitDirections: Variable<Scalar> { directions / lengths }
}
