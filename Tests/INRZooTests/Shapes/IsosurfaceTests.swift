import Foundation
import INRZoo
import TensorKit
import Testing

/// Marching cubes.
@Suite struct IsosurfaceTests {
  struct Settings: Decodable {
    let volumes: [String]
  }

  @Test func areasVolumesAndTopologyOfReference() throws {
    let reference = try FieldReference<Settings>("marching-cubes")
    let facts = try reference.tensor("facts", as: Double.self)
    for (row, name) in reference.settings.volumes.enumerated() {
      let volume = try reference.tensor("volume.\(name)", as: Float.self)
      let grid = SampleGrid(extents: volume.shape)
      let mesh = try TriangleMesh.isosurface(of: volume.elements, grid: grid)
      for method in 0..<2 {
        let expected = Array(facts.elements[(12 * row + 6 * method)..<(12 * row + 6 * method + 6)])
        #expect(abs(mesh.area / expected[0] - 1) < 1e-4, "\(name)")
        // Positive: inside is where samples are positive, and triangles are seen from outside.
        #expect(abs(mesh.volume / expected[1] - 1) < 1e-4, "\(name)")
        #expect(Double(mesh.eulerCharacteristic) == expected[2], "\(name)")
        #expect(Double(mesh.boundaryEdgeCount) == expected[3], "\(name)")
      }
    }
  }

  /// Noise, in which all 256 cases and every pair of neighbouring faces come up.
  private static func noise(_ extents: [Int], seed: UInt64) -> (SampleGrid, [Double]) {
    var generator = SeededGenerator(seed: seed)
    let grid = SampleGrid(
      extents: extents, box: BoundingBox(lower: SIMD3(-1, 0, 3), upper: SIMD3(2, 5, 4)))
    return (grid, (0..<grid.count).map { _ in .random(in: -1...1, using: &generator) })
  }

  @Test(arguments: 0..<4) func noiseIsWatertight(seed: Int) throws {
    let (grid, noise) = Self.noise([23, 20, 37], seed: UInt64(seed))
    let closed = try TriangleMesh.isosurface(of: noise, grid: grid, closingBorders: true)
    #expect(closed.boundaryEdgeCount == 0)
    #expect(closed.volume > 0)
    #expect(closed.removingUnusedVertices() == closed, "no vertex is there in vain")
    #expect(closed.bounds == grid.box)
    // Also with a level, and of the opposite field, whose ambiguous faces are resolved the other way.
    let level = 0.4 * Double(seed) - 0.6
    let other = try TriangleMesh.isosurface(
      of: noise.map { -$0 }, grid: grid, level: level, closingBorders: true)
    #expect(other.boundaryEdgeCount == 0)
    // Every edge is passed once in either direction: no triangle is turned over.
    for mesh in [closed, other] {
      var passages: [SIMD2<Int32>: Int] = [:]
      for triangle in mesh.triangles {
        for corner in 0..<3 {
          passages[SIMD2(triangle[corner], triangle[(corner + 1) % 3]), default: 0] += 1
        }
      }
      let isOriented = passages.allSatisfy { edge, count in
        count == 1 && passages[SIMD2(edge.y, edge.x)] == 1
      }
      #expect(isOriented)
    }
    // A surface that stays open is open at the faces of the box only.
    let open = try TriangleMesh.isosurface(of: noise, grid: grid)
    var counts: [SIMD2<Int32>: Int] = [:]
    for triangle in open.triangles {
      for corner in 0..<3 {
        let (start, end) = (triangle[corner], triangle[(corner + 1) % 3])
        counts[SIMD2(min(start, end), max(start, end)), default: 0] += 1
      }
    }
    let isAtFace = counts.filter { $0.value != 2 }.allSatisfy { edge, count in
      let (start, end) = (open.vertices[Int(edge.x)], open.vertices[Int(edge.y)])
      return count == 1
        && (0..<3).contains { axis in
          start[axis] == end[axis]
            && (start[axis] == grid.box.lower[axis] || start[axis] == grid.box.upper[axis])
        }
    }
    #expect(isAtFace)
    #expect(open.boundaryEdgeCount > 0)
  }

  @Test func insideCornersAtOppositeEndsStayApart() throws {
    // Two corners of a face: two pieces. All but two: the outside ones are joined instead.
    let grid = SampleGrid(extents: [2, 2, 2])
    var samples = [Double](repeating: -1, count: 8)
    samples[0] = 1
    samples[3] = 1
    let apart = try TriangleMesh.isosurface(of: samples, grid: grid, closingBorders: true)
    #expect(apart.eulerCharacteristic == 4)
    let joined = try TriangleMesh.isosurface(
      of: samples.map { -$0 }, grid: grid, closingBorders: true)
    #expect(joined.eulerCharacteristic == 2)
    #expect(abs(apart.volume + joined.volume - 8) < 4)
  }

