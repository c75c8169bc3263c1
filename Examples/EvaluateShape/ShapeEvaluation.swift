import ExampleSupport
import Foundation
import INRZoo
import ShapeFiles
import TensorKit

/// What was measured of two meshes.
struct ShapeEvaluation {
  let mesh: TriangleMesh
  let reference: TriangleMesh
  /// The longest side of the reference's box.
  let size: Double
  /// The distance below which points agree, in the units of the files.
  let threshold: Double
  let comparison: SurfaceComparison
  let agreement: SurfaceComparison.Agreement
  let intersectionOverUnion: Double
  /// The grid on which the solids were compared.
  let gridExtents: [Int]
  /// The distance of each vertex of the mesh from the reference's surface.
  let vertexErrors: [Double]

  /// Reads and measures meshes.
  init(_ settings: EvaluationSettings) throws {
    func read(_ file: URL) throws -> (TriangleMesh, BoundingBox) {
      let mesh = try ShapeFile.mesh(at: file.path).removingUnusedVertices()
      guard let bounds = mesh.bounds, mesh.area > 0, mesh.area.isFinite else {
        throw ExampleFailure.badData(
          "\(file.path) is a mesh without an area; give one of a surface")
      }
      return (mesh, bounds)
    }
    let (mesh, meshBounds) = try read(settings.mesh)
    let (reference, referenceBounds) = try read(settings.reference)
    (self.mesh, self.reference) = (mesh, reference)
    let workers = settings.workers
    size = referenceBounds.size.max()
    threshold = settings.values[Options.threshold] * size
    comparison = SurfaceComparison(
      between: mesh, and: reference, samples: settings.values[Options.samples],
      seed: UInt64(settings.values[Options.seed]), workers: workers)
    agreement = comparison.agreement(within: threshold)

    // A little more than both boxes: what lies on the border of a grid is hardly in or out.
    let box = BoundingBox(
      lower: pointwiseMin(meshBounds.lower, referenceBounds.lower),
      upper: pointwiseMax(meshBounds.upper, referenceBounds.upper)
    ).enlarged(by: 1.02)
    let spacing = box.size.max() / Double(settings.values[Options.resolution])
    let extents = (0..<3).map { max(2, Int((box.size[$0] / spacing).rounded())) }
    gridExtents = extents
    let search = TriangleSearch(reference, workers: workers)
    func solid(_ search: TriangleSearch) -> VoxelVolume {
      VoxelVolume(inside: search, extents: extents, box: box, workers: workers)
    }
    intersectionOverUnion = INRZoo.intersectionOverUnion(
      of: solid(TriangleSearch(mesh, workers: workers)), and: solid(search))
    vertexErrors = search.nearest(to: mesh.vertices, workers: workers).map(\.distance)
  }

  /// The line for programs.
  var line: String {
    [
      ("chamfer_l1", comparison.halfSumOfMeanDistances),
      ("chamfer_l2", comparison.sumOfMeanSquaredDistances),
      ("normal_consistency", comparison.normalConsistency), ("f_score", agreement.fScore),
      ("iou", intersectionOverUnion),
    ].map { "\($0)=\(NumberText.significant($1, 6))" }.joined(separator: " ")
  }

  /// The colour of each vertex of the mesh: from dark blue on the reference to yellow at the threshold and beyond.
  var errorColors: [SIMD3<UInt8>] {
    vertexErrors.map { error in
      let color = ColorMap.viridis.color(at: error / threshold)
      return [color.red, color.green, color.blue]
    }
  }
}
