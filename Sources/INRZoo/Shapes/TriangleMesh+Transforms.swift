extension TriangleMesh {
  /// Returns the mesh without the vertices of no triangle; the others keep their order.
  public func removingUnusedVertices() -> TriangleMesh {
    var places = [Int32](repeating: -1, count: vertices.count)
    for triangle in triangles {
      for corner in 0..<3 { places[Int(triangle[corner])] = 0 }
    }
    var kept: [SIMD3<Double>] = []
    for index in vertices.indices where places[index] == 0 {
      places[index] = Int32(kept.count)
      kept.append(vertices[index])
    }
    return TriangleMesh(
      vertices: kept,
      triangles: triangles.map {
        SIMD3(places[Int($0.x)], places[Int($0.y)], places[Int($0.z)])
      })
  }

  /// Returns the mesh with each vertex scaled about the origin, then moved.
  ///
  /// - Parameters:
  ///   - factor: The factor, positive; a negative one would turn the mesh inside out.
  ///   - offset: What is added after that.
  public func scaled(
    by factor: Double = 1, thenMovedBy offset: SIMD3<Double> = .zero
  ) -> TriangleMesh {
    precondition(factor > 0 && factor.isFinite, "a mesh scaled by \(factor)")
    var mesh = self
    for index in vertices.indices { mesh.vertices[index] = vertices[index] * factor + offset }
    return mesh
  }

  /// Returns the mesh scaled alike along all axes and moved, so that it fills a share of a box.
  ///
  /// Its bounds are centred in the box, and their largest side in relation to the box's is as long as the share. A
  /// mesh without extent is moved only.
  ///
  /// - Parameters:
  ///   - box: The box.
  ///   - share: How much of the box is filled along the tightest axis, above 0.
  public func fitted(
    in box: BoundingBox = .symmetricUnit, share: Double = 0.9
  ) -> TriangleMesh {
    precondition(share > 0 && share.isFinite, "a mesh that fills a share \(share) of a box")
    guard let bounds else { return self }
    var factor = Double.infinity
    for axis in 0..<3 where bounds.size[axis] > 0 {
      factor = min(factor, share * box.size[axis] / bounds.size[axis])
    }
    if !(factor > 0 && factor.isFinite) { factor = 1 }
    return scaled(by: factor, thenMovedBy: box.center - bounds.center * factor)
  }

  /// Returns the mesh with its triangles seen from the other side.
  public func turnedInsideOut() -> TriangleMesh {
    var mesh = self
    for index in triangles.indices {
      mesh.triangles[index] = SIMD3(triangles[index].x, triangles[index].z, triangles[index].y)
    }
    return mesh
  }
}
