import TensorKit

/// What is learned of a scene from its pictures: the field, and the rays of a step.
public struct SceneRecipe: Codable, Hashable, Sendable {
  /// The catalogue of radiance fields.
  public enum Field: String, CaseIterable, Codable, Sendable {
    /// The package's own for processors: ``SparseVoxelField``.
    case grid
    /// Two networks, a coarse and a fine one: ``RadianceNetwork``.
    case nerf
    /// A hash grid and small networks: ``HashField``.
    case ngp
    /// Dense grids and a small network: ``VoxelField``.
    case voxels
  }

  /// The field.
  public var field: Field
  /// How the rays of a step are drawn.
  public var drawing: RayDrawing
  /// Of pixels whose rays meet nothing by the silhouettes, one in so many is drawn; 1 for all, 0 for none.
  public var emptyPixelStride = 10
  /// Where rays begin; nil for where the scene does.
  public var near: Double?
  /// Where rays end; nil for where the scene does.
  public var far: Double?
  /// The sizes of the networks of `nerf`.
  public var network = Network()
  /// How `nerf` samples rays.
  public var sampling = Sampling()
  /// Whether the last sample of a ray of `nerf` stands for all that is behind it, as published, rather than for one
  /// sample's share.
  public var closesRays = true
  /// Whose kernel stands for a ray, for `nerf`.
  public var kernel = RayKernelReading.ray
  /// How the voxels of `grid` become smaller.
  public var voxels = Voxels()
  /// The sizes of the grids of `voxels`.
  public var dense = DenseGrids()
  /// The hash grid of `ngp`; nil for one that suits the pictures.
  public var hash: HashGridSettings?
  /// How fields other than `nerf` are marched through.
  public var marching = Marching()

  /// A field with the package's own sizes.
  public init(_ field: Field) {
    self.field = field
    drawing = RayDrawing()
    drawing.background = .random
    switch field {
    case .grid, .ngp, .voxels:
      drawing.count = 4096
    case .nerf:
      drawing.count = 512
      drawing.blockSide = 4
      network = Network(depth: 4, width: 64, skip: nil)
      // Nearly transparent at first. What is opaque at first shows a grey that it takes long to leave.
      network.density = .softplus(shift: -3)
      sampling = Sampling(coarse: 24, fine: 24)
      closesRays = false
    }
  }
}

extension SceneRecipe.Field {
  /// A line of explanation.
  public var about: String {
    switch self {
    case .grid: "sparse voxels with spherical harmonics, for processors"
    case .nerf: "a coarse and a fine network (Mildenhall et al. 2020)"
    case .ngp: "a hash grid and small networks (Müller et al. 2022)"
    case .voxels: "dense grids and a small network (Sun et al. 2022)"
    }
  }

  /// Whether the field has layers from hidden units to hidden units.
  public var hasHiddenLayers: Bool { self != .grid }
}

// MARK: - Sizes

extension SceneRecipe {
  /// The sizes of a network of `nerf`; see ``RadianceNetwork/Settings``.
  public struct Network: Codable, Hashable, Sendable {
    /// The number of layers before the density.
    public var depth = 8
    /// The number of their units.
    public var width = 256
    /// The layer after which the encoded point comes once more; nil for never.
    public var skip: Int? = 4
    /// The number of frequencies of an encoded point.
    public var pointFrequencies = 10
    /// The number of frequencies of an encoded direction.
    public var directionFrequencies = 4
    /// How a raw number becomes a density; rectified as published.
    public var density = DensityActivation.rectifier

    /// The published sizes.
    public init() {}

    /// Sizes of one's own, with the published frequencies.
    public init(depth: Int, width: Int, skip: Int?) {
      self.depth = depth
      self.width = width
      self.skip = skip
    }
  }

  /// How many samples a ray of `nerf` has.
  public struct Sampling: Codable, Hashable, Sendable {
    /// Those of the coarse network.
    public var coarse = 64
    /// Those that the fine network has beside them.
    public var fine = 128

    /// The published numbers.
    public init() {}

    /// Numbers of one's own.
    public init(coarse: Int, fine: Int) {
      self.coarse = coarse
      self.fine = fine
    }
  }

