import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// The options of the command line.
enum Options {
  /// What all networks have in common, but for what options change.
  static let defaults = {
    var recipe = Recipe.picture
    (recipe.settings.end, recipe.training.steps, recipe.training.seed) = (7, 200, 0)
    return recipe
  }()

  static let model = Option(
    repeating: "model", .choice { (model: ModelKind) in model.about },
    default: [.relu, .siren, .finer, .gauss],
    help: "A network to look into; given several times, they are compared.")
  /// A kernel of doubles of 32 MiB.
  static let mostSamples = 2048
  static let samples = Option(
    "samples", .integer(in: 16...mostSamples, "N"), default: 256,
    help: "Evenly spaced points from -1 to 1, where the kernel is taken.")
  static let target = Option(
    repeating: "frequency", .number(.positive, "K"), default: [1, 2, 4, 8, 16],
    help: """
      A frequency of the function to be learned, a sum of sines, in cycles for each unit; of the defaults \
      those that the points tell from others.
      """)
  static let end = RecipeOption(
    "end", .integer(in: 0..., "E"), \.settings.end, of: defaults,
    help: """
      How many eigenvalues the adjusters equalize whose filters are shown; less by default where groups are few.
      """)
  static let group = Option(
    "group", .integer(in: 1..., "P"), default: 8,
    help: "IGA's groups are intervals of P points; less by default where points are few.")
  static let grid = Option(
    "grid", .integer(in: 8...64, "N"), default: 24,
    help: "Pixels along each side of the picture over which eigenvectors are shown as pictures.")
  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: defaults,
    help: """
      Steps of gradient descent, in which the predicted decay is compared with the measured one, and of \
      Adam on the picture, before and after which the first layer is shown.
      """)
  static let seed = RecipeOption(
    "seed", .integer(in: 0..., "S"), \.training.seed, of: defaults,
    help: "Seeds the initial weights and the bands' probes.")
  static let quick = Option(
    flag: "quick",
    help: """
      Fewer points, pixels and steps, unless they are given: \(Quick.samples), \(Quick.grid) x \(Quick.grid) and \
      \(Quick.steps); some seconds for each network.
      """)
  /// What --quick takes in the place of the defaults.
  enum Quick {
    static let samples = 64
    static let grid = 12
    static let steps = 50
  }
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, each plot as .svg or .png and its numbers as .csv, .npy or \
      .npz. Files of an earlier run there go to its folder previous.
      """)

  static let resume = CheckpointOptions.resume(changing: ["steps", "checkpoint-every", "output"])

  /// All that stand for parts of a recipe.
  static let recipe = ModelOptions.constants + [end, steps, seed]

  static let command = Command(
    "InspectKernel",
    summary: "Shows what networks find easy to learn: their kernels, eigenvectors and neurons.",
    discussion: [
      """
      Near its initial weights a network learns each eigenvector of its empirical neural tangent kernel at \
      a rate that is the eigenvalue. This program takes the kernel of each network on points of a line and \
      shows it, with its spectrum, its first eigenvectors and their frequencies, the decay that it predicts \
      and that a short training has, what adjusters make of each frequency, and, over a small picture, \
      eigenvectors and the network's units before and after training.
      """
    ],
    groups: [
      OptionGroup("Models", [model] + ModelOptions.constants as [any OptionDeclaration]),
      OptionGroup("Kernel", samples, target, end, group, grid, quick),
      OptionGroup("Training", steps, seed),
      OptionGroup("Files", output),
      OptionGroup("Checkpoints", CheckpointOptions.every, resume),
    ],
    essential: [model, quick, samples, steps, resume, output],
    examples: [
      UsageExample("InspectKernel --quick", "Compare four networks in some seconds:"),
      UsageExample("InspectKernel", "Compare them in all detail:"),
      UsageExample(
        "InspectKernel --model finer --first-bias-scale 10 --samples 512",
        "See what wide first biases do to FINER's kernel:"),
    ])
}

/// What the command line asks for, checked before any work.
struct InspectionSettings: Experiment {
  let values: OptionValues
  /// What all networks have in common.
  let recipe: Recipe
  let models: [ModelKind]
  let folder: OutputFolder
  let chosen: [any OptionDeclaration]
  let options = Options.recipe
  let contents: [String: UInt64] = [:]
  /// The number of points of the line.
  let samples: Int
  /// Pixels along each side of the picture.
  let side: Int
  /// The size of IGA's groups.
  let group: Int
  /// The function to be learned, and where the kernel is taken.
  let signal: FunctionSignal<Double>

  init(_ values: OptionValues) throws {
    self.values = values
    models = values[Options.model]
    folder = OutputFolder(values[Options.output])
    var recipe = Options.defaults
    let isQuick = values[Options.quick]
    if isQuick { recipe.training.steps = Options.Quick.steps }
    recipe.apply(Options.recipe, of: values)
    samples =
      isQuick && !values.gives(Options.samples) ? Options.Quick.samples : values[Options.samples]
    side = isQuick && !values.gives(Options.grid) ? Options.Quick.grid : values[Options.grid]
    let (samples, size, end) = (samples, values[Options.group], recipe.settings.end)
    let groups = GroupChoice(
      size: size, isSizeOpen: !values.gives(Options.group),
      end: end, isEndOpen: !values.gives(Options.end)
    ) { samples / $0 }
    (group, recipe.settings.end) = (groups.size, groups.end)
    chosen =
      (groups.size == size ? [] : [Options.group] as [any OptionDeclaration])
      + (groups.end == end ? [] : [Options.end])
    self.recipe = recipe
    // Two points to a cycle, over two units.
    let limit = Double(samples - 1) / 4
    let frequencies = values[Options.target].filter { $0 <= limit }
    signal = .sines(frequencies: frequencies, samples: samples)
    if values.gives(Options.target),
      let frequency = values[Options.target].first(where: { $0 > limit })
    {
      throw ExampleFailure.usage(
        """
        --frequency \(NumberText.plain(frequency)) is more than \(samples) points tell from others; choose \
        \(NumberText.plain(limit)) or less\(Self.samplesRemedy(for: frequency))
        """)
    }
    if let repeated = models.first(where: { name in models.count { $0 == name } > 1 }) {
      throw ExampleFailure.usage(
        "--model \(repeated.rawValue) is given twice; name each model once")
    }
    try ModelOptions.check(values, of: models)
    guard self.end < samples / group else {
      let largest = end < samples ? samples / (end + 1) : 0
      let remedy =
        samples / group > 0
        ? "choose --end \(samples / group - 1) or less"
        : "choose --group \(max(largest, 1)) or less"
      throw ExampleFailure.usage(
        """
        --end \(end) is not below the \(NumberText.count(samples / group, "whole group")) that --group \(group) leaves of \
        \(samples) points; \(remedy)
        """)
    }
    try folder.checkWritable()
  }

  /// How many points tell a frequency from others, if as many can be had.
  private static func samplesRemedy(for frequency: Double) -> String {
    let needed = (4 * frequency).rounded(.up) + 1
    return needed <= Double(Options.mostSamples) ? ", or --samples \(Int(needed)) or more" : ""
  }

  /// How many eigenvalues are equalized.
  var end: Int { recipe.settings.end }

  /// What the report shows of groups, which may be smaller than the default.
  var shown: [String: String] {
    [
      Options.group.name: "\(group)", Options.samples.name: "\(samples)",
      Options.grid.name: "\(side)",
    ]
  }

  /// About how long the work takes, as a sentence for the terminal.
  ///
  /// On the two cores where it was measured, a network of the default size took 35 microseconds for each row of a step,
  /// 3.5 seconds for the kernel of 256 points and what follows from it, and half a second for the rest.
  var durationSentence: String {
    let rows = Double(steps) * Double(samples + side * side)
    let size = Double(recipe.model.width) / 256
    let ofPoints = Double(samples) / 256
    let seconds =
      Double(models.count) * (0.5 + 35e-6 * rows * size * size + 3.5 * ofPoints * ofPoints)
      * 2 / Double(min(max(workers.threads, 1), 4))
    let shorter =
      values[Options.quick] ? "" : "; --quick shows the same more coarsely in some seconds"
    return """
      Looking into \(NumberText.count(models.count, "network")) takes about \
      \(NumberText.duration(max(seconds, 1)))\(shorter)
      """
  }

  /// The settings for a reader: those of networks that are not looked into are left out.
  var shownSettings: [Setting] {
    reported.filter { setting in
      if setting.origin != .standard { return true }
      if setting.value.isEmpty || setting.value == "no" { return false }
      guard let constant = ModelKind.Constant(rawValue: setting.name) else { return true }
      return models.contains { $0.has(constant) }
    }
  }

  /// What is read and written.
  var plan: FilePlan { FilePlan(names: InspectionReport.names(of: models)) }

  /// A network with the options of the command line.
  func recipe(_ kind: ModelKind) -> ModelRecipe {
    var model = recipe.model
    model.kind = kind
    return model
  }

  /// A network with its initial weights.
  ///
  /// - Parameters:
  ///   - name: The model.
  ///   - samples: The number of points along each coordinate; they span 2.
  func network(_ name: ModelKind, samples: [Int]) -> any LayeredNetwork<Double> {
    var generator = SeededGenerator(seed: UInt64(recipe.training.seed))
    return recipe(name).network(
      ModelRecipe.Layout(bandwidths: samples.map { Double($0) / 4 }, outputs: 1),
      using: &generator, Double.self)
  }
}
