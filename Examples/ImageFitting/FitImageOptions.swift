import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo

extension RateSchedule {
  /// How it is read from a command line.
  static let kind = ValueKind<RateSchedule>(placeholder: "S", describe: \.rawValue) {
    text throws(ValueProblem) in
    guard let schedule = RateSchedule(rawValue: text) else {
      throw ValueProblem(
        "which is not a schedule",
        remedy: "give constant, steps:3000:0.1, once:3000:0.1, exponential:0.1:5000 or cosine:1000")
    }
    return schedule
  }
}

/// The options of the command line.
enum Options {
  /// The adjusters that pictures can be fitted with: no model of the catalogue has a kernel in closed form.
  static let adjusters = AdjusterKind.allCases.filter { $0 != .ntk }
  private static let defaults = Recipe.picture

  private static func patch(of recipe: Recipe) -> String { recipe.group.map { "\($0)" } ?? "none" }

  static let image = Option(
    "image", .existingFile(),
    help: """
      A PNG file. Without it, an embedded picture of \(Picture.demonstrationSize.width) x \
      \(Picture.demonstrationSize.height) pixels is fitted.
      """)
  static let downscale = Option(
    "downscale", .integer(in: 1..., "K"), default: 1,
    help: "Averages blocks of K x K pixels first; what remains at the right and bottom is cropped.")

  static let adjuster = RecipeOption(
    adjustersOf: adjusters, defaults: defaults.adjusters,
    help: """
      How gradients are adjusted; several at once are joined by plus signs, as fr+iga. Given several \
      times, each is run from the same weights.
      """)
  static let patch = RecipeOption(
    "patch", .integer(in: 1..., "P"), open: \.group,
    help: """
      IGA's groups are patches of P x P pixels; \(patch(of: defaults)), or \(patch(of: .demonstration)) without \
      --image, and less where a picture is small.
      """)
  static let end = RecipeOption(
    "end", .integer(in: 0..., "E"), \.settings.end, where: { $0.uses(.iga) },
    help: """
      How many eigenvalues IGA equalizes; must be below the number of whole patches, and is less by default where \
      a picture is small.
      """)
  static let sampling = RecipeOption(
    "sampling",
    .choice { (sampling: GroupSampling) in
      switch sampling {
      case .largestResidual: "the largest residual (the paper's; exact)"
      case .previousLargestResidual: "the previous step's largest residual (cheaper)"
      case .center: "the middle of the patch"
      case .random: "drawn anew at each step"
      case .randomOnce: "drawn once"
      case .aggregate: "sums over many pixels, as the paper's released script does"
      }
    }, \.settings.sampling, where: { $0.uses(.iga) },
    help: "Which pixel stands for each patch in IGA's kernel.")
  static let convention = RecipeOption(
    "convention",
    .choice { (target: EqualizationTarget) in
      target == .next ? "to the next one, for Adam" : "to the first one, for gradient descent"
    }, \.settings.target, where: { $0.uses(.iga) },
    help: "Where IGA sends the equalized eigenvalues.")

  static let fourierHigh = RecipeOption(
    "fr-high", .integer(in: 0...65_536, "N"), \.settings.fourier.high, where: { $0.uses(.fr) },
    help: "FR's whole frequencies, from 1 on.")
  static let fourierLow = RecipeOption(
    "fr-low", .integer(in: 0...65_536, "N"), \.settings.fourier.low, where: { $0.uses(.fr) },
    help: "FR's frequencies up to 1: fractions with this denominator.")
  static let fourierPhases = RecipeOption(
    "fr-phases", .integer(in: 1...65_536, "N"), \.settings.fourier.phases, where: { $0.uses(.fr) },
    help: "FR's phases of each frequency.")
  static let fourierAlpha = RecipeOption(
    "fr-alpha", .number(.positive, "A"), open: \.settings.fourier.amplitude,
    where: { $0.uses(.fr) },
    help: """
      The amplitude of FR's cosines, which scales the steps of the weights; \
      \(listing(ModelKind.allCases) { $0.fourierAmplitude.map(NumberText.plain) }), else \
      \(NumberText.plain(FourierRecipe.otherAmplitude)).
      """)

  static let normalizationPlacement = RecipeOption(
    "bn-placement",
    .choice { (placement: NormalizationRecipe.Placement) in
      placement == .before ? "what enters the activation" : "what the activation gives"
    }, open: \.settings.normalization.placement, where: { $0.uses(.bn) },
    help: """
      What BN normalizes; after for relu, else before. Unless units are rectified linear, it starts as the \
      identity.
      """)

