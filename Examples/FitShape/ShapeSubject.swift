import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import ShapeFiles
import TensorKit

/// What is fitted: voxels, or a surface, in the frame of the network.
///
/// For occupancy a network's coordinates span [-1, 1] along each axis, whatever the extents. For distances the
/// longest side is 0.9 long and its middle the origin, as published, or 2 for the eikonal loss. What is measured
/// and shown has the shape's own proportions, with a longest side of 2 at most.
struct ShapeSubject {
  /// What it is called.
  let name: String
  /// The option that names its file, or would.
  let fileOption: Option<URL?>
  /// A number that equal shapes share.
  let fingerprint: UInt64
  /// The voxels to be fitted; nil for distances.
  let volume: VoxelVolume?
  /// The true surface in its own proportions; nil if there is none.
  let mesh: TriangleMesh?
  /// Points of the surface with normals, in the frame of the network; nil for voxels.
  let cloud: PointCloud?
  /// How many voxels each axis has, or the grid on which distances are compared.
  let extents: [Int]
  /// How long a unit of the surface's own proportions is in the frame of the network, for distances.
  private let scale: Double

  /// The name of the option that names the file.
  var option: String { fileOption.name }

  /// The voxels along the longest side.
  var resolution: Int { extents.max() ?? 1 }

  /// The shape that a command line asks for.
  init(_ values: OptionValues, _ recipe: Recipe) throws {
    let task = recipe.shape.task
    if let file = values[Options.volume] {
      let volume = try ExampleFailure.reading(
        Options.volume, file, remedy: "give a .mat or .npy file with a volume of three axes"
      ) { path in
        let volume = try ShapeFile.volume(at: path)
        do {
          return try volume.cropped(recipe.shape.fidelity == .released ? .released : .inclusive)
        } catch let error as VoxelVolumeError {
          throw FileError(.unsupported, path: path, reason: "\(error)")
        }
      }
      self.init(
        name: file.lastPathComponent, Options.volume,
        volume: values[Options.resolution].map { volume.downsampled(toLongestSide: $0) } ?? volume)
    } else if let file = values[Options.mesh] {
      let mesh = try ExampleFailure.reading(
        Options.mesh, file, remedy: "give a file with a surface of triangles"
      ) { path in
        let mesh = try ShapeFile.mesh(at: path).removingUnusedVertices()
        guard mesh.area > 0 else {
          throw FileError(.malformed, path: path, reason: "its surface has no area")
        }
        return mesh
      }
      self.init(
        name: file.lastPathComponent, Options.mesh, mesh, task, recipe.shape.loss,
        resolution: values[Options.resolution] ?? 128)
    } else if let file = values[Options.points] {
      let cloud = try ExampleFailure.reading(
        Options.points, file, remedy: "give an .xyz file with a point and its normal in each line"
      ) { try PointCloud(contentsOf: $0) }
      self.init(
        name: file.lastPathComponent, cloud, recipe.shape.loss,
        resolution: values[Options.resolution] ?? 128)
    } else {
      let size = values[Options.resolution] ?? FitShapeSettings.demonstrationSize
      let shape = ProceduralShape.ridgedKnot
      switch task {
      case .occupancy:
        self.init(
          name: "the embedded shape", Options.volume,
          volume: try shape.volume(extents: [size, size, size]).cropped(.inclusive))
      case .signedDistance:
        self.init(
          name: "the embedded shape", Options.mesh, try shape.mesh(extents: [192, 192, 192]), task,
          recipe.shape.loss, resolution: size)
      }
    }
  }

  private init(name: String, _ option: Option<URL?>, volume: VoxelVolume) {
    self.name = name
    fileOption = option
    fingerprint = volume.values.fingerprint
    self.volume = volume
    mesh = try? volume.surface(longestSide: 256)
    cloud = nil
    extents = volume.extents
    scale = 1
  }

  private init(
    name: String, _ option: Option<URL?>, _ mesh: TriangleMesh, _ task: ShapeRecipe.Task,
    _ loss: ShapeRecipe.DistanceLoss, resolution: Int
  ) {
    let own = mesh.fitted(in: .symmetricUnit, share: 1)
    self.name = name
    fileOption = option
    var hash = UInt64(mesh.triangles.count)
    for vertex in mesh.vertices {
      for axis in 0..<3 { hash = (hash ^ vertex[axis].bitPattern) &* 0x9E37_79B9_7F4A_7C15 }
    }
    fingerprint = hash
    self.mesh = own
    switch task {
    case .occupancy:
      let volume = VoxelVolume(inside: own, longestSide: resolution)
      self.volume = volume
      cloud = nil
      extents = volume.extents
      scale = 1
    case .signedDistance:
      volume = nil
      scale = loss == .squared ? 0.45 : 1
      cloud = own.scaled(by: scale).sampledSurface(count: 500_000, seed: 0)
      extents = [resolution, resolution, resolution]
    }
  }

