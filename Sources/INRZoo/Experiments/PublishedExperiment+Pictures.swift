extension PublishedExperiment {
  /// The experiments on pictures, by publication.
  public static let pictures = inductiveGradientAdjustment + fourierReparameterization + finer

  // MARK: K. Shi et al., ICML 2025

  /// Kodak pictures 1 to 8 of 768 x 512 pixels, networks of four weight matrices.
  private static let inductiveGradientAdjustment: [PublishedExperiment] = {
    func recipe(_ model: ModelKind, _ adjuster: AdjusterKind) -> Recipe {
      Recipe(
        .picture(.unit), ModelRecipe(model, width: 256, hiddenLayers: 2), adjusters: [adjuster],
        group: 32,
        training: TrainingRecipe(
          learningRate: 1e-3, schedule: .once(at: 3000, factor: 0.1), steps: 10_000, seed: 4096))
    }
    func experiment(
      _ name: String, _ model: (kind: ModelKind, about: String), _ adjuster: String,
      _ paper: Recipe, released: Recipe? = nil
    ) -> PublishedExperiment {
      PublishedExperiment(
        name, "\(model.about), \(adjuster)",
        source: "K. Shi et al., ICML 2025, table 1 and appendix G; Kodak pictures 1 to 8", paper,
        released: released)
    }
    typealias Model = (kind: ModelKind, about: String)
    let relu: Model = (.relu, "rectified linear units")
    let pe: Model = (.pe, "positional encoding")
    let siren: Model = (.siren, "SIREN")
    let finer: Model = (.finer, "FINER")
    let gauss: Model = (.gaussFiner, "Gauss with FINER's sines")
    let wire: Model = (.realWireFiner, "WIRE with FINER's sines")

    func plain(_ name: String, _ model: Model) -> PublishedExperiment {
      experiment("plain-\(name)", model, "plain training", recipe(model.kind, .none))
    }
    func adjusted(
      _ name: String, _ model: Model, rate: Double = 1e-3, end: Int = 20,
      released change: (inout Recipe) -> Void = { _ in }
    ) -> PublishedExperiment {
      let paper = recipe(model.kind, .iga).with {
        $0.training.learningRate = rate
        $0.settings.end = end
        $0.settings.damping = .none
      }
      return experiment(
        "iga-\(name)", model, "IGA", paper,
        released: paper.with {
          // The released script sums gradients over the offsets of all groups' largest residuals.
          $0.settings.sampling = .aggregate
          change(&$0)
        })
    }
    func reparameterized(
      _ name: String, _ model: Model, releasedRate: Double? = nil
    ) -> PublishedExperiment {
      let paper = recipe(model.kind, .fr).with {
        $0.settings.fourier.amplitude = model.kind.fourierAmplitude
      }
      return experiment(
        "fr-\(name)", model, "Fourier reparameterization", paper,
        released: releasedRate.map { rate in paper.with { $0.training.learningRate = rate } })
    }
    func normalized(
      _ name: String, _ model: Model, releasedRate: Double? = nil
    ) -> PublishedExperiment {
      let paper = recipe(model.kind, .bn).with {
        $0.settings.normalization.placement = model.kind.normalizationPlacement
      }
      return experiment(
        "bn-\(name)", model, "batch normalization", paper,
        released: releasedRate.map { rate in paper.with { $0.training.learningRate = rate } })
    }
    return [
      plain("relu", relu), plain("pe", pe), plain("siren", siren), plain("finer", finer),
      plain("gauss", gauss), plain("wire", wire),
      adjusted("relu", relu, rate: 5e-3, end: 25),
      adjusted("pe", pe, rate: 5e-3) { $0.training.learningRate = 1e-3 },
      adjusted("siren", siren), adjusted("finer", finer) { $0.settings.end = 15 },
      adjusted("gauss", gauss), adjusted("wire", wire),
      reparameterized("relu", relu, releasedRate: 5e-3), reparameterized("pe", pe),
      reparameterized("siren", siren),
      normalized("relu", relu), normalized("pe", pe, releasedRate: 3e-3),
    ]
  }()

  // MARK: K. Shi et al., CVPR 2024

  /// Kodak picture 5, networks of five weight matrices.
  private static let fourierReparameterization: [PublishedExperiment] = [
    (ModelKind.relu, "rectified linear units", 0.05), (.siren, "SIREN", 0.01),
  ].map { kind, about, amplitude in
    PublishedExperiment(
      "fr-inr-\(kind.rawValue)", "\(about), Fourier reparameterization, five weight matrices",
      source: "K. Shi et al., CVPR 2024, released script for pictures; Kodak picture 5",
      Recipe(
        .picture(.unit), ModelRecipe(kind, width: 256, hiddenLayers: 3), adjusters: [.fr],
        training: TrainingRecipe(
          learningRate: 1e-4, schedule: .once(at: 3000, factor: 0.1), steps: 10_000)
      ).with { $0.settings.fourier.amplitude = amplitude })
  }

  // MARK: Z. Liu et al., CVPR 2024

  /// Pictures of 512 x 512 pixels, networks of five weight matrices.
  ///
  /// Pixels are mapped to [-1, 1], but for the network with positional encoding.
  private static let finer: [PublishedExperiment] = [
    (ModelKind.finer, "FINER", 5e-4), (.siren, "SIREN", 5e-4), (.wire, "WIRE", 5e-3),
    (.gauss, "Gauss", 5e-3), (.pe, "positional encoding", 1e-3),
  ].map { kind, about, rate in
    PublishedExperiment(
      "\(kind.rawValue)-div2k", "\(about), five weight matrices",
      source: """
        Z. Liu et al., CVPR 2024, natural pictures of 512 x 512 pixels from DIV2K, and pictures of text of \
        that size
        """,
      Recipe(
        .picture(kind == .pe ? .unit : .symmetric), ModelRecipe(kind, width: 256, hiddenLayers: 3),
        adjusters: [.none],
        training: TrainingRecipe(
          learningRate: rate, schedule: .exponential(factor: 0.1, every: 5000), steps: 5000,
          seed: 3407)
      ).with { recipe in
        if kind == .pe { recipe.model.convention = .radians }
        // Stated, whatever the defaults become.
        for constant in [ModelKind.Constant.omega, .scale] {
          recipe.model.constants[constant] = kind[constant]
        }
      })
  }
}

