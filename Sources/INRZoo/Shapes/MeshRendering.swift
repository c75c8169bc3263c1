import TensorKit

/// From where and how a mesh is drawn.
///
/// ```swift
/// let picture = mesh.rendered(MeshRendering(azimuth: -30, elevation: 20, background: .transparent))
/// try picture.write(to: "bunny.png")
/// ```
public struct MeshRendering: Hashable, Sendable {
  /// An axis of the coordinates.
  public enum Axis: Int, CaseIterable, Sendable {
    /// The first axis.
    case x
    /// The second axis.
    case y
    /// The third axis.
    case z
  }

  /// How points become places of the picture.
  public enum Projection: Hashable, Sendable {
    /// Along parallel lines, so that sizes can be compared.
    case orthographic
    /// Along lines that meet at the camera, as an eye sees; with a field of view, in degrees.
    ///
    /// The field is that of the sphere around the mesh. A wide one brings the camera near.
    case perspective(fieldOfView: Double)
  }

  /// What is behind the mesh.
  public enum Background: Hashable, Sendable {
    /// White, in a picture of three channels.
    case white
    /// Nothing, in a picture with an alpha channel, which suits light and dark pages.
    case transparent
  }

  /// How far the camera has gone around the upward axis, in degrees.
  ///
  /// At 0 it is on the positive side of the axis after the upward one, in the order x, y, z, x: on that of z where y
  /// points up. At 90 it is on the positive side of the axis after that.
  public var azimuth: Double
  /// How far the camera is above the horizon, in degrees; 90 looks straight down.
  public var elevation: Double
  /// The axis that points up in the picture.
  public var up: Axis
  /// How points become places of the picture.
  public var projection: Projection
  /// The number of pixels in a row.
  public var width: Int
  /// The number of rows of pixels.
  public var height: Int
  /// What is behind the mesh.
  public var background: Background
  /// Red, green and blue of a mesh without colours of its own, each from 0 to 1.
  public var color: SIMD3<Double>

  /// The color of a mesh unless another is given: that of grey clay.
  public static let clay = SIMD3<Double>(0.73, 0.76, 0.81)

  /// Describes a picture.
  ///
  /// - Precondition: Width and height are from 1 to 8192, angles are finite, and a field of view is above 0 and
  ///   below 180 degrees.
  public init(
    azimuth: Double = 30, elevation: Double = 20, up: Axis = .y,
    projection: Projection = .perspective(fieldOfView: 30), width: Int = 480, height: Int = 480,
    background: Background = .white, color: SIMD3<Double> = Self.clay
  ) {
    precondition(
      (1...8192).contains(width) && (1...8192).contains(height),
      "a picture of \(width) x \(height) pixels")
    precondition(
      azimuth.isFinite && elevation.isFinite,
      "a camera at the azimuth \(azimuth) and the elevation \(elevation)")
    if case .perspective(let field) = projection {
      precondition(field > 0 && field < 180, "a field of view of \(field) degrees")
    }
    self.azimuth = azimuth
    self.elevation = elevation
    self.up = up
    self.projection = projection
    self.width = width
    self.height = height
    self.background = background
    self.color = color
  }
}

extension TriangleMesh {
  /// Returns a picture of the mesh.
  ///
  /// Edges that are sharper than 60 degrees stay edges; all else is shaded as a smooth surface, lit from above and
  /// from the left, and darker in its hollows. Triangles are drawn from both sides, the inner one darker and
  /// tinted, so that holes and turned triangles can be seen. The same mesh gives the same picture on any number of
  /// threads.
  ///
  /// - Parameters:
  ///   - rendering: From where and how.
  ///   - colors: Red, green and blue of each vertex, each from 0 to 1, in place of the rendering's color.
  ///   - points: What is to fill the picture, as the vertices of another mesh that this one is compared with; by
  ///     default the mesh itself.
  ///   - workers: What shades rows of the picture.
  /// - Returns: A picture of 3 or 4 channels. A mesh without triangles gives the background alone.
  /// - Precondition: There are as many colors as vertices, if any.
  public func rendered(
    _ rendering: MeshRendering = MeshRendering(), colors: [SIMD3<Double>]? = nil,
    framedLike points: [SIMD3<Double>]? = nil, workers: Workers = Workers()
  ) -> Picture {
    precondition(
      colors == nil || colors?.count == vertices.count,
      "\(colors?.count ?? 0) colors for \(vertices.count) vertices")
    let camera = MeshCamera(rendering, framing: points ?? verticesOfTriangles)
    let raster = MeshRaster(of: self, by: camera)
    let shading = MeshShading(
      of: self, raster: raster, camera: camera, rendering: rendering, colors: colors)
    return shading.picture(workers: workers)
  }

  /// The vertices that are corners; others are not seen, and may lie anywhere.
  private var verticesOfTriangles: [SIMD3<Double>] {
    var isCorner = [Bool](repeating: false, count: vertices.count)
    for triangle in triangles {
      isCorner[Int(triangle.x)] = true
      isCorner[Int(triangle.y)] = true
      isCorner[Int(triangle.z)] = true
    }
    return vertices.indices.lazy.filter { isCorner[$0] }.map { vertices[$0] }
  }
}