  private init(
    name: String, _ cloud: PointCloud, _ loss: ShapeRecipe.DistanceLoss, resolution: Int
  ) {
    self.name = name
    fileOption = Options.points
    scale = loss == .squared ? 0.45 : 1
    let (center, halfSide) = cloud.frame
    let factor = scale / halfSide
    self.cloud = PointCloud(
      points: cloud.points.map { ($0 - center) * factor }, normals: cloud.normals)
    var hash = UInt64(cloud.points.count)
    for point in cloud.points {
      for axis in 0..<3 { hash = (hash ^ point[axis].bitPattern) &* 0x9E37_79B9_7F4A_7C15 }
    }
    fingerprint = hash
    volume = nil
    mesh = nil
    extents = [resolution, resolution, resolution]
  }

  /// The points in own proportions; nil for voxels.
  var ownCloud: PointCloud? {
    cloud.map { PointCloud(points: $0.points.map { $0 / scale }, normals: $0.normals) }
  }

  // MARK: - Steps

  /// How many groups a step has.
  func groupsPerStep(_ shape: ShapeRecipe) -> Int {
    guard let volume else {
      // Groups of points are halved while there are more than this in each.
      var groups = 1
      while groups * SurfaceSamples<Float>.standardGroupSize < shape.pointsPerStep { groups *= 2 }
      return groups
    }
    let all = VolumeSignal<Float>(volume, groups: shape.groups).groupCount
    return min(shape.groupsPerStep, all)
  }

  /// How many rows a step has at most.
  func rowsPerStep(_ shape: ShapeRecipe) -> Int {
    guard let volume else { return shape.pointsPerStep }
    return max(min(groupsPerStep(shape) * shape.groups.size, volume.count), 1)
  }

  /// How many steps make a pass over the voxels, or over as many points as the cloud has.
  func stepsPerEpoch(_ shape: ShapeRecipe) -> Int {
    if let volume {
      return VolumeSignal<Float>(volume, groups: shape.groups)
        .batches(groupsPerBatch: shape.groupsPerStep).stepsPerEpoch
    }
    let drawn = shape.loss == .squared ? shape.pointsPerStep : max(shape.pointsPerStep / 2, 1)
    return max(1, (cloud?.points.count ?? 1) / drawn)
  }

  /// Points around the surface, with distances from the mesh, or by the cloud's normals.
  func surfaceSamples<Scalar: TensorScalar>(
    _ shape: ShapeRecipe, seed: UInt64, workers: Workers
  ) throws -> SurfaceSamples<Scalar> {
    guard let cloud else { throw ExampleFailure.software("\(name) has no surface") }
    let distances: SurfaceSamples<Scalar>.Distances
    if let mesh {
      let exact = SignedDistance(of: mesh.scaled(by: scale))
      distances = { exact.values(at: $0, workers: workers) }
    } else {
      let search = PointSearch(cloud.points)
      distances = { cloud.distances(to: $0, by: search, workers: workers) }
    }
    var samples = SurfaceSamples<Scalar>(around: cloud.points, seed: seed, distances: distances)
    samples.rowCount = shape.pointsPerStep
    return samples
  }

  /// Points of the surface with normals, and elsewhere.
  func orientedPoints<Scalar: TensorScalar>(
    _ shape: ShapeRecipe, seed: UInt64
  ) throws -> OrientedPoints<Scalar> {
    guard let cloud else { throw ExampleFailure.software("\(name) has no surface") }
    var points = OrientedPoints<Scalar>(of: cloud, seed: seed)
    points.pointsOfEachKind = max(shape.pointsPerStep / 2, 1)
    return points
  }

  // MARK: - Measures

  /// The grid on which insides are compared and the learned surface is found, in the frame of the network.
  func grid(resolution: Int) -> SampleGrid {
    let longest = Double(self.resolution)
    let extents = extents.map {
      max(2, Int((Double($0) * Double(resolution) / longest).rounded()))
    }
    let half = volume == nil ? min(scale * 1.1, 1) : 1
    return SampleGrid(
      extents: extents,
      box: BoundingBox(lower: SIMD3(repeating: -half), upper: SIMD3(repeating: half)))
  }

  /// A mesh in the frame of the network, in the shape's own proportions.
  func inOwnProportions(_ mesh: TriangleMesh) -> TriangleMesh {
    var own = mesh
    let factors =
      volume == nil
      ? SIMD3(repeating: 1 / scale)
      : SIMD3(
        Double(extents[0] - 1), Double(extents[1] - 1), Double(extents[2] - 1))
        / Double(max(resolution - 1, 1))
    for index in own.vertices.indices { own.vertices[index] *= factors }
    return own
  }

