import Foundation

extension TriangleMesh {
  /// A sphere: an icosahedron whose triangles were cut in four again and again.
  ///
  /// Its vertices lie on the sphere, so that its volume is a little smaller: by 4% after 2 subdivisions, and by a
  /// quarter of that after each further one.
  ///
  /// - Parameters:
  ///   - center: Its middle.
  ///   - radius: The distance of the vertices from it.
  ///   - subdivisions: How often its 20 triangles are cut, from 0 to 8.
  public static func sphere(
    center: SIMD3<Double> = .zero, radius: Double = 1, subdivisions: Int = 3
  ) -> TriangleMesh {
    precondition(
      radius > 0 && (0...8).contains(subdivisions),
      "a sphere of the radius \(radius), subdivided \(subdivisions) times")
    let golden = (1 + 5.0.squareRoot()) / 2
    var mesh = TriangleMesh(
      vertices: [
        SIMD3(-1, golden, 0), SIMD3(1, golden, 0), SIMD3(-1, -golden, 0), SIMD3(1, -golden, 0),
        SIMD3(0, -1, golden), SIMD3(0, 1, golden), SIMD3(0, -1, -golden), SIMD3(0, 1, -golden),
        SIMD3(golden, 0, -1), SIMD3(golden, 0, 1), SIMD3(-golden, 0, -1), SIMD3(-golden, 0, 1),
      ],
      triangles: [
        SIMD3(0, 11, 5), SIMD3(0, 5, 1), SIMD3(0, 1, 7), SIMD3(0, 7, 10), SIMD3(0, 10, 11),
        SIMD3(1, 5, 9), SIMD3(5, 11, 4), SIMD3(11, 10, 2), SIMD3(10, 7, 6), SIMD3(7, 1, 8),
        SIMD3(3, 9, 4), SIMD3(3, 4, 2), SIMD3(3, 2, 6), SIMD3(3, 6, 8), SIMD3(3, 8, 9),
        SIMD3(4, 9, 5), SIMD3(2, 4, 11), SIMD3(6, 2, 10), SIMD3(8, 6, 7), SIMD3(9, 8, 1),
      ])
    for round in 0...subdivisions {
      if round > 0 { mesh = mesh.subdivided() }
      mesh.vertices = mesh.vertices.map { $0 / length($0) }
    }
    return mesh.scaled(by: radius, thenMovedBy: center)
  }

  /// A box of 12 triangles.
  public static func box(_ box: BoundingBox) -> TriangleMesh {
    let (low, high) = (box.lower, box.upper)
    let vertices = (0..<8).map { corner in
      SIMD3(
        corner & 4 == 0 ? low.x : high.x, corner & 2 == 0 ? low.y : high.y,
        corner & 1 == 0 ? low.z : high.z)
    }
    return TriangleMesh(
      vertices: vertices,
      triangles: [
        SIMD3(0, 1, 3), SIMD3(0, 3, 2), SIMD3(4, 6, 7), SIMD3(4, 7, 5),
        SIMD3(0, 4, 5), SIMD3(0, 5, 1), SIMD3(2, 3, 7), SIMD3(2, 7, 6),
        SIMD3(0, 2, 6), SIMD3(0, 6, 4), SIMD3(1, 5, 7), SIMD3(1, 7, 3),
      ])
  }

  /// A torus around the third axis.
  ///
  /// - Parameters:
  ///   - radius: The radius of the circle in the middle of the tube.
  ///   - tubeRadius: The radius of the tube.
  ///   - segments: How many parts the ring has.
  ///   - sides: How many sides the tube has.
  public static func torus(
    radius: Double = 0.7, tubeRadius: Double = 0.25, segments: Int = 48, sides: Int = 24
  ) -> TriangleMesh {
    precondition(
      radius > 0 && tubeRadius > 0 && segments > 2 && sides > 2,
      "a torus of radii \(radius), \(tubeRadius) and \(segments) x \(sides) parts")
    var vertices: [SIMD3<Double>] = []
    var triangles: [SIMD3<Int32>] = []
    for segment in 0..<segments {
      let around = 2 * Double.pi * Double(segment) / Double(segments)
      for side in 0..<sides {
        let across = 2 * Double.pi * Double(side) / Double(sides)
        let distance = radius + tubeRadius * cos(across)
        vertices.append(
          SIMD3(distance * cos(around), distance * sin(around), tubeRadius * sin(across)))
        let (next, beside) = ((segment + 1) % segments, (side + 1) % sides)
        let (here, ahead) = (segment * sides, next * sides)
        let corners = [here + side, ahead + side, ahead + beside, here + beside].map { Int32($0) }
        triangles.append(SIMD3(corners[0], corners[1], corners[2]))
        triangles.append(SIMD3(corners[0], corners[2], corners[3]))
      }
    }
    return TriangleMesh(vertices: vertices, triangles: triangles)
  }

  /// Returns the mesh with each triangle cut in four at the middles of its sides.
  ///
  /// Triangles that share an edge share its middle.
  public func subdivided() -> TriangleMesh {
    var vertices = vertices
    var middles: [SIMD2<Int32>: Int32] = [:]
    func middle(_ start: Int32, _ end: Int32) -> Int32 {
      let edge = SIMD2(min(start, end), max(start, end))
      if let known = middles[edge] { return known }
      let index = Int32(vertices.count)
      vertices.append((vertices[Int(start)] + vertices[Int(end)]) * 0.5)
      middles[edge] = index
      return index
    }
    var triangles: [SIMD3<Int32>] = []
    for triangle in self.triangles {
      let (a, b, c) = (triangle.x, triangle.y, triangle.z)
      let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a))
      triangles += [SIMD3(a, ab, ca), SIMD3(b, bc, ab), SIMD3(c, ca, bc), SIMD3(ab, bc, ca)]
    }
    return TriangleMesh(vertices: vertices, triangles: triangles)
  }
}