  @Test func anyWayToGetLayersGivesTheSameMesh() throws {
    // More layers than a piece has, so that pieces are joined.
    for closing in [false, true] {
      let (grid, noise) = Self.noise([53, 9, 11], seed: 9)
      let single = noise.map { Float($0) }
      let mesh = try TriangleMesh.isosurface(
        of: single, grid: grid, level: 0.1, closingBorders: closing, workers: Workers(threads: 1))
      let threads = try TriangleMesh.isosurface(
        of: single, grid: grid, level: 0.1, closingBorders: closing, workers: Workers(threads: 3))
      #expect(mesh == threads)
      var asked: [Int] = []
      let layers = try TriangleMesh.isosurface(
        grid: grid, level: 0.1, closingBorders: closing
      ) { layer in
        asked.append(layer)
        return Array(single[(layer * 99)..<((layer + 1) * 99)])
      }
      #expect(mesh == layers)
      #expect(asked == Array(0..<53))
      let double = try TriangleMesh.isosurface(
        of: single.map { Double($0) }, grid: grid, level: 0.1, closingBorders: closing)
      #expect(mesh == double)
    }
  }

  @Test func aPlaneLiesWhereALinearFunctionIsZero() throws {
    let box = BoundingBox(lower: SIMD3(2, -1, 0), upper: SIMD3(3, 4, 9))
    let grid = SampleGrid(extents: [5, 7, 6], box: box)
    let mesh = try TriangleMesh.isosurface(
      of: grid.values { 20 * $0.x - 3 * $0.y - $0.z - 40 }, grid: grid)
    #expect(mesh.triangles.count > 20)
    for vertex in mesh.vertices {
      #expect(abs(20 * vertex.x - 3 * vertex.y - vertex.z - 40) < 1e-12)
    }
    // The normal points to where the function falls.
    let normal = SIMD3(-20.0, 3, 1) / 410.0.squareRoot()
    #expect(mesh.faceNormals.allSatisfy { ($0 - normal).norm < 1e-9 || $0 == .zero })
  }

  @Test func samplesAtTheLevelAndAtTheBorder() throws {
    // A sphere that passes through samples, cut off by the box on one side.
    let grid = SampleGrid(extents: [9, 9, 9])
    let values = grid.values { 1 - (($0 - SIMD3(0.25, 0, 0)) * ($0 - SIMD3(0.25, 0, 0))).sum() }
    let closed = try TriangleMesh.isosurface(of: values, grid: grid, closingBorders: true)
    #expect(closed.boundaryEdgeCount == 0)
    #expect(closed.bounds.map { $0.upper.x } == 1)
    let full = try TriangleMesh.isosurface(
      of: [Double](repeating: 3, count: 24), grid: SampleGrid(extents: [2, 3, 4]), level: 2,
      closingBorders: true)
    #expect(abs(full.volume - 8) < 1e-12, "a full volume is the box")
    #expect(abs(full.area - 24) < 1e-12)
    #expect(full.eulerCharacteristic == 2)
    // A sample alone has no volume, and so has an empty grid.
    for extents in [[1, 1, 1], [1, 5, 5], [0, 3, 3], [3, 0, 3], [3, 3, 0]] {
      let count = extents.reduce(1, *)
      for closing in [false, true] {
        let mesh = try TriangleMesh.isosurface(
          of: [Float](repeating: 1, count: count), grid: SampleGrid(extents: extents),
          closingBorders: closing)
        #expect(mesh.boundaryEdgeCount == 0)
        #expect(abs(mesh.volume) < 1e-12)
      }
    }
    let huge = try TriangleMesh.isosurface(
      of: [1e308, 1e308, 1e308, 1e308, -1e308, -1e308, -1e308, -1e308],
      grid: SampleGrid(extents: [2, 2, 2]))
    #expect(huge.vertices.allSatisfy { $0.x == 0 })
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func samplesThatAreNotFinite(value: Float)
    throws
  {
    var samples = [Float](repeating: 1, count: 30 * 4 * 5)
    samples[17 * 20 + 2 * 5 + 3] = value
    let error = #expect(throws: IsosurfaceError.self) {
      try TriangleMesh.isosurface(of: samples, grid: SampleGrid(extents: [30, 4, 5]))
    }
    guard case .sampleIsNotFinite(let found, let place) = try #require(error) else { return }
    #expect(place == [17, 2, 3])
    #expect(found.isNaN == value.isNaN && (value.isNaN || found == Double(value)))
    #expect(error?.description.contains("[17, 2, 3]") == true)
  }
}