  /// Where one knows what is inside a mesh, on a grid; nil without a mesh.
  func distanceProbe<Scalar: TensorScalar>(
    _: Scalar.Type, workers: Workers
  ) -> ShapeProbe<Scalar>? {
    guard let mesh else { return nil }
    let points = grid(resolution: min(resolution, 256)).points
    let numbers = TriangleSearch(mesh.scaled(by: scale)).windingNumbers(
      at: points, workers: workers)
    let isInside = numbers.map { $0 > 0.5 }
    return ShapeProbe(inputs: Rows(Tensor<Scalar>(points))) { rows in rows.map { isInside[$0] } }
  }

  /// The points of the plane through the middle, across the last axis, as a grid in the frame of the network.
  var sliceGrid: SampleGrid {
    let whole = grid(resolution: min(resolution, 256))
    var box = whole.box
    (box.lower.z, box.upper.z) = (0, 0)
    return SampleGrid(extents: [whole.extents[0], whole.extents[1], 1], box: box)
  }

  /// What is true in the plane through the middle, from 0 for outside to 1 for inside; nil where that is not known.
  func slice(workers: Workers) -> Tensor<Float>? {
    let grid = sliceGrid
    if let volume {
      let (rows, columns) = (grid.extents[0], grid.extents[1])
      return Tensor(
        (0..<(rows * columns)).map { place in
          let row = place / columns * volume.extents[0] / rows
          let column = place % columns * volume.extents[1] / columns
          return Float(volume[row, column, volume.extents[2] / 2]) / 255
        }
      ).reshaped(to: [rows, columns])
    }
    return mesh.map { mesh in
      let distances = SignedDistance(of: mesh.scaled(by: scale)).values(at: grid, workers: workers)
      return Tensor(distances.map { Float(shade(ofDistance: $0)) })
        .reshaped(to: [grid.extents[0], grid.extents[1]])
    }
  }

  /// How bright a signed distance is shown: a half on the surface, and more inside.
  func shade(ofDistance distance: Double) -> Double {
    min(max(0.5 - distance / (0.4 * scale), 0), 1)
  }
}

extension VoxelVolume {
  /// Voxels of a mesh whose longest side is 2, in its bounds, as many along the longest side as asked for.
  fileprivate init(inside mesh: TriangleMesh, longestSide: Int) {
    let bounds = mesh.bounds ?? .symmetricUnit
    let longest = max(bounds.size.x, bounds.size.y, bounds.size.z)
    let extents = (0..<3).map { axis in
      max(2, Int((bounds.size[axis] / longest * Double(longestSide - 1)).rounded()) + 1)
    }
    self.init(inside: mesh, extents: extents, box: bounds)
  }

  /// The surface at which voxels are half filled, in own proportions; of a larger volume that of means over cubes.
  ///
  /// - Throws: `IsosurfaceError`, which bytes are no reason for.
  fileprivate func surface(longestSide: Int) throws -> TriangleMesh {
    let longest = extents.max() ?? 1
    let side = (longest + longestSide - 1) / longestSide
    let smaller = downsampled(by: side)
    // Where the first and last of the means lie, in voxels from the middle.
    var box = BoundingBox.symmetricUnit
    for axis in 0..<3 {
      let middle = Double(extents[axis] - 1) / 2
      let last = Double(side * smaller.extents[axis]) - Double(side + 1) / 2
      let unit = 2 / Double(max(longest - 1, 1))
      box.lower[axis] = (Double(side - 1) / 2 - middle) * unit
      box.upper[axis] = (last - middle) * unit
    }
    return try .isosurface(
      of: smaller.values.map { Float($0) / 255 },
      grid: SampleGrid(extents: smaller.extents, box: box), level: 0.5, closingBorders: true)
  }
}

extension PointCloud {
  /// The middle of the points' bounds, and half their longest side.
  fileprivate var frame: (center: SIMD3<Double>, halfSide: Double) {
    guard let bounds = BoundingBox(containing: points) else { return (.zero, 1) }
    let longest = max(bounds.size.x, bounds.size.y, bounds.size.z)
    return (bounds.center, longest > 0 ? longest / 2 : 1)
  }
}

extension VolumeSignal {
  /// All voxels, of which one knows whether they are inside.
  func probe() -> ShapeProbe<Scalar> {
    let targets = targets
    return ShapeProbe(inputs: inputs) { rows in
      targets.rows(at: rows).withUnsafeElements { $0.map { $0 > 0.5 } }
    }
  }
}
