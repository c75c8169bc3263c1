extension PublishedExperiment {
  /// The experiments on scenes, by publication.
  public static let scenes = networks + hashGrids + voxelGrids

  // MARK: B. Mildenhall et al., ECCV 2020; K. Shi et al., ICML 2025

  /// Blender's scenes, 400 x 400 or 800 x 800 pixels.
  private static let networks: [PublishedExperiment] = {
    var scene = SceneRecipe(.nerf)
    scene.network = SceneRecipe.Network()
    scene.sampling = SceneRecipe.Sampling()
    scene.closesRays = true
    scene.drawing.count = 1024
    scene.drawing.blockSide = 1
    scene.drawing.order = .onePicture
    scene.drawing.position = .corner
    scene.drawing.background = .white
    scene.drawing.croppedSteps = 500
    scene.emptyPixelStride = 1
    let plain = Recipe(
      .scene(scene), ModelRecipe(.pe), adjusters: [.none],
      training: TrainingRecipe(
        learningRate: 5e-4, schedule: .exponential(factor: 0.1, every: 500_000), steps: 200_000)
    ).with { $0.settings.damping = .none }
    let adjusted = plain.with {
      $0.adjusters = [AdjusterChoice(.iga)]
      $0.settings.end = 25
      $0.scene.kernel = .point
      $0.training.seed = 4096
    }
    let reparameterized = plain.with {
      $0.adjusters = [AdjusterChoice(.fr)]
      $0.settings.fourier = .radianceFeatures
      $0.training.seed = 4096
    }
    // The released program sets the rate to 5e-5 after its first step, with and without adjustment.
    func released(_ recipe: Recipe, _ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
      recipe.with {
        $0.training.schedule = .once(at: 1, factor: 0.1)
        $0.training.seed = 4096
        change(&$0)
      }
    }
    let source = "K. Shi et al., ICML 2025, table 14 and appendix J; Blender's scenes"
    return [
      PublishedExperiment(
        "nerf", "two networks of 8 x 256 units, plain training",
        source: "B. Mildenhall et al., ECCV 2020, section 5.3; Blender's scenes", plain,
        released: released(plain)),
      PublishedExperiment(
        "nerf-iga", "the same, IGA by the kernel of the network's outputs", source: source,
        adjusted,
        released: released(adjusted) {
          // That of the scene lego.
          $0.settings.end = 5
          $0.scene.kernel = .officialPoint
          $0.scene.drawing.croppedSteps = 0
        }),
      PublishedExperiment(
        "nerf-fr", "the same, Fourier reparameterization of the feature layer", source: source,
        reparameterized, released: released(reparameterized)),
    ]
  }()

  // MARK: T. Müller et al., SIGGRAPH 2022; K. Shi et al., CVPR 2024

  /// As in ngp_pl, the program that Fourier reparameterization was published in.
  private static let hashGrids: [PublishedExperiment] = {
    var scene = SceneRecipe(.ngp)
    scene.hash = .ngpPyTorch
    scene.drawing.count = 8192
    scene.drawing.order = .uniform
    scene.drawing.isNormalized = true
    scene.drawing.background = .white
    scene.emptyPixelStride = 1
    scene.marching.stepsPerSide = 1024 / 3.0.squareRoot()
    scene.marching.leastTransmittance = 1e-4
    scene.marching.leastWeight = 0
    scene.marching.opacityEntropy = 1e-3
    let plain = Recipe(
      .scene(scene), ModelRecipe(.pe), adjusters: [.none],
      training: TrainingRecipe(
        learningRate: 1e-2, schedule: .cosine(total: 20_000, factor: 1 / 30.0), steps: 20_000)
    ).with {
      $0.training.epsilon = 1e-15
      $0.settings.damping = .none
    }
    let fourier = plain.with {
      $0.adjusters = [AdjusterChoice(.fr)]
      $0.settings.fourier = FourierRecipe(low: 32, high: 32, phases: 64, amplitude: 0.01)
      $0.training.steps = 110_000
      $0.training.schedule = .cosine(total: 110_000, factor: 1 / 30.0)
    }
    return [
      PublishedExperiment(
        "ngp", "a hash grid of 16 levels, plain training, as in ngp_pl",
        source: "T. Müller et al., SIGGRAPH 2022, with the numbers of ngp_pl; Blender's scenes",
        plain),
      PublishedExperiment(
        "ngp-fr", "the same, Fourier reparameterization of the colours' hidden layer",
        source: "K. Shi, X. Zhou and S. Gu, CVPR 2024; Blender's scenes", fourier),
    ]
  }()

  // MARK: C. Sun et al., CVPR 2022; K. Shi et al., CVPR 2024

  /// The fine stage.
  ///
  /// Silhouettes stand for the coarse one, and the two small side losses are left out.
  private static let voxelGrids: [PublishedExperiment] = {
    var scene = SceneRecipe(.voxels)
    scene.dense.finalVoxels = 160 * 160 * 160
    scene.dense.width = 128
    scene.dense.doublings = [0.05, 0.1, 0.15, 0.2]
    scene.drawing.count = 8192
    scene.drawing.isNormalized = true
    scene.drawing.background = .white
    scene.emptyPixelStride = 0
    let plain = Recipe(
      .scene(scene), ModelRecipe(.pe), adjusters: [.none],
      training: TrainingRecipe(
        learningRate: 0.1, schedule: .exponential(factor: 0.1, every: 20_000), steps: 20_000)
    ).with {
      $0.training.secondDecay = 0.99
      $0.training.rateFactors = ["rgbnet": 0.01]
      $0.training.zeroGradientsSkipped = ["density.grid", "k0.grid"]
      $0.settings.damping = .none
    }
    let fourier = plain.with {
      $0.adjusters = [AdjusterChoice(.fr)]
      $0.settings.fourier = FourierRecipe(low: 64, high: 64, phases: 64, amplitude: 0.05)
      $0.training.steps = 25_000
      $0.scene.dense.doublings = [0.04, 0.08, 0.12, 0.16]
    }
    let left = "its fine stage within the silhouettes, without the entropy and the points' loss"
    return [
      PublishedExperiment(
        "dvgo", "grids of 160 x 160 x 160 voxels, \(left)",
        source: "C. Sun, M. Sun and H.-T. Chen, CVPR 2022; Blender's scenes", plain),
      PublishedExperiment(
        "dvgo-fr", "the same, Fourier reparameterization of the colours' hidden layer",
        source: "K. Shi, X. Zhou and S. Gu, CVPR 2024; Blender's scenes", fourier),
    ]
  }()
}
