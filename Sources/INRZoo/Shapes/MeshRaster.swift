import Foundation

/// Which triangle is seen at each sample of a picture.
///
/// Corners are rounded to 256ths of a sample, and edges are told exactly, so that no sample between two triangles
/// is missed.
struct MeshRaster: Sendable {
  /// A vertex in the picture.
  struct Corner: BitwiseCopyable {
    /// The place in 256ths of a sample.
    var x: Int32
    var y: Int32
    /// What grows towards the camera and is linear over the picture: the depth, or the magnification.
    var nearness: Float
  }

  /// The number of steps to a sample.
  static let steps = 256
  /// Vertices this far from the picture, in samples, or this deep take their triangles out of it.
  private static let farthest = Double(1 << 21)
  /// The coordinate of a vertex that is not drawn.
  private static let undrawn = Int32.min

  let columns: Int
  let rows: Int
  /// By vertex.
  private(set) var corners: [Corner]
  /// The triangle that is seen at each sample, or -1; row by row.
  private(set) var triangles: [Int32]
  /// What is seen there, in the measure of ``Corner/nearness``.
  private(set) var nearness: [Float]

  /// Draws a mesh.
  init(of mesh: TriangleMesh, by camera: MeshCamera) {
    columns = camera.columns
    rows = camera.rows
    corners = mesh.vertices.map { Self.corner(camera.view(of: $0), camera) }
    triangles = [Int32](repeating: -1, count: columns * rows)
    nearness = [Float](repeating: -.infinity, count: columns * rows)
    let (columns, rows, corners) = (columns, rows, corners)
    triangles.withUnsafeMutableBufferPointer { triangles in
      nearness.withUnsafeMutableBufferPointer { nearness in
        for (index, triangle) in mesh.triangles.enumerated() {
          Self.draw(
            Int32(index), corners[Int(triangle.x)], corners[Int(triangle.y)],
            corners[Int(triangle.z)], columns, rows, triangles, nearness)
        }
      }
    }
  }

  private static func corner(_ view: SIMD3<Double>, _ camera: MeshCamera) -> Corner {
    let magnification = camera.magnification(at: view.z)
    let place = camera.place(of: view)
    // Comparisons with what is no number are false.
    guard magnification > 0, abs(place.x) < farthest, abs(place.y) < farthest,
      abs(view.z) < farthest
    else {
      return Corner(x: undrawn, y: undrawn, nearness: 0)
    }
    let nearness = camera.distance == nil ? view.z : magnification
    return Corner(
      x: Int32((place.x * Double(steps)).rounded()), y: Int32((place.y * Double(steps)).rounded()),
      nearness: Float(nearness))
  }

  /// Whether all corners of a triangle have places in or near the picture.
  func draws(_ triangle: SIMD3<Int32>) -> Bool {
    corners[Int(triangle.x)].x != Self.undrawn && corners[Int(triangle.y)].x != Self.undrawn
      && corners[Int(triangle.z)].x != Self.undrawn
  }

  /// Twice the area of a triangle, in steps; positive if its corners run clockwise as they are seen.
  @inline(__always)
  private static func area(_ a: Corner, _ b: Corner, x: Int, y: Int) -> Int {
    (Int(b.x) - Int(a.x)) * (y - Int(a.y)) - (Int(b.y) - Int(a.y)) * (x - Int(a.x))
  }

  private static func draw(
    _ index: Int32, _ a: Corner, _ second: Corner, _ third: Corner, _ columns: Int, _ rows: Int,
    _ triangles: UnsafeMutableBufferPointer<Int32>, _ nearness: UnsafeMutableBufferPointer<Float>
  ) {
    guard a.x != undrawn, second.x != undrawn, third.x != undrawn else { return }
    var area = Self.area(a, second, x: Int(third.x), y: Int(third.y))
    guard area != 0 else { return }
    let (b, c) = area > 0 ? (second, third) : (third, second)
    area = abs(area)
    // Samples lie in the middles of their squares.
    let half = steps / 2
    let left = max(0, (Int(min(a.x, b.x, c.x)) - half + steps - 1) >> 8)
    let right = min(columns - 1, (Int(max(a.x, b.x, c.x)) - half) >> 8)
    let top = max(0, (Int(min(a.y, b.y, c.y)) - half + steps - 1) >> 8)
    let bottom = min(rows - 1, (Int(max(a.y, b.y, c.y)) - half) >> 8)
    guard left <= right, top <= bottom else { return }

    let (x, y) = (left * steps + half, top * steps + half)
    var rowA = Self.area(b, c, x: x, y: y)
    var rowB = Self.area(c, a, x: x, y: y)
    let (acrossA, downA) = (-(Int(c.y) - Int(b.y)) * steps, (Int(c.x) - Int(b.x)) * steps)
    let (acrossB, downB) = (-(Int(a.y) - Int(c.y)) * steps, (Int(a.x) - Int(c.x)) * steps)
    let scale = 1 / Double(area)
    let (fromC, towardsA) = (Double(c.nearness), Double(a.nearness) - Double(c.nearness))
    let towardsB = Double(b.nearness) - Double(c.nearness)
    for row in top...bottom {
      var (shareA, shareB) = (rowA, rowB)
      for column in left...right {
        if shareA >= 0, shareB >= 0, area - shareA - shareB >= 0 {
          let near = Float(
            fromC + (Double(shareA) * towardsA + Double(shareB) * towardsB) * scale)
          let place = row * columns + column
          if near > nearness[place] {
            nearness[place] = near
            triangles[place] = index
          }
        }
        shareA += acrossA
        shareB += acrossB
      }
      rowA += downA
      rowB += downB
    }
  }

  /// How much of each corner of a triangle is in a sample, and whether its outer side is seen.
  func shares(
    of triangle: SIMD3<Int32>, column: Int, row: Int
  ) -> (shares: SIMD3<Double>, isOuter: Bool) {
    let (a, b, c) = (
      corners[Int(triangle.x)], corners[Int(triangle.y)], corners[Int(triangle.z)]
    )
    let (x, y) = (
      column * Self.steps + Self.steps / 2, row * Self.steps + Self.steps / 2
    )
    let area = Double(Self.area(a, b, x: Int(c.x), y: Int(c.y)))
    let shares = SIMD3(
      Double(Self.area(b, c, x: x, y: y)), Double(Self.area(c, a, x: x, y: y)),
      Double(Self.area(a, b, x: x, y: y)))
    // Rows run downwards, so that what is counter-clockwise has a negative area.
    return (shares / area, area < 0)
  }
}
