import Foundation
import INRZoo
import TensorKit
import Testing

/// Measures, normals and changes of meshes.
@Suite struct TriangleMeshTests {
  @Test func aBoxByHand() throws {
    let box = BoundingBox(lower: SIMD3(-1, 0, 2), upper: SIMD3(1, 3, 2.5))
    let mesh = TriangleMesh.box(box)
    #expect(mesh.bounds == box)
    #expect(abs(mesh.volume - 3) < 1e-14)
    #expect(abs(mesh.area - 2 * (6 + 1 + 1.5)) < 1e-14)
    #expect(mesh.boundaryEdgeCount == 0)
    #expect(mesh.eulerCharacteristic == 2)
    #expect(abs(mesh.turnedInsideOut().volume + 3) < 1e-14)
    let outward = zip(mesh.triangles, mesh.faceNormals).allSatisfy { triangle, normal in
      let corner = mesh.vertices[Int(triangle.x)] - box.center
      return (corner * normal).sum() > 0 && abs(normal.norm - 1) < 1e-15
    }
    #expect(outward)
    // Each corner of a box sees three right angles, however its faces are cut.
    for (vertex, normal) in zip(mesh.vertices, mesh.vertexNormals) {
      for axis in 0..<3 {
        let side = vertex[axis] > box.center[axis] ? 1.0 : -1
        #expect(abs(normal[axis] - side / 3.0.squareRoot()) < 1e-14)
      }
    }
  }

  @Test func spheresAndToriNearTheirVolumes() {
    let sphere = TriangleMesh.sphere(center: SIMD3(1, 2, 3), radius: 0.5, subdivisions: 5)
    #expect(sphere.eulerCharacteristic == 2)
    #expect(sphere.boundaryEdgeCount == 0)
    #expect(abs(sphere.volume / (4 / 3 * .pi * 0.125) - 1) < 1e-3)
    #expect(sphere.volume < 4 / 3 * .pi * 0.125)
    #expect(abs(sphere.area / (4 * .pi * 0.25) - 1) < 1e-3)
    for (vertex, normal) in zip(sphere.vertices, sphere.vertexNormals) {
      #expect(((vertex - SIMD3(1, 2, 3)) * 2 - normal).norm < 0.01)
    }
    let torus = TriangleMesh.torus(radius: 2, tubeRadius: 0.5, segments: 300, sides: 150)
    #expect(torus.eulerCharacteristic == 0)
    #expect(torus.boundaryEdgeCount == 0)
    #expect(abs(torus.volume / (2 * .pi * .pi * 2 * 0.25) - 1) < 1e-3)
    #expect(abs(torus.area / (4 * .pi * .pi * 2 * 0.5) - 1) < 1e-3)
  }

  @Test func openEdgesAndUnusedVertices() throws {
    var mesh = TriangleMesh.sphere(subdivisions: 1)
    mesh.triangles.removeLast()
    #expect(mesh.boundaryEdgeCount == 3)
    #expect(mesh.eulerCharacteristic == 1)
    mesh.vertices.insert(SIMD3(repeating: 50), at: 0)
    mesh.triangles = mesh.triangles.map { $0 &+ 1 }
    let reach = try #require(mesh.bounds).upper.max()
    #expect(reach <= 1, "a vertex of no triangle does not count")
    #expect(mesh.eulerCharacteristic == 1)
    let clean = mesh.removingUnusedVertices()
    #expect(clean.vertices.count == mesh.vertices.count - 1)
    #expect(clean.area == mesh.area)
    #expect(TriangleMesh(vertices: [], triangles: []).bounds == nil)
    #expect(TriangleMesh(vertices: [], triangles: []).eulerCharacteristic == 0)
    // A fin on an edge makes it belong to three triangles.
    var fin = TriangleMesh.box(.symmetricUnit)
    fin.vertices.append(SIMD3(repeating: 3))
    fin.triangles.append(SIMD3(fin.triangles[0].x, fin.triangles[0].y, 8))
    #expect(fin.boundaryEdgeCount == 3)
  }

