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
  /// How many voxels each axis has, or the grid on which distances are compared.
  let extents: [Int]
  /// How many points are drawn of a surface, or belong to a cloud.
  let pointCount: Int
  /// How long a unit of the surface's own proportions is in the frame of the network, for distances.
  private let scale: Double
  private let voxels: Deferred<VoxelVolume>?
  private let surface: Deferred<TriangleMesh?>
  private let points: Deferred<PointCloud>?

  /// How many points are drawn of a mesh, to take samples around.
  static let drawnPoints = 500_000
  /// The embedded shape as voxels.
  static let demonstration = try? volume(ofEmbeddedShapeWith: FitShapeSettings.demonstrationSize)

  /// The name of the option that names the file.
  var option: String { fileOption.name }
  /// The voxels along the longest side.
  var resolution: Int { extents.max() ?? 1 }
  /// The voxels to be fitted; nil for distances.
  var volume: VoxelVolume? { voxels?.value }
  /// The true surface in its own proportions; nil if there is none.
  var mesh: TriangleMesh? { surface.value }
  /// Points of the surface with normals, in the frame of the network; nil for voxels.
  var cloud: PointCloud? { points?.value }

  /// The shape that a command line asks for; what is made of its file is made later.
  init(_ values: OptionValues, _ recipe: Recipe) throws {
    let (task, loss) = (recipe.shape.task, recipe.shape.loss)
    if let file = values[Options.volume] {
      let volume = try Self.volume(file, recipe.shape.fidelity)
      self.init(
        name: file.lastPathComponent, Options.volume,
        volume: values[Options.resolution].map { volume.downsampled(toLongestSide: $0) } ?? volume)
    } else if let file = values[Options.mesh] {
      let mesh = try Self.mesh(file)
      let fingerprint = Self.fingerprint(of: mesh.vertices, UInt64(mesh.triangles.count))
      self.init(
        name: file.lastPathComponent, Options.mesh, Deferred { mesh }, fingerprint, task, loss,
        bounds: mesh.bounds ?? .symmetricUnit, resolution: values[Options.resolution] ?? 128)
    } else if let file = values[Options.points] {
      let cloud = try ExampleFailure.reading(
        Options.points, file, remedy: "give an .xyz file with a point and its normal in each line"
      ) { try PointCloud(contentsOf: $0) }
      self.init(
        name: file.lastPathComponent, cloud, loss, resolution: values[Options.resolution] ?? 128)
    } else {
      let size = values[Options.resolution] ?? FitShapeSettings.demonstrationSize
      let name = "the embedded shape"
      switch task {
      case .occupancy:
        let isUsual = size == FitShapeSettings.demonstrationSize
        let embedded =
          try isUsual ? Self.demonstration : Self.volume(ofEmbeddedShapeWith: size)
        guard let embedded else { throw ExampleFailure.software("\(name) is empty") }
        self.init(name: name, Options.volume, volume: embedded)
      case .signedDistance:
        let mesh = Deferred {
          (try? ProceduralShape.ridgedKnot.mesh(extents: [192, 192, 192]))
            ?? TriangleMesh(vertices: [], triangles: [])
        }
        self.init(
          name: name, Options.mesh, mesh, 0, task, loss, bounds: .symmetricUnit, resolution: size)
      }
    }
  }

  private static func volume(_ file: URL, _ fidelity: Fidelity) throws -> VoxelVolume {
    try ExampleFailure.reading(
      Options.volume, file, remedy: "give a .mat or .npy file with a volume of three axes"
    ) { path in
      let volume = try ShapeFile.volume(at: path)
      do {
        return try volume.cropped(fidelity == .released ? .released : .inclusive)
      } catch let error as VoxelVolumeError {
        throw FileError(.unsupported, path: path, reason: "\("\(error)".dropLast())")
      }
    }
  }

  private static func volume(ofEmbeddedShapeWith size: Int) throws -> VoxelVolume {
    do {
      return try ProceduralShape.ridgedKnot.volume(extents: [size, size, size])
        .cropped(.inclusive)
    } catch is VoxelVolumeError {
      throw ExampleFailure.usage(
        "--resolution \(size) leaves no voxel of the embedded shape; give 16 or more")
    }
  }

  private static func mesh(_ file: URL) throws -> TriangleMesh {
    try ExampleFailure.reading(
      Options.mesh, file, remedy: "give a file with a surface of triangles"
    ) { path in
      let mesh = try ShapeFile.mesh(at: path).removingUnusedVertices()
      // Of its own size, as very large and very small numbers have no squares.
      let area = mesh.fitted(in: .symmetricUnit, share: 1).area
      guard area > 0, area.isFinite else {
        throw FileError(.unsupported, path: path, reason: "its surface has no area")
      }
      return mesh
    }
  }

  private static func fingerprint(of points: [SIMD3<Double>], _ start: UInt64) -> UInt64 {
    points.reduce(start) { hash, point in
      (0..<3).reduce(hash) { ($0 ^ point[$1].bitPattern) &* 0x9E37_79B9_7F4A_7C15 }
    }
  }

  private init(name: String, _ option: Option<URL?>, volume: VoxelVolume) {
    self.name = name
    fileOption = option
    fingerprint = volume.values.fingerprint
    voxels = Deferred { volume }
    surface = Deferred { try? volume.surface(longestSide: 256) }
    points = nil
    extents = volume.extents
    pointCount = 0
    scale = 1
  }

  private init(
    name: String, _ option: Option<URL?>, _ mesh: Deferred<TriangleMesh>, _ fingerprint: UInt64,
    _ task: ShapeRecipe.Task, _ loss: ShapeRecipe.DistanceLoss, bounds: BoundingBox,
    resolution: Int
  ) {
    self.name = name
    fileOption = option
    self.fingerprint = fingerprint
    let own = Deferred { mesh.value.fitted(in: .symmetricUnit, share: 1) }
    surface = Deferred { own.value }
    switch task {
    case .occupancy:
      // As many voxels along the longest side as asked for, and in proportion along the others.
      let longest = max(bounds.size.x, bounds.size.y, bounds.size.z)
      let extents = (0..<3).map { axis in
        max(2, Int((bounds.size[axis] / longest * Double(resolution - 1)).rounded()) + 1)
      }
      self.extents = extents
      voxels = Deferred {
        VoxelVolume(inside: own.value, extents: extents, box: own.value.bounds ?? .symmetricUnit)
      }
      (points, pointCount, scale) = (nil, 0, 1)
    case .signedDistance:
      let scale = loss == .squared ? 0.45 : 1
      voxels = nil
      points = Deferred {
        own.value.scaled(by: scale).sampledSurface(count: Self.drawnPoints, seed: 0)
      }
      (pointCount, self.scale) = (Self.drawnPoints, scale)
      extents = [resolution, resolution, resolution]
    }
  }

  private init(
    name: String, _ cloud: PointCloud, _ loss: ShapeRecipe.DistanceLoss, resolution: Int
  ) {
    self.name = name
    fileOption = Options.points
    let scale = loss == .squared ? 0.45 : 1
    let (center, halfSide) = cloud.frame
    points = Deferred {
      PointCloud(
        points: cloud.points.map { ($0 - center) * (scale / halfSide) }, normals: cloud.normals)
    }
    self.scale = scale
    pointCount = cloud.points.count
    fingerprint = Self.fingerprint(of: cloud.points, UInt64(cloud.points.count))
    voxels = nil
    surface = Deferred { nil }
    extents = [resolution, resolution, resolution]
  }

  /// The points in own proportions; nil for voxels.
  var ownCloud: PointCloud? {
    cloud.map { PointCloud(points: $0.points.map { $0 / scale }, normals: $0.normals) }
  }

  // MARK: - Steps

  /// How many groups a step has.
  func groupsPerStep(_ shape: ShapeRecipe) -> Int {
    guard shape.task == .signedDistance else {
      return min(shape.groupsPerStep, shape.groups.count(in: extents))
    }
    // Groups of points are halved while there are more than this in each.
    var groups = 1
    while groups * SurfaceSamples<Float>.standardGroupSize < shape.pointsPerStep { groups *= 2 }
    return groups
  }

  /// How many rows a step has at most.
  func rowsPerStep(_ shape: ShapeRecipe) -> Int {
    guard shape.task == .occupancy else { return shape.pointsPerStep }
    let all = extents.reduce(1, *)
    return max(min(groupsPerStep(shape) * shape.groups.size, all), 1)
  }

  /// How many steps make a pass over the voxels, or over as many points as the cloud has.
  func stepsPerEpoch(_ shape: ShapeRecipe) -> Int {
    guard shape.task == .occupancy else {
      let drawn = shape.loss == .squared ? shape.pointsPerStep : max(shape.pointsPerStep / 2, 1)
      return max(1, pointCount / drawn)
    }
    let groups = shape.groups.count(in: extents)
    return (groups + shape.groupsPerStep - 1) / shape.groupsPerStep
      + (shape.groups.leavesVoxels(of: extents) ? 1 : 0)
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
  ///
  /// That of voxels is every so-manieth of them: between voxels a network with high frequencies has learned nothing.
  func grid(resolution: Int) -> SampleGrid {
    guard voxels != nil else {
      let half = min(scale * 1.1, 1)
      return SampleGrid(
        extents: [resolution, resolution, resolution],
        box: BoundingBox(lower: SIMD3(repeating: -half), upper: SIMD3(repeating: half)))
    }
    let stride = voxelStride(resolution: resolution)
    var box = BoundingBox.symmetricUnit
    let counts = extents.map { ($0 - 1) / stride + 1 }
    for axis in 0..<3 { box.upper[axis] = coordinate((counts[axis] - 1) * stride, axis) }
    return SampleGrid(extents: counts, box: box)
  }

  private func voxelStride(resolution: Int) -> Int {
    max((self.resolution + resolution - 1) / resolution, 1)
  }

  /// The coordinate of a voxel along an axis, in the frame of the network.
  private func coordinate(_ index: Int, _ axis: Int) -> Double {
    extents[axis] > 1 ? 2 * Double(index) / Double(extents[axis] - 1) - 1 : -1
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
    let middle = voxels == nil ? 0 : coordinate(extents[2] / 2, 2)
    var box = whole.box
    (box.lower.z, box.upper.z) = (middle, middle)
    return SampleGrid(extents: [whole.extents[0], whole.extents[1], 1], box: box)
  }

  /// What is true in the plane through the middle, from 0 for outside to 1 for inside; nil where that is not known.
  func slice(workers: Workers) -> Tensor<Float>? {
    let grid = sliceGrid
    let (rows, columns) = (grid.extents[0], grid.extents[1])
    if let volume {
      let stride = voxelStride(resolution: min(resolution, 256))
      return Tensor(
        (0..<(rows * columns)).map { place in
          let (row, column) = (place / columns * stride, place % columns * stride)
          return Float(volume[row, column, volume.extents[2] / 2]) / 255
        }
      ).reshaped(to: [rows, columns])
    }
    return mesh.map { mesh in
      let distances = SignedDistance(of: mesh.scaled(by: scale)).values(at: grid, workers: workers)
      return Tensor(distances.map { Float(shade(ofDistance: $0)) }).reshaped(to: [rows, columns])
    }
  }

  /// How bright a signed distance is shown: a half on the surface, and more inside.
  func shade(ofDistance distance: Double) -> Double {
    min(max(0.5 - distance / (0.4 * scale), 0), 1)
  }
}

extension VoxelVolume {
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