  /// How the voxels of `grid` become smaller.
  public struct Voxels: Codable, Hashable, Sendable {
    /// How many voxels a side of the scene's box has at each size; none is smaller than a pixel's footprint, and the
    /// last one has its size.
    public var perSide: [Double] = [75, 150]
    /// Which share of the training comes before the sizes after the first at most; 1 for all of it, so that a short
    /// training does without the last size.
    public var shares: [Double] = [0.4, 1]
    /// How many steps come before the sizes after the first at most.
    public var steps = [400, 1200]
    /// The largest degree of the harmonics.
    public var degree = 2
    /// The length of a step, in voxels.
    public var step = 0.5

    /// The package's own sizes.
    public init() {}
  }

  /// The sizes of the grids of `voxels`.
  public struct DenseGrids: Codable, Hashable, Sendable {
    /// How many vertices there are at last; nil for as many as suit the pictures.
    public var finalVoxels: Int?
    /// After which shares of the training grids have twice as many vertices.
    public var doublings: [Double] = [0.1, 0.2, 0.3, 0.4]
    /// The number of features.
    public var channels = 12
    /// The number of units of each of the network's hidden layers.
    public var width = 64
    /// The length of a step, in voxels.
    public var step = 0.5

    /// The package's own sizes.
    public init() {}
  }

  /// How fields other than `nerf` are marched through.
  public struct Marching: Codable, Hashable, Sendable {
    /// How many steps of `ngp` a side of the scene's box has; nil for as many as suit the pictures.
    public var stepsPerSide: Double?
    /// A ray ends once no more than this share of the light is left.
    public var leastTransmittance = 1e-3
    /// Samples with no more weight than this have no colour.
    public var leastWeight = 1e-4
    /// The weight of the distortion.
    public var distortion = 0.0
    /// The weight of the entropy of the opacity.
    public var opacityEntropy = 0.0
    /// The number of cells along a side of the occupancy that silhouettes give, or that `ngp` learns.
    public var cells = 128

    /// The package's own numbers.
    public init() {}
  }
}

// MARK: - Recipes

extension Recipe {
  /// What is learned of a scene; that of `grid` where none is fitted.
  public var scene: SceneRecipe {
    get { if case .scene(let scene) = signal { scene } else { SceneRecipe(.grid) } }
    set { signal = .scene(newValue) }
  }

  /// The package's own experiment on a scene: a field with its rates, for as many steps as show what it can do.
  public static func scene(_ field: SceneRecipe.Field) -> Recipe {
    var training: TrainingRecipe
    var settings = AdjusterSettings()
    switch field {
    case .grid:
      training = TrainingRecipe(learningRate: 0.1, schedule: .falling(factor: 0.1), steps: 1000)
      training.secondDecay = 0.99
      training.rateFactors = ["colors": 0.3]
    case .nerf:
      training = TrainingRecipe(learningRate: 5e-3, schedule: .falling(factor: 0.1), steps: 3000)
      settings.fourier = .radianceFeatures
      settings.end = 5
    case .ngp:
      training = TrainingRecipe(learningRate: 1e-2, schedule: .falling(factor: 0.1), steps: 1000)
      training.secondDecay = 0.99
      training.epsilon = 1e-15
      settings.fourier = FourierRecipe(low: 32, high: 32, phases: 64, amplitude: 0.01)
    case .voxels:
      training = TrainingRecipe(learningRate: 0.1, schedule: .falling(factor: 0.1), steps: 1000)
      training.secondDecay = 0.99
      training.rateFactors = ["rgbnet": 0.01]
      settings.fourier = FourierRecipe(low: 64, high: 64, phases: 64, amplitude: 0.05)
    }
    return Recipe(
      .scene(SceneRecipe(field)), ModelRecipe(.pe),
      adjusters: field == .nerf ? [.none, .iga] : [.none], settings: settings, training: training)
  }
}

extension FourierRecipe {
  /// The layer of a radiance network that the released code reparameterizes, in both networks.
  static var radianceFeatures: FourierRecipe {
    var recipe = FourierRecipe(low: 64, high: 64, phases: 16, amplitude: 0.005)
    recipe.layers = ["coarse.feature_linear", "fine.feature_linear"]
    return recipe
  }
}
