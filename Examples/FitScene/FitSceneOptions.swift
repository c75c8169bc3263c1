import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo

/// The options of the command line.
enum Options {
  typealias Field = SceneRecipe.Field

  /// The adjusters that fields can be fitted with: those that need neither a kernel in closed form nor of all rows,
  /// nor rows on a grid, nor layers that may be normalized.
  static let adjusters = AdjusterKind.allCases.filter {
    ![.ntk, .empiricalNTK, .bn].contains($0) && !$0.needsGrid
  }
  private static let experiments = PublishedExperiment.scenes

  static let preset = Option(
    "preset",
    PresetOptions.kind(of: experiments),
    help: "A published experiment: the defaults of the other options, and the field.")
  static let fidelity = PresetOptions.fidelity()

  // MARK: The scene

  static let scene = Option(
    "scene", .existingFolder("DIR"),
    help: """
      A folder with transforms_train.json, transforms_test.json and the PNG or JPEG files that they name, as Blender's \
      synthetic scenes have it. By default the embedded scene.
      """)
  static let downscale = Option(
    "downscale", .integer(in: 1...1024, "N"), default: 1,
    help: "Averages blocks of N x N pixels; the embedded scene has 1/N of its pixels a side.")
  static let trainViews = Option(
    "train-views", TrainViews.kind,
    help: "The views to learn from: every:4 takes one of four, and 25 takes as many, evenly spread."
  )
  static let testViews = Option(
    "test-views", .integer(in: 1...1_000_000, "N"),
    help: "How many views to measure on at most, evenly spread; all by default.")
  static let near = RecipeOption(
    "near", .number(.notNegative, "D"), open: \.scene.near,
    help: "Where rays begin, as a distance from the camera; by the cameras' distance by default.")
  static let far = RecipeOption(
    "far", .number(.positive, "D"), open: \.scene.far,
    help: "Where rays end; by the cameras' distance by default.")
  static let background = RecipeOption(
    "background",
    .choice { (background: RayBackground) in
      switch background {
      case .white: "white, as in published tables"
      case .black: "black"
      case .random: "drawn anew for each ray, where pictures have alpha; shown on white"
      }
    }, \.scene.drawing.background, of: nil,
    help:
      "What is behind the scene; random where pictures have alpha, else white, and white for presets."
  )

  // MARK: The field

  static let field = Option(
    repeating: "field", .choice { (field: Field) in field.about }, default: [.grid, .nerf],
    help: "What is fitted. Given several times, fields are compared.")
  static let width = RecipeOption(
    "width", .integer(in: 2...65_536, "W"), \.scene.width, of: nil,
    where: { $0.scene.field != .grid && $0.scene.field != .ngp },
    help: "Units of each layer of the networks of nerf and voxels; 64 but for presets.")
  static let depth = RecipeOption(
    "depth", .integer(in: 1...1000, "D"), \.scene.depth, of: nil,
    where: { $0.scene.field == .nerf },
    help: "Layers before the density of nerf; 4 but for presets, which have 8.")
  static let samples = RecipeOption(
    "samples", SceneRecipe.Sampling.kind, \.scene.sampling, of: nil,
    where: { $0.scene.field == .nerf },
    help: """
      How many samples a ray of nerf has, of the coarse network and beside these of the fine one; 24+24 but for \
      presets. Other fields have as many as there are occupied voxels.
      """)
  static let kernel = RecipeOption(
    "kernel",
    .choice { (reading: RayKernelReading) in
      switch reading {
      case .ray: "the rendered colour's"
      case .point: "the network's own at each ray's heaviest sample"
      case .officialPoint: "the same as released"
      }
    }, \.scene.kernel, of: Recipe.scene(.nerf),
    where: { $0.scene.field == .nerf && $0.uses(.iga) },
    help: "Whose kernel stands for a ray, for IGA on nerf; other fields have that of the colour.")

  // MARK: Rays

  static let rays = RecipeOption(
    "rays", .integer(in: 1...10_000_000, "R"), \.scene.drawing.count, of: nil,
    help: "Rays of a step; 512 for nerf and 4096 for other fields but for presets.")
  static let rayOrder = RecipeOption(
    "ray-order",
    .choice { (order: RayDrawing.Order) in
      switch order {
      case .onePicture: "of one picture that is drawn for each step"
      case .onePictureWithRepeats: "the same, pixels may come twice"
      case .shuffled: "of all pictures, each pixel once before any comes again"
      case .uniform: "of all pictures, pixels may come twice"
      }
    }, \.scene.drawing.order, of: Recipe.scene(.grid), help: "Where a step's rays come from.")
  static let block = RecipeOption(
    "block", .integer(in: 1...64, "B"), \.scene.drawing.blockSide, of: nil,
    help: """
      Rays come in squares of B x B pixels, whose rays form a group for IGA and bands; 4 for nerf and 1 for other \
      fields but for presets. Bands of single rays are those of cells of the scene.
      """)
  static let emptyPixels = RecipeOption(
    "empty-pixels", .integer(in: 0...1_000_000, "N"), \.scene.emptyPixelStride,
    of: Recipe.scene(.grid),
    help: """
      Where pictures have alpha, one in N of the rays that meet nothing by the silhouettes is drawn; 1 for all, 0 \
      for none.
      """)

  // MARK: Training

