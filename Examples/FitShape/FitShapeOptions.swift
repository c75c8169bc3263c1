import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo

/// The options of the command line.
enum Options {
  /// The adjusters that shapes can be fitted with: those that need neither a kernel in closed form nor of all rows,
  /// nor rows on a grid.
  static let adjusters = AdjusterKind.allCases.filter {
    ![.ntk, .empiricalNTK].contains($0) && !$0.needsGrid
  }
  private static let defaults = Recipe.volume
  private static let experiments = PublishedExperiment.shapes

  static let preset = Option(
    "preset",
    PresetOptions.kind(of: experiments),
    help: "A published experiment: the defaults of the other options.")
  static let fidelity = PresetOptions.fidelity(
    """
    The released code leaves out the last slice of a volume along each axis, and takes the first two coordinates in \
    the other order.
    """)

  // MARK: What is fitted

  static let volume = Option(
    "volume", .existingFile(),
    help: "A volume of voxels to fit: a MATLAB .mat file or a NumPy .npy file of three axes.")
  static let mesh = Option(
    "mesh", .existingFile(),
    help: """
      A surface of triangles to fit, as .obj, .ply, .stl, .off, .dae or .gltf. It may have holes: inside is where the \
      winding number is above a half.
      """)
  static let points = Option(
    "points", .existingFile(),
    help: "A cloud of points with normals to fit, as .xyz; for --task sdf alone.")
  static let resolution = Option(
    "resolution", .integer(in: 8...512, "N"),
    help: """
      How many voxels the longest side has: a volume with more is averaged, and a mesh is filled with as many. By \
      default a volume is as its file has it, a mesh has 128, and the embedded shape \(FitShapeSettings.demonstrationSize).
      """)
  static let task = RecipeOption(
    "task",
    .choice { (task: ShapeRecipe.Task) in
      task == .occupancy
        ? "which voxels are inside" : "the signed distance to the surface, negative inside"
    }, \.shape.task, of: defaults, help: "What is learned of the shape.")
  static let groups = RecipeOption(
    "group", VoxelGroups.kind, \.shape.groups, of: defaults,
    where: { $0.shape.task == .occupancy },
    help: """
      How voxels form groups, for IGA and bands: blocks:8 are cubes of 8 x 8 x 8 voxels; 256 or runs:256 are runs \
      of as many in the flattened volume, as published.
      """)
  static let groupsPerStep = RecipeOption(
    "groups-per-step", .integer(in: 1...1_000_000, "G"), \.shape.groupsPerStep, of: defaults,
    where: { $0.shape.task == .occupancy },
    help: "How many groups a step has. All come once in an epoch, in an order that is drawn anew.")
  static let loss = RecipeOption(
    "loss",
    .choice { (loss: ShapeRecipe.DistanceLoss) in
      switch loss {
      case .squared: "squared errors around the surface, as in BACON and FINER"
      case .eikonal: "points with normals, and gradients of length 1, as in SIREN"
      }
    }, \.shape.loss, of: defaults, where: { $0.shape.task == .signedDistance },
    help: "How signed distances are learned.")
  static let pointsPerStep = RecipeOption(
    "points-per-step", .integer(in: 2...10_000_000, "P"), \.shape.pointsPerStep, of: defaults,
    where: { $0.shape.task == .signedDistance },
    help: "How many points a step of --task sdf has.")

  // MARK: Training

