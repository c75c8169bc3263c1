import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo

/// The options of the command line.
enum Options {
  /// The adjusters that pictures can be fitted with: no model of the catalogue has a kernel in closed form.
  static let adjusters = AdjusterKind.allCases.filter { $0 != .ntk }
  private static let defaults = Recipe.picture

  private static func patch(of recipe: Recipe) -> String { recipe.group.map { "\($0)" } ?? "none" }

  static let image = Option(
    "image", .existingFile(),
    help: """
      A PNG or JPEG file. Without it, an embedded picture of \(Picture.demonstrationSize.width) x \
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

  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: nil,
    help: """
      Steps of training; \(defaults.training.steps), or \(Recipe.demonstration.training.steps) without --image, about \
      two minutes on two cores for the three adjusters of the default. With an --image and no --model, --adjuster or \
      --preset, --seconds \(NumberText.plain(chosenSeconds)) is the default instead.
      """)

  static let targetPSNR = Option(
    "target-psnr", .number(.positive, "DB"),
    help: "Ends a run as soon as all pixels together have this PSNR.")
  static let average = Option(
    "average", .number(.above(0, upTo: 1), "A"),
    help: """
      The weights at the end are their mean over the last share A of the training, as 0.1; those of the last step by \
      default.
      """)
  static let batch = RecipeOption(
    "batch", BatchRecipe.kind, \.batch, of: nil,
    help: """
      Which pixels a step learns from: all; blocks:4 (one of each block of 4 x 4, drawn anew); patches:8 (those of \
      8 patches of P x P, all patches in passes); shuffled:8192 (8192 from anywhere, all pixels in passes); \
      residuals:8192 (8192 drawn in proportion to their residuals, which are looked at now and then).
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
    ModelOptions.all + [adjuster] + adjusterSettings + BandOptions.equalization
    + [
      batch, TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule,
      steps,
      TrainingOptions.seed, pixelRange,
    ]

  /// What is chosen for a picture of the user's own unless a model, adjuster or preset is given.
  static let chosen: [any OptionDeclaration] = [
    ModelOptions.model, ModelOptions.width, ModelOptions.hiddenLayers, adjuster, batch,
    TrainingOptions.learningRate, TrainingOptions.schedule,
  ]
  /// How much time each run then takes, unless steps or another time are given.
  static let chosenSeconds = 30.0

  /// What sets the adjusters up.
  static let adjusterSettings = [patch] + AdjustmentOptions.all
  /// How networks are trained.
  static let trainingSettings: [any OptionDeclaration] = [
    batch, TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule, steps,
    TrainingOptions.seconds, targetPSNR, average, TrainingOptions.seed, TrainingOptions.threads,
    TrainingOptions.memory,
    TrainingOptions.precision,
  ]

  static let command = Command(
    "FitImage",
    summary: "Fits a coordinate network to a picture, with and without gradient adjusters.",
    discussion: [
      """
      Networks learn low frequencies first, so fitted pictures come out blurred. This program fits a \
      picture by plain training and by adjusted training from the same initial weights, and writes \
      a report that compares them.
      """,
      """
      An --image by itself is fitted in the way that gives most in half a minute: a small network on a hash grid, on \
      one pixel of each block at a time. Give --model, --adjuster or --preset to study a network instead.
      """,
    ],
    groups: [
      OptionGroup("Experiment", preset, fidelity, ConfigOptions.config),
      OptionGroup("Picture", image, downscale, pixelRange),
      OptionGroup("Model", ModelOptions.all),
      OptionGroup("Adjusters", [adjuster] + adjusterSettings),
      OptionGroup(BandOptions.group, BandOptions.all),
      OptionGroup("Training", trainingSettings),
      OptionGroup("Measures", PerceptualOptions.weights),
      OptionGroup("Files", WeightOptions.initial, WeightOptions.saved, output),
      OptionGroup("Checkpoints", CheckpointOptions.all),
      ListOptions.group,
    ],
    essential: [
      image, preset, ModelOptions.model, adjuster, batch, steps, TrainingOptions.seconds,
      TrainingOptions.learningRate, WeightOptions.saved, CheckpointOptions.resume, output,
    ],
    examples: [
      UsageExample(
        "FitImage", "Compare plain training, IGA and equalized bands on the embedded picture:"),
      UsageExample(
        "FitImage --image photo.png",
        "Fit a photograph of any size as well as half a minute allows:"),
      UsageExample(
        "FitImage --image photo.png --model siren --batch blocks:8 --seconds 60 --optimizer muon",
        "Train a SIREN for a minute on one pixel of each 8 x 8 at a time, with each adjuster:"),
      UsageExample(
        "FitImage --image kodim03.png --model siren --downscale 4 --patch 8 --steps 500 --schedule cosine:500",
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
      UsageExample(
        "FitImage --config output/summary.json --image other.png --output other",
        "Fit another picture by the recipe of an earlier run:"),
      UsageExample("FitImage --resume output", "Go on with a run that was stopped:"),
      UsageExample(
        "FitImage --list pictures.txt --model siren --seeds 3 --output table",
        "Fit every picture of a list with three seeds; given again, go on where it stopped:"),
      UsageExample(
        "mpirun -n 4 FitImage --model siren",
        "Train with four processes, to the same bits as with one:"),
    ])
}

extension BatchRecipe {
  /// How it is read from a command line.
  static let kind = ValueKind<BatchRecipe>(placeholder: "B", describe: \.rawValue) {
    text throws(ValueProblem) in
    guard let batch = BatchRecipe(rawValue: text) else {
      throw ValueProblem(
        "which names no pixels",
        remedy: "give all, blocks:4, patches:8, shuffled:8192 or residuals:8192")
    }
    return batch
  }
}

extension Picture {
  /// The size of what is fitted without `--image`: large enough that a network of the default size does not
  /// simply remember it.
  static let demonstrationSize = (height: 128, width: 192)
}
