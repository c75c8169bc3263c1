/// What is learned of a shape, and from which points in a step.
public struct ShapeRecipe: Codable, Hashable, Sendable {
  /// What a network's output stands for.
  public enum Task: String, CaseIterable, Codable, Sendable {
    /// How far a voxel is filled, from 0 to 1.
    case occupancy
    /// The signed distance to the surface, negative inside.
    case signedDistance = "sdf"
  }

  /// How signed distances are learned.
  public enum DistanceLoss: String, CaseIterable, Codable, Sendable {
    /// Squared errors of distances around the surface: ``SurfaceSamples``.
    case squared
    /// Points of the surface with their normals, and gradients of length 1: `EikonalLoss`.
    case eikonal
  }

  /// What a network's output stands for.
  public var task = Task.occupancy
  /// How voxels form groups.
  public var groups = VoxelGroups.runs(256)
  /// How many groups a step has.
  public var groupsPerStep = 512
  /// In which order a voxel's indices are a network's inputs, and whether the last slices are left out: whose
  /// program is repeated where that differs from what one would expect.
  public var fidelity = Fidelity.paper
  /// How many passes over the voxels, or over a cloud's points, are made; nil for the training's number of steps.
  public var epochs: Int?
  /// How signed distances are learned.
  public var loss = DistanceLoss.squared
  /// How many points a step has for signed distances: on and around the surface, or on it and elsewhere.
  public var pointsPerStep = 10_000

  /// A task with the published numbers of the occupancy of volumes.
  public init(_ task: Task = .occupancy) { self.task = task }
}

extension ShapeRecipe {
  /// Which index of a volume each coordinate runs along.
  public var axes: VoxelAxes { fidelity == .released ? .released : .natural }
}