  @Test func fittingInABox() throws {
    let mesh = TriangleMesh.torus().scaled(by: 7, thenMovedBy: SIMD3(100, -3, 0.5))
    let bounds = try #require(mesh.fitted(share: 0.9).bounds)
    #expect(bounds.center.norm < 1e-12)
    #expect(abs(bounds.size.max() - 1.8) < 1e-12)
    let tight = BoundingBox(lower: .zero, upper: SIMD3(10, 10, 0.1))
    let flat = try #require(mesh.fitted(in: tight, share: 1).bounds)
    #expect(abs(flat.size.z - 0.1) < 1e-12)
    #expect((flat.center - tight.center).norm < 1e-12)
    // Scaled alike along all axes: the ratio of the volume's square and the area's cube stays.
    func roundness(_ mesh: TriangleMesh) -> Double {
      mesh.volume * mesh.volume / (mesh.area * mesh.area * mesh.area)
    }
    #expect(abs(roundness(mesh.fitted(in: tight)) / roundness(mesh) - 1) < 1e-9)
    let dot = TriangleMesh(vertices: [SIMD3(2, 2, 2)], triangles: [SIMD3(0, 0, 0)])
    #expect(dot.fitted().vertices == [.zero], "a mesh without extent is moved only")
  }

  @Test func surfaceSamplesAreUniformByArea() throws {
    // The sides of this box have the shares 1/21, 4/21 and 16/21 of its area.
    let mesh = TriangleMesh.box(BoundingBox(lower: .zero, upper: SIMD3(4, 4, 1)))
    let count = 60_000
    let cloud = mesh.sampledSurface(count: count, seed: 3)
    #expect(cloud == mesh.sampledSurface(count: count, seed: 3))
    #expect(cloud != mesh.sampledSurface(count: count, seed: 4))
    var shares = SIMD3<Double>.zero
    var mean = SIMD3<Double>.zero
    for (point, normal) in zip(cloud.points, cloud.normals) {
      #expect(abs(normal.norm - 1) < 1e-14)
      for axis in 0..<3 where normal[axis] != 0 {
        shares[axis] += 1 / Double(count)
        #expect(point[axis] == (normal[axis] > 0 ? [4.0, 4, 1][axis] : 0))
      }
      mean += point / Double(count)
    }
    let expected = SIMD3(8.0, 8, 32) / 48
    // Five standard deviations.
    let spread = 5 * (0.25 / Double(count)).squareRoot()
    #expect((shares - expected).norm < spread)
    #expect((mean - SIMD3(2, 2, 0.5)).norm < 5 * 2 / Double(count).squareRoot())
  }

  @Test func proceduralShapesAreWatertightAndFine() throws {
    for shape in ProceduralShape.allCases {
      let coarse = try shape.mesh(extents: [40, 41, 42])
      #expect(coarse.boundaryEdgeCount == 0, "\(shape)")
      let mesh = try shape.mesh(extents: [128, 128, 128])
      #expect(mesh.boundaryEdgeCount == 0)
      let bounds = try #require(mesh.bounds)
      #expect(max(bounds.upper.max(), -bounds.lower.min()) < 1)
      // The volume is there at any fineness, and ridges add area that a coarse grid does not see.
      #expect(abs(mesh.volume / coarse.volume - 1) < 0.1)
      #expect(mesh.volume > 0.3)
      #expect(mesh.area > 1.02 * coarse.area)
      let volume = shape.volume(extents: [128, 128, 128])
      let share = Double(volume.values.lazy.filter { $0 == 255 }.count) / Double(volume.count)
      #expect(abs(share * 8 / mesh.volume - 1) < 0.05)
      #expect(
        shape.volume(extents: [20, 30, 10], workers: Workers(threads: 1))
          == shape.volume(extents: [20, 30, 10], workers: Workers(threads: 3)))
    }
    // The knot is one piece with one hole.
    #expect(try ProceduralShape.ridgedKnot.mesh(extents: [128, 128, 128]).eulerCharacteristic == 0)
  }
}
