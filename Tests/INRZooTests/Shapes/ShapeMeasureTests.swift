import INRZoo
import TensorKit
import Testing

/// Distances between surfaces and overlaps of solids.
@Suite struct ShapeMeasureTests {
  struct Settings: Decodable {}

  @Test func agreesWithReference() throws {
    let reference = try FieldReference<Settings>("shape-measures")
    func cloud(_ name: String) throws -> PointCloud {
      PointCloud(
        points: try reference.tensor("points.\(name)", as: Double.self).points,
        normals: try reference.tensor("normals.\(name)", as: Double.self).points)
    }
    let found = SurfaceComparison(between: try cloud("a"), and: try cloud("b"))
    #expect(found.nearestToFirst.map { Int($0) } == (try reference.indices("nearest.a_to_b")))
    #expect(found.nearestToSecond.map { Int($0) } == (try reference.indices("nearest.b_to_a")))
    func expect(_ values: [Double], _ name: String) throws {
      try reference.expect(Tensor(values, shape: [values.count]), name, tolerance: 1e-12)
    }
    try expect(found.distancesFromFirst, "distance.a_to_b")
    try expect(found.distancesFromSecond, "distance.b_to_a")
    try expect(
      [found.sumOfMeanSquaredDistances, found.halfSumOfMeanDistances, found.largestDistance],
      "chamfer")
    try expect([found.normalConsistency], "normal_consistency")
    let threshold = try reference.tensor("f_threshold", as: Double.self).elements[0]
    let agreement = found.agreement(within: threshold)
    try expect([agreement.fScore, agreement.firstShare, agreement.secondShare], "f_score")

    let (a, b) = (try reference.indices("volume.a"), try reference.indices("volume.b"))
    let expected = try reference.tensor("iou", as: Double.self).elements[0]
    let ofRows = intersectionOverUnion(of: a.map { $0 > 0 }, and: b.map { $0 > 0 })
    #expect(abs(ofRows - expected) < 1e-12)
    let extents = try reference.tensor("volume.a", as: Double.self).shape
    let overlap = intersectionOverUnion(
      of: VoxelVolume(extents: extents, values: a.map { UInt8($0) }),
      and: VoxelVolume(extents: extents, values: b.map { UInt8($0) }), threshold: 1)
    #expect(abs(overlap - expected) < 1e-12)
  }

  @Test func twoCloudsByHand() {
    let first = PointCloud(
      points: [SIMD3(0, 0, 0), SIMD3(1, 0, 0)], normals: [SIMD3(1, 0, 0), SIMD3(0, 1, 0)])
    let second = PointCloud(points: [SIMD3(0, 3, 4)], normals: [SIMD3(-0.6, 0.8, 0)])
    let found = SurfaceComparison(between: first, and: second)
    #expect(abs(found.sumOfMeanSquaredDistances - (25.5 + 25)) < 1e-12)
    #expect(abs(found.halfSumOfMeanDistances - 0.5 * ((5 + 26.0.squareRoot()) / 2 + 5)) < 1e-12)
    #expect(found.largestDistance == 26.0.squareRoot())
    #expect(abs(found.normalConsistency - 0.5 * (0.7 + 0.6)) < 1e-12)
    let agreement = found.agreement(within: 5.01)
    #expect(agreement.firstShare == 0.5)
    #expect(agreement.secondShare == 1)
    #expect(abs(agreement.fScore - 2 / 3.0) < 1e-15)
    #expect(found.agreement(within: 0.1).fScore == 0)
  }

  @Test func twoSpheresByTheirRadii() {
    let (small, large) = (
      TriangleMesh.sphere(radius: 0.5, subdivisions: 5), TriangleMesh.sphere(subdivisions: 5)
    )
    let found = SurfaceComparison(between: small, and: large, samples: 20_000)
    #expect(abs(found.halfSumOfMeanDistances - 0.5) < 2e-3)
    #expect(abs(found.sumOfMeanSquaredDistances - 0.5) < 2e-3)
    #expect(found.normalConsistency > 0.99)
    // Two draws of one surface lie as far apart as neighbouring points do.
    let same = SurfaceComparison(between: large, and: large, samples: 20_000)
    #expect(same.halfSumOfMeanDistances > 0.001)
    #expect(same.halfSumOfMeanDistances < 0.02)
    #expect(same.agreement(within: 0.05).fScore > 0.999)
  }

  @Test func overlapsByHand() {
    #expect(intersectionOverUnion(of: [true, true, false], and: [false, true, true]) == 1 / 3.0)
    #expect(intersectionOverUnion(of: [false, false], and: [false, false]) == 1)
    #expect(intersectionOverUnion(of: [], and: []) == 1)
    #expect(intersectionOverUnion(of: [true], and: [false]) == 0)
    let volume = VoxelVolume(extents: [1, 1, 4], values: [0, 127, 128, 255])
    let other = VoxelVolume(extents: [1, 1, 4], values: [255, 0, 255, 200])
    #expect(intersectionOverUnion(of: volume, and: other) == 2 / 3.0)
    #expect(intersectionOverUnion(of: volume, and: other, threshold: 1) == 2 / 4.0)
  }
}
