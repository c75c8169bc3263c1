import INRZoo
import TensorKit

/// A side from which shapes are shown.
struct ShapeView: Sendable {
  /// What the view is called.
  let name: String
  /// From where one looks, in degrees around the upright axis.
  let azimuth: Double
  /// From where one looks, in degrees above the horizon.
  let elevation: Double

  /// From in front, a little from above.
  static let front = ShapeView(name: "From in front", azimuth: 20, elevation: 15)

  /// All views of a report.
  static let all = [
    front, ShapeView(name: "From behind", azimuth: 200, elevation: 15),
    ShapeView(name: "From above", azimuth: 110, elevation: 60),
  ]

  /// A shaded picture of a mesh.
  ///
  /// - Parameters:
  ///   - mesh: The mesh, which need not have triangles.
  ///   - up: The axis that points up.
  ///   - truth: The mesh that decides what is in the picture, so that pictures can be compared.
  ///   - colors: Red, green and blue of each vertex.
  ///   - workers: The threads that share the work.
  func picture(
    of mesh: TriangleMesh, up: MeshRendering.Axis, framedLike truth: TriangleMesh?,
    colors: [SIMD3<UInt8>]? = nil, workers: Workers
  ) -> Picture {
    let rendering = MeshRendering(azimuth: azimuth, elevation: elevation, up: up)
    return mesh.rendered(
      rendering,
      colors: colors.map { colors in
        colors.map { SIMD3(Double($0.x), Double($0.y), Double($0.z)) / 255 }
      },
      framedLike: truth.flatMap { $0.vertices.isEmpty ? nil : $0.vertices }, workers: workers)
  }
}
