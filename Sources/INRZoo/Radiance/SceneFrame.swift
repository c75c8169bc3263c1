import AutoDiff
import Foundation
import TensorKit

/// What weight files note about a radiance field: its recipe, and the scene and the cameras that it was fitted to.
///
/// With it a field can be rendered without the pictures:
///
/// ```swift
/// let frame = SceneFrame(of: scene, recipe)
/// try frame.write(renderer, to: "lego.safetensors")
/// let (frame, renderer): (_, any RayRenderer<Float>) = try SceneFrame.read(from: "lego.safetensors")
/// ```
public struct SceneFrame: Codable, Hashable, Sendable {
  /// The name under which files note it.
  public static let metadataName = "scene"

  /// The field, with nothing left open.
  public let recipe: SceneRecipe
  /// Where the scene begins, as a distance from a camera.
  public let near: Double
  /// Where it ends.
  public let far: Double
  /// The number of pixels in a row of the first picture.
  public let width: Int
  /// The number of its rows.
  public let height: Int
  /// Its focal length in pixels.
  public let focalLength: Double
  /// The mean distance of the cameras from the middle of the box.
  public let distance: Double
  private let lower: [Double]
  private let upper: [Double]

  /// The frame of a scene that a field of a recipe is fitted to.
  ///
  /// - Throws: What the workers throw.
  public init(
    of scene: PosedScene, _ recipe: SceneRecipe, workers: Workers = Workers()
  ) throws {
    self.recipe = try recipe.spelledOut(for: scene, workers: workers)
    (near, far) = (scene.near, scene.far)
    let camera = scene.training[0].camera
    (width, height, focalLength) = (camera.width, camera.height, camera.focalLength)
    let center = scene.box.center
    let distances = scene.training.map { length($0.camera.pose.position - center) }
    distance = distances.reduce(0, +) / Double(distances.count)
    lower = (0..<3).map { scene.box.lower[$0] }
    upper = (0..<3).map { scene.box.upper[$0] }
  }

  /// The box that contains the scene.
  public var box: BoundingBox {
    BoundingBox(
      lower: SIMD3(lower[0], lower[1], lower[2]), upper: SIMD3(upper[0], upper[1], upper[2]))
  }

  /// A camera as those of the pictures, elsewhere.
  public func camera(_ pose: CameraPose) -> Camera {
    Camera(width: width, height: height, focalLength: focalLength, pose: pose)
  }

  // MARK: - Files

  /// Writes all that a renderer has learned to a `.safetensors` file, whole or not at all.
  ///
  /// Parameters have their own names, and which cells of space they are of is beside them.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func write<Scalar: TensorScalar>(
    _ renderer: some RayRenderer<Scalar>, to path: String
  ) throws {
    var file = try renderer.savedState().file
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    file.metadata[Self.metadataName] = String(decoding: try encoder.encode(self), as: UTF8.self)
    try file.write(to: path)
  }

  /// Reads a renderer, with the frame that it was fitted in.
  ///
  /// - Throws: `FileError` if the file cannot be read, is not one of a field, or is of another precision.
  public static func read<Scalar: TensorScalar>(
    from path: String, as type: Scalar.Type = Scalar.self
  ) throws -> (frame: SceneFrame, renderer: any RayRenderer<Scalar>) {
    let file = try SafeTensorsFile(contentsOf: path)
    guard let text = file.metadata[metadataName],
      let frame = try? JSONDecoder().decode(SceneFrame.self, from: Data(text.utf8)), frame.isValid
    else {
      throw FileError(
        .malformed, path: path, reason: "its metadata does not say of which radiance field it is")
    }
    do {
      return (frame, try frame.restored(try SavedState(file), type))
    } catch let error as StateError {
      throw FileError(
        .malformed, path: path,
        reason: "it does not hold the field that it notes: \(error.description.dropLast())")
    }
  }

  private func restored<Scalar: TensorScalar>(
    _ state: SavedState, _: Scalar.Type
  ) throws -> any RayRenderer<Scalar> {
    // Cells and tables are those of the state; what they are made from matters no more than its size.
    let middle = box.center
    let camera = Camera(
      width: 1, height: 1, focalLength: 1,
      pose: .looking(at: middle, from: middle + box.size))
    let view = SceneView(
      name: "", picture: Picture(Tensor<Double>(zeros: [1, 1, 3])), camera: camera)
    let scene = PosedScene(training: [view], test: [], near: near, far: far, box: box)
    var generator = SeededGenerator(seed: 0)
    var renderer: any RayRenderer<Scalar> = try recipe.renderer(
      of: scene, using: &generator, workers: Workers(threads: 1))
    try renderer.restore(from: state)
    return renderer
  }

  /// Whether a field can be made of what a file said.
  private var isValid: Bool {
    let corners = lower + upper
    guard lower.count == 3, upper.count == 3, corners.allSatisfy(\.isFinite),
      zip(lower, upper).allSatisfy({ $0 < $1 }), near >= 0, near < far, far.isFinite,
      (1...(1 << 16)).contains(width), (1...(1 << 16)).contains(height), focalLength > 0,
      focalLength.isFinite, distance > 0, distance.isFinite
    else { return false }
    return recipe.hasUsualSizes
  }
}

extension SceneRecipe {
  /// The same field with nothing left to the scene.
  ///
  /// - Throws: What the workers throw.
  public func spelledOut(
    for scene: PosedScene, workers: Workers = Workers()
  ) throws -> SceneRecipe {
    var copy = self
    let bounds =
      field == .nerf
      ? try bounds(of: scene, workers: workers) : (near: scene.near, far: scene.far)
    copy.near = near ?? bounds.near
    copy.far = far ?? bounds.far
    copy.hash = hash(for: scene)
    copy.marching.stepsPerSide = stepsPerSide(for: scene)
    return copy
  }

  /// Whether sizes are such as fields have, so that a file cannot ask for more than any machine has.
  var hasUsualSizes: Bool {
    let grids = hash.map { grid in
      (1...64).contains(grid.levels) && (1...64).contains(grid.features)
        && (3...24).contains(grid.log2RowsPerLevel) && (2...4096).contains(grid.coarsestResolution)
        && (1...16).contains(grid.growth)
        && Double(grid.coarsestResolution)
          * grid.growth.raised(to: Double(grid.levels - 1)) <= 16_777_216
    }
    let steps = [voxels.step, dense.step, marching.stepsPerSide ?? 1]
    return (1...100).contains(network.depth) && (2...8192).contains(network.width)
      && (network.skip.map { $0 >= 0 && $0 < network.depth - 1 } ?? true)
      && (0...30).contains(network.pointFrequencies)
      && (0...30).contains(network.directionFrequencies)
      && (3...65_536).contains(sampling.coarse) && (0...65_536).contains(sampling.fine)
      && (0...3).contains(voxels.degree) && !voxels.perSide.isEmpty
      && voxels.perSide.allSatisfy { $0 >= 1 && $0 <= 1024 }
      && (1...256).contains(dense.channels) && (1...8192).contains(dense.width)
      && (0...16).contains(dense.doublings.count)
      && (1...(1 << 28)).contains(dense.finalVoxels ?? 1)
      && steps.allSatisfy { $0 > 1e-6 && $0 < 1e6 } && (1...512).contains(marching.cells)
      && (grids ?? true) && (near ?? 0) >= 0 && (near ?? 0) < (far ?? .infinity)
  }
}