  static let adjuster = RecipeOption(
    adjustersOf: adjusters, defaults: Recipe.scene(.nerf).adjusters,
    help: """
      How gradients are adjusted; several at once are joined by plus signs. Given several times, each is run from the \
      same weights. By default none and iga for nerf, and none for other fields.
      """)
  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: nil,
    help: "Steps of training; by default as many as take a minute or two.")
  static let seconds = Option(
    "seconds", .number(.positive, "S"),
    help: """
      How much time the steps of each run may take together, in the place of --steps. Rates and refinement follow \
      the time.
      """)

  // MARK: Results

  static let pictures = Option(
    "pictures", .integer(in: 0...10_000, "N"), default: 3,
    help: "Of how many test views pictures, errors and depths are written.")
  static let frames = Option(
    "frames", .integer(in: 0...1000, "N"), default: 8,
    help: "The number of frames of the camera path, an animated PNG; 0 for none.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, metrics and pictures. Files of an earlier run there go to its \
      folder previous.
      """)

  /// The options of adjusters that make sense for rays.
  private static let adjustment = AdjustmentOptions.all.filter { $0.name != "bn-placement" }

  /// All that stand for parts of a recipe.
  static let recipe =
    [
      near, far, background, width, depth, samples, kernel, rays, rayOrder, block, emptyPixels,
      adjuster,
    ] + adjustment + BandOptions.equalization
    + [
      TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule, steps,
      TrainingOptions.seed,
    ]

  /// Options that several programs have, with the defaults of this one.
  private static func own(_ options: [RecipeOption]) -> [RecipeOption] {
    options.map { $0.defaulting(to: .scene(.grid)) }
  }

  /// How fields are trained.
  private static let trainingSettings: [any OptionDeclaration] =
    own([TrainingOptions.optimizer, TrainingOptions.learningRate, TrainingOptions.schedule])
    + [
      steps, seconds, TrainingOptions.seed, TrainingOptions.threads, TrainingOptions.memory,
      TrainingOptions.precision,
    ]

  static let command = Command(
    "FitScene",
    summary: "Fits radiance fields to pictures of a scene, with and without gradient adjusters.",
    discussion: [
      """
      A scene is a set of pictures with their cameras. This program fits fields of densities and colours to them, \
      shows what other cameras would see, and writes a report that compares the runs. Where pictures tell how \
      opaque their pixels are, rays are drawn where their silhouettes meet.
      """
    ],
    groups: [
      OptionGroup("Experiment", preset, fidelity, ConfigOptions.config),
      OptionGroup("Scene", scene, downscale, trainViews, testViews, near, far, background),
      OptionGroup("Field", field, width, depth, samples),
      OptionGroup("Rays", rays, rayOrder, block, emptyPixels),
      OptionGroup("Adjusters", [adjuster, kernel] + own(adjustment)),
      OptionGroup(BandOptions.group, own(BandOptions.equalization)),
      OptionGroup("Training", trainingSettings),
      OptionGroup("Results", pictures, frames, PerceptualOptions.weights),
      OptionGroup("Files", WeightOptions.saved, output),
      OptionGroup("Checkpoints", CheckpointOptions.all),
    ],
    essential: [
      scene, preset, downscale, field, adjuster, steps, seconds, WeightOptions.saved,
      CheckpointOptions.resume, output,
    ],
    examples: [
      UsageExample(
        "FitScene", "Fit the embedded scene: voxels, and networks by plain training and by IGA:"),
      UsageExample(
        "FitScene --scene lego --field grid --seconds 120",
        "Fit a scene of one's own for two minutes:"),
      UsageExample(
        "FitScene --scene lego --downscale 2 --field nerf --adjuster none --adjuster bands",
        "Compare adjusters on networks:"),
      UsageExample("FitScene --resume output", "Go on with a run that was stopped:"),
    ])
}

/// Which views are learned from.
enum TrainViews: Equatable, Sendable {
  /// One in so many.
  case every(Int)
  /// So many, evenly spread.
  case count(Int)

  /// How they are read from a command line.
  static let kind = ValueKind<TrainViews>(
    placeholder: "V",
    describe: { views in
      switch views {
      case .every(let step): "every:\(step)"
      case .count(let count): "\(count)"
      }
    }
  ) { text throws(ValueProblem) in
    if text.hasPrefix("every:"), let step = Int(text.dropFirst(6)), step > 0 { return .every(step) }
    if let count = Int(text), count > 0 { return .count(count) }
    throw ValueProblem("which chooses no views", remedy: "give every:4 for one in four, or 25")
  }

  /// Those of a list.
  func chosen<Element>(of all: [Element]) -> [Element] {
    switch self {
    case .every(let step): stride(from: 0, to: all.count, by: step).map { all[$0] }
    case .count(let count) where count < all.count:
      (0..<count).map { all[$0 * all.count / count] }
    case .count: all
    }
  }
}

extension SceneRecipe.Sampling {
  /// How it is read from a command line.
  static let kind = ValueKind<SceneRecipe.Sampling>(
    placeholder: "C+F", describe: { "\($0.coarse)+\($0.fine)" }
  ) { text throws(ValueProblem) in
    let parts = text.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let coarse = parts[0],
      let fine = parts.count == 2 ? parts[1] : 0
    else { throw ValueProblem("which is no number of samples", remedy: "give them as 32+32") }
    guard (3...65_536).contains(coarse), (0...65_536).contains(fine) else {
      throw ValueProblem(
        "which is out of range", remedy: "give 3 to 65536 coarse samples and 0 to 65536 fine ones")
    }
    return SceneRecipe.Sampling(coarse: coarse, fine: fine)
  }
}

extension SceneRecipe {
  /// The number of layers before the density of `nerf`; where too few follow the skip, there is none.
  var depth: Int {
    get { network.depth }
    set {
      network.depth = newValue
      if let skip = network.skip, skip >= newValue - 1 { network.skip = nil }
    }
  }

  /// The number of units of hidden layers, of the field's own networks.
  var width: Int {
    get { field == .voxels ? dense.width : network.width }
    set { (network.width, dense.width) = (newValue, newValue) }
  }
}
