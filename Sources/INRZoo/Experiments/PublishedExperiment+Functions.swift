extension PublishedExperiment {
  /// The experiments on functions of one variable.
  public static let functions = [
    circle,
    sines(
      "multisine-relu", "IGA's experiment 2: a sum of sines, rectified linear units, Adam",
      ModelRecipe(.relu, hiddenLayers: 3), [5, 10, 15, 20, 25, 30]),
    sines(
      "multisine-siren", "the same with SIREN and twice the frequencies",
      ModelRecipe(.siren, hiddenLayers: 3, constants: [.omega: 5]), [10, 20, 30, 40, 50, 60]),
    steps,
  ]

  private static let inductive = "K. Shi et al., ICML 2025, section 4.1 and the released scripts"

  /// Experiment 1 of the paper on inductive gradient adjustment.
  private static let circle = {
    var settings = AdjusterSettings()
    settings.end = 10
    settings.target = .first
    let paper = function(
      .circle, samples: 1024, followed: 4, errors: .complex,
      // Rectified linear units, the second layer fixed.
      ModelRecipe(.relu, width: 1024, hiddenLayers: 0), [.none, .ntk, .empiricalNTK, .iga],
      settings, group: 8, TrainingRecipe(.sgd, learningRate: 0.1, steps: 20_000))
    return PublishedExperiment(
      "circle", "IGA's experiment 1: sines on a circle, a two-layer network, gradient descent",
      source: inductive, paper, quick: paper.quick(samples: 256, width: 512, steps: 6000))
  }()

  /// Experiment 2 of the paper on inductive gradient adjustment.
  private static func sines(
    _ name: String, _ about: String, _ model: ModelRecipe, _ frequencies: [Double]
  ) -> PublishedExperiment {
    var settings = AdjusterSettings()
    settings.end = 7
    let paper = function(
      .sines(frequencies), samples: 2048, followed: frequencies.count, errors: .complex, model,
      [.none, .iga], settings, group: 8, TrainingRecipe(learningRate: 5e-5, steps: 25_000))
    return PublishedExperiment(
      name, about, source: inductive, paper,
      quick: paper.quick(samples: 512, width: 128, steps: 8000, learningRate: 1e-4))
  }

  /// The function of the paper on Fourier reparameterized training; the adjustment beside it is ours.
  private static let steps = {
    var settings = AdjusterSettings()
    settings.end = 7
    let paper = function(
      .steps, samples: 300, followed: 4, errors: .magnitude,
      ModelRecipe(.relu, width: 128, hiddenLayers: 3), [.none, .fr, .iga], settings, group: 4,
      TrainingRecipe(learningRate: 1e-6, steps: 10_000))
    return PublishedExperiment(
      "steps", "FR-INR's stepped function, rectified linear units, Adam",
      source: "K. Shi et al., CVPR 2024, released script for functions", paper,
      quick: paper.quick(samples: 300, width: 64, steps: 6000, learningRate: 3e-5))
  }()

  private static func function(
    _ shape: FunctionRecipe.Shape, samples: Int, followed: Int, errors: FrequencyErrors.Definition,
    _ model: ModelRecipe, _ adjusters: [AdjusterKind], _ settings: AdjusterSettings, group: Int,
    _ training: TrainingRecipe
  ) -> Recipe {
    var settings = settings
    settings.sampling = .center
    // As published, bursts are left alone.
    settings.damping = .none
    settings.fourier = FourierRecipe(
      low: 64, high: 64, phases: 16, amplitude: model.kind == .siren ? 0.01 : 0.05)
    return Recipe(
      .function(
        FunctionRecipe(shape, samples: samples, frequencyCount: followed, errors: errors)),
      model, adjusters: adjusters, settings: settings, group: group, training: training)
  }
}

extension Recipe {
  /// Fewer samples, units and steps, with a rate that goes with them.
  fileprivate func quick(
    samples: Int, width: Int, steps: Int, learningRate: Double? = nil
  ) -> Recipe {
    with {
      $0.function?.samples = samples
      $0.model.width = width
      $0.training.steps = steps
      $0.training.learningRate = learningRate ?? $0.training.learningRate
    }
  }
}