  static let optimizer = RecipeOption(
    "optimizer", .choice { (optimizer: OptimizerKind) in optimizer.about }, \.training.optimizer,
    help: "What moves the weights.")
  static let learningRate = RecipeOption(
    "learning-rate", .number(.positive, "R"), \.training.learningRate,
    help: "The learning rate at the start.")
  static let schedule = RecipeOption(
    "schedule", RateSchedule.kind, \.training.schedule,
    help: """
      How the learning rate changes: constant; steps:3000:0.1 (times 0.1 every 3000 steps); \
      once:3000:0.1 (times 0.1 at step 3000); \
      exponential:0.1:5000 (by 0.1 over every 5000 steps, smoothly); cosine:1000 (to zero over 1000 \
      steps).
      """)
  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: nil,
    help: """
      Steps of training, each on all pixels; \(defaults.training.steps), or \
      \(Recipe.demonstration.training.steps) without --image, about two minutes on two cores for the three \
      adjusters of the default.
      """)
  static let initialWeights = Option(
    "initial-weights", .existingWeights(),
    help: """
      A .safetensors file to start from, by its name with or without this ending. It must be of the same \
      model, which files of --save-weights say; others have layers.N.weight [out, in] and layers.N.bias. \
      FR saves layers.N.coefficients. FR goes on from its coefficients, and draws its own in \
      the place of the weights that it replaces; other runs start from the weights that \
      coefficients stand for. The same goes for BN and its norms.N.weight and norms.N.bias.
      """)
  static let saveWeights = Option(
    "save-weights", .weightsToWrite(),
    help: """
      Writes the final weights as .safetensors, an ending that may be left out; with several adjusters, to a file for each, as \
      FILE-iga. FR's are its coefficients, so that it can go on from them, and BN's those of its \
      normalizations too.
      """)
  static let pixelRange = RecipeOption(
    "pixel-range",
    .choice { (range: PixelRange) in
      switch range {
      case .unit: "pixels as they are, from 0 to 1"
      case .symmetric: "pixels from -1 to 1, as FINER's are; losses are still those of 0 to 1"
      }
    }, \.pixelRange,
    help: "What the network's outputs stand for.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, metrics, reconstructions and error pictures. Files of an \
      earlier run there go to its folder previous.
      """)

  /// All that stand for parts of a recipe.
  static let recipe =
    ModelOptions.all + [adjuster] + adjusterSettings + equalization
    + [optimizer, learningRate, schedule, steps, TrainingOptions.seed, pixelRange]

  /// What sets the adjusters up.
  static let adjusterSettings: [RecipeOption] = [
    patch, end, sampling, convention, damping, fourierHigh, fourierLow, fourierPhases, fourierAlpha,
    normalizationPlacement,
  ]
  /// How networks are trained.
  static let trainingSettings: [any OptionDeclaration] = [
    optimizer, learningRate, schedule, steps, TrainingOptions.seed, TrainingOptions.threads,
    TrainingOptions.memory, TrainingOptions.precision,
  ]

  static let command = Command(
    "FitImage",
    summary: "Fits a coordinate network to a picture, with and without gradient adjusters.",
    discussion: [
      """
      Networks learn low frequencies first, so fitted pictures come out blurred. This program fits a \
      picture by plain training and by adjusted training from the same initial weights, and writes \
      a report that compares them.
      """
    ],
    groups: [
      OptionGroup("Experiment", preset, fidelity),
      OptionGroup("Picture", image, downscale, pixelRange),
      OptionGroup("Model", ModelOptions.all),
      OptionGroup("Adjusters", [adjuster] + adjusterSettings),
      OptionGroup("Bands", bandSettings),
      OptionGroup("Training", trainingSettings),
      OptionGroup("Measures", perceptualWeights),
      OptionGroup("Files", initialWeights, saveWeights, output),
      OptionGroup("Checkpoints", CheckpointOptions.all),
    ],
    examples: [
      UsageExample(
        "FitImage", "Compare plain training, IGA and equalized bands on the embedded picture:"),
      UsageExample(
        "FitImage --image kodim03.png --downscale 4 --patch 8 --steps 500 --schedule cosine:500",
        "Fit a photograph of 768 x 512 pixels at a quarter of its size:"),
      UsageExample(
        "FitImage --image photo.png --adjuster iga --sampling largest-residual-previous",
        "Run IGA alone, at almost the cost of plain training:"),
      UsageExample(
        "FitImage --adjuster none --adjuster fr --adjuster fr+iga",
        "Compare Fourier reparameterization by itself and with IGA:"),
      UsageExample(
        "FitImage --preset iga-siren --image kodim03.png --adjuster none --adjuster iga",
        "Repeat a published experiment, with plain training beside it:"),
      UsageExample("FitImage --resume output", "Go on with a run that was stopped:"),
    ])
}

extension Picture {
  /// The size of what is fitted without `--image`: large enough that a network of the default size does not
  /// simply remember it.
  static let demonstrationSize = (height: 128, width: 192)
}
