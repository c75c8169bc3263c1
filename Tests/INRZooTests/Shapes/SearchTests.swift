import Foundation
import INRZoo
import TensorKit
import Testing

/// Nearest points and triangles, winding numbers and signed distances.
@Suite struct SearchTests {
  struct Settings: Decodable {}

  @Test(arguments: ["closed", "open"]) func windingNumbersAndDistancesOfReference(kind: String)
    throws
  {
    let reference = try FieldReference<Settings>("winding-numbers")
    let corners = try reference.indices("triangles.\(kind)").map { Int32($0) }
    let mesh = TriangleMesh(
      vertices: try reference.tensor("vertices", as: Double.self).points,
      triangles: stride(from: 0, to: corners.count, by: 3).map {
        SIMD3(corners[$0], corners[$0 + 1], corners[$0 + 2])
      })
    let points = try reference.tensor("points", as: Double.self).points
    let exact = mesh.windingNumbers(at: points)
    try reference.expect(
      Tensor(exact, shape: [exact.count]), "winding.\(kind)", tolerance: 1e-12)
    let search = TriangleSearch(mesh)
    let fast = search.windingNumbers(at: points)
    for (exact, fast) in zip(exact, fast) {
      #expect(abs(exact - fast) < 1e-2)
      if kind == "closed" { #expect((exact > 0.5) == (fast > 0.5)) }
    }
    let nearest = search.nearest(to: points)
    let distances = nearest.map(\.distance)
    try reference.expect(
      Tensor(distances, shape: [distances.count]), "distance.\(kind)", tolerance: 1e-12)
    for (point, nearest) in zip(points, nearest) {
      #expect(abs((point - nearest.point).norm - nearest.distance) < 1e-12)
    }
  }

  @Test func theSeriesOfFarGroupsConvergesAsItShould() {
    // The error of a series up to the second moments falls with the third power of the ratio.
    let mesh = bumpyTorus()
    let search = TriangleSearch(mesh)
    let points = randomPoints(300, in: .symmetricUnit, seed: 5)
    let exact = mesh.windingNumbers(at: points)
    func error(_ ratio: Double) -> Double {
      zip(search.windingNumbers(at: points, openingRatio: ratio), exact)
        .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    #expect(error(2) < 0.05)
    #expect(error(4) < error(2) / 6)
    #expect(error(8) < error(4) / 6)
    #expect(error(1e9) < 1e-12, "all triangles one by one")
  }

  @Test func windingNumbersOfSolids() {
    let box = TriangleMesh.box(.symmetricUnit)
    let places = [SIMD3(0.2, -0.7, 0.999), SIMD3(1.001, 0, 0), SIMD3(50, -30, 20), .zero]
    for search in [box, TriangleMesh.sphere(radius: 0.9999, subdivisions: 5)] {
      let inside = search.windingNumbers(at: [.zero, SIMD3(1.01, 0, 0)])
      #expect(abs(inside[0] - 1) < 1e-12)
      #expect(abs(inside[1]) < 1e-12)
    }
    for (number, expected) in zip(box.windingNumbers(at: places), [1.0, 0, 0, 1]) {
      #expect(abs(number - expected) < 1e-12)
    }
    // Twice around; turned over; half of the directions blocked.
    var double = box
    double.triangles += box.triangles
    #expect(abs(double.windingNumbers(at: [.zero])[0] - 2) < 1e-12)
    #expect(abs(box.turnedInsideOut().windingNumbers(at: [.zero])[0] + 1) < 1e-12)
    let side = TriangleMesh(vertices: box.vertices, triangles: Array(box.triangles[..<2]))
    #expect(abs(side.windingNumbers(at: [.zero])[0] - 1 / 6.0) < 1e-12)
    let nothing = TriangleSearch(TriangleMesh(vertices: [], triangles: []))
    #expect(nothing.windingNumbers(at: [.zero]) == [0])
  }

  @Test func nearestTrianglesAsByLookingAtAll() {
    let mesh = bumpyTorus()
    let points = randomPoints(200, in: BoundingBox.symmetricUnit.enlarged(by: 2), seed: 8)
    let found = TriangleSearch(mesh).nearest(to: points)
    for (point, found) in zip(points, found) {
      // Each triangle alone, by a tree of one leaf.
      var best = (distance: Double.infinity, triangle: Int32(-1))
      for (index, triangle) in mesh.triangles.enumerated() {
        let corners = (0..<3).map { mesh.vertices[Int(triangle[$0])] - point }
        let distance = distanceByProjections(corners)
        if distance < best.distance { best = (distance, Int32(index)) }
      }
      #expect(abs(found.distance - best.distance) < 1e-12)
    }
  }

  /// The distance of a triangle from the origin: of its plane if the foot lies in it, or of its sides.
  private func distanceByProjections(_ corners: [SIMD3<Double>]) -> Double {
    func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
      SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
    let normal = cross(corners[1] - corners[0], corners[2] - corners[0])
    let unit = normal / normal.norm
    let foot = unit * (unit * corners[0]).sum()
    var isInside = true
    var nearest = Double.infinity
    for corner in 0..<3 {
      let (start, end) = (corners[corner], corners[(corner + 1) % 3])
      if (cross(end - start, foot - start) * normal).sum() < 0 { isInside = false }
      let side = end - start
      let share = min(max(-(side * start).sum() / (side * side).sum(), 0), 1)
      nearest = min(nearest, (start + side * share).norm)
    }
    return isInside ? foot.norm : nearest
  }

  @Test func trianglesOfNoAreaAreTheirSides() {
    let needle = TriangleMesh(
      vertices: [SIMD3(0, 0, 0), SIMD3(2, 0, 0), SIMD3(1, 0, 0), SIMD3(5, 5, 5)],
      triangles: [SIMD3(0, 1, 2), SIMD3(3, 3, 3), SIMD3(2, 2, 1), SIMD3(0, 2, 1)])
    let search = TriangleSearch(needle)
    let found = search.nearest(
      to: [SIMD3(1.5, 1, 0), SIMD3(-3, 4, 0), SIMD3(6, 5, 5), SIMD3(0.25, 0, 2)])
    #expect(found.map(\.distance) == [1, 5, 1, 2])
    #expect(found[0].triangle == 0, "of equally near ones the lowest")
    #expect(found[2].triangle == 1)
    #expect(search.windingNumbers(at: [SIMD3(1, 1, 1), SIMD3(90, 0, 0)]).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [1, 3, 20]) func nearestPointsAsByLookingAtAll(count: Int) {
    // On a coarse lattice there are many ties, and points that coincide.
    for (scale, seed) in [(3.0, UInt64(1)), (1e6, 2)] {
      func lattice(_ count: Int, _ seed: UInt64) -> [SIMD3<Double>] {
        randomPoints(count, in: .symmetricUnit, seed: seed).map {
          ($0 * scale).rounded(.toNearestOrEven)
        }
      }
      let (points, queries) = (lattice(700, seed), lattice(150, seed + 10))
      let found = PointSearch(points).nearest(count, to: queries)
      #expect(found.indices.count == count * queries.count)
      for (index, query) in queries.enumerated() {
        let squares = points.map { (($0 - query) * ($0 - query)).sum() }
        let expected = points.indices.sorted { (squares[$0], $0) < (squares[$1], $1) }
        let range = (index * count)..<((index + 1) * count)
        #expect(found.indices[range].map { Int($0) } == Array(expected[..<count]))
        #expect(Array(found.squaredDistances[range]) == expected[..<count].map { squares[$0] })
      }
    }
  }

  @Test func signedDistancesOfASphereAndABox() {
    let points = randomPoints(500, in: BoundingBox.symmetricUnit.enlarged(by: 1.5), seed: 2)
    let sphere = SignedDistance(of: .sphere(radius: 0.8, subdivisions: 6))
    for (point, value) in zip(points, sphere.values(at: points)) {
      #expect(abs(value - (point.norm - 0.8)) < 2e-4)
    }
    let box = SignedDistance(of: .box(.symmetricUnit))
    for (point, value) in zip(points, box.values(at: points)) {
      let excess = SIMD3(abs(point.x), abs(point.y), abs(point.z)) - 1
      let outside = SIMD3(max(excess.x, 0), max(excess.y, 0), max(excess.z, 0)).norm
      #expect(abs(value - (excess.max() > 0 ? outside : excess.max())) < 1e-12)
    }
  }

  @Test func answersDoNotDependOnThreads() {
    let mesh = bumpyTorus()
    let points = randomPoints(3000, in: .symmetricUnit, seed: 4)
    let (one, three) = (Workers(threads: 1), Workers(threads: 3))
    let (first, second) = (TriangleSearch(mesh, workers: one), TriangleSearch(mesh, workers: three))
    #expect(first.nearest(to: points, workers: one) == second.nearest(to: points, workers: three))
    #expect(
      first.windingNumbers(at: points, workers: one)
        == second.windingNumbers(at: points, workers: three))
    #expect(
      SignedDistance(first).values(at: points, workers: one)
        == SignedDistance(second).values(at: points, workers: three))
    #expect(
      mesh.windingNumbers(at: points, workers: one)
        == mesh.windingNumbers(at: points, workers: three))
    let search = PointSearch(mesh.vertices)
    #expect(
      search.nearest(3, to: points, workers: one) == search.nearest(3, to: points, workers: three))
    #expect(
      VoxelVolume(inside: first, extents: [30, 17, 25], workers: one)
        == VoxelVolume(inside: second, extents: [30, 17, 25], workers: three))
  }

  @Test func volumesOfMeshesVoxelByVoxel() {
    // Closed, with a hole, with one side missing, and made of loose triangles.
    var holed = bumpyTorus()
    holed.triangles.removeSubrange(100..<140)
    var openBox = TriangleMesh.box(
      BoundingBox(lower: SIMD3(repeating: -0.61), upper: SIMD3(repeating: 0.53)))
    openBox.triangles.removeLast(2)
    let loose = TriangleMesh(
      vertices: holed.triangles.flatMap { triangle in
        (0..<3).map { holed.vertices[Int(triangle[$0])] }
      },
      triangles: holed.triangles.indices.map {
        SIMD3(Int32(3 * $0), Int32(3 * $0 + 1), Int32(3 * $0 + 2))
      })
    for (mesh, isEmpty) in [
      (bumpyTorus(), false), (holed, false), (openBox, false), (loose, false),
      (TriangleMesh(vertices: [], triangles: []), true),
    ] {
      let grid = SampleGrid(extents: [37, 41, 29])
      let search = TriangleSearch(mesh)
      let volume = VoxelVolume(inside: search, extents: grid.extents)
      let numbers = search.windingNumbers(at: grid.points)
      let expected = numbers.map { UInt8($0 > 0.5 ? 255 : 0) }
      // Where the number is near the threshold itself the sum's error may decide.
      let wrong = numbers.indices.filter {
        volume.values[$0] != expected[$0] && abs(numbers[$0] - 0.5) > 0.02
      }
      #expect(wrong.isEmpty)
      #expect(volume.values.contains(255) != isEmpty)
    }
    let sphere = VoxelVolume(inside: .sphere(radius: 0.7, subdivisions: 4), extents: [64, 64, 64])
    let filled = Double(sphere.values.lazy.filter { $0 > 0 }.count) * pow(2 / 63.0, 3)
    #expect(abs(filled / (4 / 3 * .pi * 0.343) - 1) < 0.02)
    #expect(
      VoxelVolume(inside: .sphere(radius: 0.7), extents: [1, 1, 1]).values == [255],
      "a single voxel lies in the middle")
  }
}
