extension PublishedExperiment {
  /// The experiments on shapes, by publication.
  public static let shapes = occupancy + signedDistances + eikonal

  private typealias Model = (kind: ModelKind, about: String)
  private static let relu: Model = (.relu, "rectified linear units")
  private static let encoded: Model = (.pe, "positional encoding")
  private static let siren: Model = (.siren, "SIREN")

  // MARK: K. Shi et al., ICML 2025

  /// Volumes of 512³ voxels, networks of four weight matrices.
  private static let occupancy: [PublishedExperiment] = {
    func recipe(_ model: ModelKind, _ adjuster: AdjusterKind, rate: Double) -> Recipe {
      var shape = ShapeRecipe()
      shape.epochs = 200
      return Recipe(
        .shape(shape), ModelRecipe(model, width: 256, hiddenLayers: 2), adjusters: [adjuster],
        training: TrainingRecipe(
          learningRate: rate, schedule: .epochs(factor: 0.1, every: 200), steps: 1)
      ).with {
        $0.model.constants[.frequencies] = 10
        $0.settings.damping = .none
      }
    }
    func experiment(
      _ name: String, _ model: Model, _ adjuster: String, _ paper: Recipe,
      released change: (inout Recipe) -> Void = { _ in }
    ) -> PublishedExperiment {
      PublishedExperiment(
        "occupancy-\(name)", "\(model.about), \(adjuster)",
        source:
          "K. Shi et al., ICML 2025, table 2 and appendix H; volumes of 512 x 512 x 512 voxels",
        paper,
        released: paper.with {
          $0.shape.fidelity = .released
          change(&$0)
        })
    }
    func rate(_ model: Model) -> Double { model.kind == .siren ? 5e-4 : 2e-3 }

    let plain = [relu, encoded, siren].map { model in
      experiment(
        model.kind.rawValue, model, "plain training", recipe(model.kind, .none, rate: rate(model)))
    }
    let adjusted = [(relu, 7, 7), (encoded, 7, 6), (siren, 14, 13)].map { model, end, released in
      experiment(
        "iga-\(model.kind.rawValue)", model, "IGA",
        recipe(model.kind, .iga, rate: rate(model)).with { $0.settings.end = end }
      ) {
        // Tuned for each volume; these are for the Thai statue.
        $0.settings.end = released
        $0.settings.sampling = .center
        if model.kind == .relu { $0.training.learningRate = 5e-3 }
      }
    }
    let reparameterized = [relu, encoded, siren].map { model in
      experiment(
        "fr-\(model.kind.rawValue)", model, "Fourier reparameterization",
        recipe(model.kind, .fr, rate: rate(model)).with {
          $0.settings.fourier = FourierRecipe(
            low: 256, high: 256, phases: 8, amplitude: model.kind == .siren ? 0.001 : 0.01)
        })
    }
    let normalized = [relu, encoded].map { model in
      experiment(
        "bn-\(model.kind.rawValue)", model, "batch normalization",
        recipe(model.kind, .bn, rate: rate(model)).with {
          $0.settings.normalization.placement = model.kind.normalizationPlacement
        }
      ) {
        $0.training.learningRate = 5e-3
        $0.shape.groups = .runs(2)
        $0.shape.groupsPerStep = 100_000
      }
    }
    return plain + adjusted + reparameterized + normalized
  }()

  // MARK: Z. Liu et al., CVPR 2024

  /// Signed distances around point clouds, networks of four weight matrices.
  private static let signedDistances: [PublishedExperiment] = [
    (ModelKind.finer, "FINER"), (.siren, "SIREN"), (.wire, "WIRE"), (.gauss, "Gauss"),
    (.pe, "positional encoding"),
  ].map { kind, about in
    // The rate falls to 1e-4 evenly in its logarithm, from where it mostly is already.
    let rate = kind == .pe ? 5e-4 : 1e-4
    return PublishedExperiment(
      "sdf-\(kind.rawValue)", "signed distances, \(about)",
      source: "Z. Liu et al., CVPR 2024, clouds of points of four statues; the setup of BACON",
      Recipe(
        .shape(ShapeRecipe(.signedDistance)), ModelRecipe(kind, width: 256, hiddenLayers: 2),
        adjusters: [.none],
        training: TrainingRecipe(
          kind == .wire ? .adam : .amsgrad, learningRate: rate,
          schedule: kind == .pe ? .exponential(factor: 0.2, every: 200_000) : .constant,
          steps: 200_000)
      ).with { recipe in
        recipe.training.clipNorm = 1
        if kind == .pe { recipe.model.convention = .radians }
        if kind == .finer { recipe.model.constants[.firstBias] = 1 }
        // Stated, whatever the defaults become.
        for constant in [ModelKind.Constant.omega, .scale] {
          recipe.model.constants[constant] = kind[constant]
        }
      })
  }

  // MARK: V. Sitzmann et al., NeurIPS 2020

  /// Signed distances from oriented points.
  private static let eikonal = [
    PublishedExperiment(
      "sdf-siren-eikonal", "signed distances from points with normals, SIREN, the eikonal loss",
      source:
        "V. Sitzmann et al., NeurIPS 2020, section 4.2, with the weights of the released code",
      Recipe(
        .shape(ShapeRecipe(.signedDistance)),
        ModelRecipe(.siren, width: 256, hiddenLayers: 3, constants: [.omega: 30]),
        adjusters: [.none], training: TrainingRecipe(learningRate: 1e-4, steps: 1)
      ).with {
        $0.shape.loss = .eikonal
        $0.shape.pointsPerStep = 2800
        $0.shape.epochs = 10_000
        $0.training.clipNorm = 1
      })
  ]
}

extension Recipe {
  /// What a shape is fitted with unless a publication says otherwise.
  public static let volume = Recipe(
    .shape(ShapeRecipe()), ModelRecipe(.siren, constants: [.frequencies: 10]),
    adjusters: [.none, .iga, .bands],
    training: TrainingRecipe(learningRate: 1e-3, schedule: .cosine(total: 300), steps: 300)
  ).with {
    $0.settings.end = 14
    $0.settings.sampling = .center
    $0.shape.groups = .blocks(8)
    $0.shape.groupsPerStep = 32
  }
}