extension Recipe {
  /// What a picture is fitted with unless a publication says otherwise.
  public static let picture = Recipe(
    .picture(.unit), ModelRecipe(.siren), adjusters: [.none, .iga, .bands], group: 32,
    training: TrainingRecipe(learningRate: 1e-3, steps: 1000))

  /// What fitted photographs of 768 x 512 pixels best in half a minute, of all that was measured, made for a picture of
  /// any size: a small network on a hash grid, which learns from one pixel of each block at a time.
  ///
  /// Blocks are as large as leave about ``quickRowCount`` pixels to a step. With more there are fewer steps, and with
  /// fewer each pixel takes longer.
  ///
  /// - Parameters:
  ///   - height: The picture's number of rows of pixels.
  ///   - width: Its number of columns.
  public static func quick(height: Int, width: Int) -> Recipe {
    let pixels = Double(height * width)
    let side = Int((pixels / Double(quickRowCount)).squareRoot().rounded())
    let largest = min(height, width) / 2
    return Recipe.picture.with {
      $0.model = ModelRecipe(.hashGrid, width: 64, hiddenLayers: 1)
      // Equalized bands, which SIREN gains by, gave hash grids nothing in equal times.
      $0.adjusters = [AdjusterChoice(.none)]
      $0.batch = min(side, largest) > 1 ? .blocks(side: min(side, largest)) : .all
      $0.training.learningRate = 1e-2
      $0.training.schedule = .wholeCosine
    }
  }

  /// About how many pixels a step of ``quick(height:width:)`` learns from.
  public static let quickRowCount = 6144

  /// What the embedded picture is fitted with, for as many steps as take about two minutes.
  public static let demonstration = picture.with {
    $0.group = 8
    $0.training.steps = 300
  }
}