  static let adjuster = RecipeOption(
    adjustersOf: adjusters, defaults: defaults.adjusters,
    help: """
      How gradients are adjusted; several at once are joined by plus signs, as fr+iga. Given several \
      times, each is run from the same weights.
      """)
  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: nil,
    help:
      "Steps of training; \(defaults.training.steps), and those of --epochs where a preset has these."
  )
  static let epochs = RecipeOption(
    "epochs", .integer(in: 1...1_000_000, "N"), open: \.shape.epochs,
    help:
      "Passes over all voxels, or over as many points as the cloud has, in the place of --steps.")
  static let clipNorm = RecipeOption(
    "clip-norm", .number(.positive, "C"), open: \.training.clipNorm,
    help: "Gradients that are longer are shortened to this; none by default.")

  // MARK: Results

  static let measurePoints = Option(
    "measure-points", .integer(in: 100...10_000_000, "N"), default: 100_000,
    help: "How many points of each surface the distances between them are measured at.")
  static let meshResolution = Option(
    "mesh-resolution", .integer(in: 8...512, "N"),
    help: """
      How many samples the fitted surface is found from along its longest side, which are voxels where these are \
      fitted; as many as there are by default, and at most 256.
      """)
  static let meshFormat = Option(
    "mesh-format",
    .choice { (format: MeshFormat) in
      switch format {
      case .ply: "binary, with single numbers exact"
      case .obj: "text"
      case .dae: "COLLADA"
      }
    }, default: .ply, help: "The format of the learned surfaces.")
  static let up = Option(
    "up", .choice { (_: UpwardAxis) in "" }, default: .y,
    help: "The axis that points up in the report's pictures.")
  static let staleOverlap = Option(
    flag: "stale-iou",
    help: """
      Adds the IoU as the released code measures it: of predictions that were made before each update of the last \
      epoch.
      """)
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, metrics and meshes. Files of an earlier run there go to its \
      folder previous.
      """)

  static let resume = CheckpointOptions.resume(
    changing: ["steps", "threads", "memory", "checkpoint-every", "output", "save-weights"])
  static let keepBest = Option(
    flag: CheckpointOptions.keepBest.name,
    help: """
      Keeps the weights of each run's best evaluation, of the twenty or so whose IoU is in metrics.csv and that at \
      the end, as best-weights.safetensors in the output folder; without an inside to compare, those of the step \
      with the smallest loss, which is of other points at each step.
      """)

  /// All that stand for parts of a recipe.
  static let recipe =
    ModelOptions.all + [adjuster, task, groups, groupsPerStep, loss, pointsPerStep]
    + AdjustmentOptions.all + BandOptions.equalization
    + [
      TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule, steps,
      epochs, clipNorm, TrainingOptions.seed,
    ]

  /// Options that several programs have, with the defaults of this one.
  private static func own(_ options: [RecipeOption]) -> [RecipeOption] {
    options.map { option in
      option.defaulting(
        to: defaults,
        help: option.name == ModelOptions.frequencies.name
          ? "The number of frequencies of pe's encoding." : nil)
    }
  }

  /// How networks are trained.
  private static let trainingSettings: [any OptionDeclaration] =
    own([TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule])
    + [
      steps, epochs, TrainingOptions.seconds, clipNorm, TrainingOptions.seed,
      TrainingOptions.threads,
      TrainingOptions.memory, TrainingOptions.precision,
    ]

  static let command = Command(
    "FitShape",
    summary: "Fits a coordinate network to a shape in space, with and without gradient adjusters.",
    discussion: [
      """
      A shape is a volume of voxels, a mesh of triangles or a cloud of points with normals. Networks learn low \
      frequencies first, so that fitted shapes lose their ridges and folds. This program fits a shape by plain \
      training and by adjusted training from the same initial weights, finds the surfaces that were learned, and \
      writes a report that compares them.
      """
    ],
    groups: [
      OptionGroup("Experiment", preset, fidelity, ConfigOptions.config),
      OptionGroup("Shape", volume, mesh, points, resolution),
      OptionGroup("Task", task, groups, groupsPerStep, loss, pointsPerStep),
      OptionGroup("Model", own(ModelOptions.all)),
      OptionGroup("Adjusters", [adjuster] + own(AdjustmentOptions.all)),
      OptionGroup(BandOptions.group, own(BandOptions.equalization)),
      OptionGroup("Training", trainingSettings),
      OptionGroup("Results", measurePoints, meshResolution, meshFormat, up, staleOverlap),
      OptionGroup("Files", WeightOptions.initial, WeightOptions.saved, output),
      OptionGroup("Checkpoints", CheckpointOptions.every, resume, keepBest),
    ],
    essential: [
      volume, mesh, points, preset, task, ModelOptions.model, adjuster, steps, epochs,
      WeightOptions.saved, resume, output,
    ],
    examples: [
      UsageExample(
        "FitShape", "Compare plain training, IGA and equalized bands on the embedded shape:"),
      UsageExample(
        "FitShape --volume thai_statue.mat --model pe --learning-rate 2e-3 --seconds 600",
        "Fit a volume for ten minutes with each adjuster:"),
      UsageExample(
        "FitShape --mesh bunny.obj --task sdf --model finer --steps 2000",
        "Fit the signed distance of a mesh:"),
      UsageExample(
        "FitShape --preset occupancy-iga-siren --volume thai_statue.mat --resolution 128",
        "Repeat a published experiment on a smaller volume:"),
      UsageExample("FitShape --resume output", "Go on with a run that was stopped:"),
    ])
}

extension VoxelGroups {
  /// How they are read from a command line.
  static let kind = ValueKind<VoxelGroups>(placeholder: "G", describe: \.rawValue) {
    text throws(ValueProblem) in
    guard let groups = VoxelGroups(rawValue: text) else {
      throw ValueProblem(
        "which is no kind of groups",
        remedy: """
          give runs:256 for runs of 256 voxels, or blocks:8 for cubes of 8 x 8 x 8, with 2, 4, 8 or \
          \(VoxelGroups.largestSide)
          """)
    }
    return groups
  }
}

/// The formats of meshes that are written.
enum MeshFormat: String, CaseIterable, Sendable {
  case ply, obj, dae
}

/// The axes that may point up.
enum UpwardAxis: String, CaseIterable, Sendable {
  case x, y, z

  /// The axis of a rendering.
  var axis: MeshRendering.Axis {
    switch self {
    case .x: .x
    case .y: .y
    case .z: .z
    }
  }
}
