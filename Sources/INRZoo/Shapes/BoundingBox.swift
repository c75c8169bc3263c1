/// A box whose sides are parallel to the axes.
public struct BoundingBox: Hashable, Sendable {
  /// The corner of the smallest coordinates.
  public var lower: SIMD3<Double>
  /// The corner of the largest coordinates.
  public var upper: SIMD3<Double>

  /// The box between two corners.
  ///
  /// - Precondition: No coordinate of `lower` is above that of `upper`.
  public init(lower: SIMD3<Double>, upper: SIMD3<Double>) {
    precondition(
      (0..<3).allSatisfy { lower[$0] <= upper[$0] }, "a box from \(lower) to \(upper)")
    self.lower = lower
    self.upper = upper
  }

  /// The smallest box that contains some points; nil if there are none.
  ///
  /// - Precondition: The coordinates are numbers.
  public init?(containing points: some Sequence<SIMD3<Double>>) {
    var corners: (lower: SIMD3<Double>, upper: SIMD3<Double>)?
    for point in points {
      let (lower, upper) = corners ?? (point, point)
      corners = (pointwiseMin(lower, point), pointwiseMax(upper, point))
    }
    guard let corners else { return nil }
    self.init(lower: corners.lower, upper: corners.upper)
  }

  /// The cube around the origin from -1 to 1 along each axis, over which shapes are fitted.
  public static let symmetricUnit = BoundingBox(
    lower: SIMD3(repeating: -1), upper: SIMD3(repeating: 1))

  /// The middle of the box.
  public var center: SIMD3<Double> { (lower + upper) * 0.5 }

  /// The lengths of the sides.
  public var size: SIMD3<Double> { upper - lower }

  /// The box made longer by a share of its size, about its middle.
  public func enlarged(by factor: Double) -> BoundingBox {
    precondition(factor >= 0, "a box enlarged by the factor \(factor)")
    return BoundingBox(
      lower: center - size * (0.5 * factor), upper: center + size * (0.5 * factor))
  }
}
