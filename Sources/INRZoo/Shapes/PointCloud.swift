/// Points of a surface with the directions that point out of it.
public struct PointCloud: Hashable, Sendable {
  /// The points' coordinates.
  public var points: [SIMD3<Double>]
  /// The outward normal at each point, of length 1.
  public var normals: [SIMD3<Double>]

  /// Points with their normals.
  ///
  /// - Precondition: There are as many normals as points.
  public init(points: [SIMD3<Double>], normals: [SIMD3<Double>]) {
    precondition(
      points.count == normals.count, "\(points.count) points with \(normals.count) normals")
    self.points = points
    self.normals = normals
  }
}
