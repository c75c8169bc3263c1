import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo

/// The options of the command line.
enum Options {
  private static let experiments = PublishedExperiment.functions

  /// What each experiment has, as `10 for circle, 7 for steps`.
  private static func each(_ value: (Recipe) -> String) -> String {
    listing(experiments.map { ($0.name, value($0.paper)) })
  }

  static let preset = Option(
    "preset",
    PresetOptions.kind(of: experiments),
    default: experiments.first { $0.name == "multisine-relu" } ?? experiments[0],
    help: "The experiment, with all its numbers unless other options replace them.")
  static let quick = Option(
    flag: "quick",
    help: "Fewer samples, units and steps: about a minute on two cores, and not the published size."
  )

  static let adjuster = RecipeOption(
    adjustersOf: AdjusterKind.allCases, defaults: [],
    help: """
      How gradients are adjusted; several at once are joined by plus signs, as fr+iga. Given several \
      times, each is run from the same weights; the experiment's own comparison by default. ntk is for \
      circle alone, and fr for all others.
      """)
  static let end = RecipeOption(
    "end", .integer(in: 0..., "E"), \.settings.end, of: nil,
    help: "How many eigenvalues are equalized; \(each { "\($0.settings.end)" }).")
  static let group = RecipeOption(
    "group", .integer(in: 1..., "P"), open: \.group,
    help: "IGA's groups are intervals of P samples; \(each { "\($0.group ?? 1)" }).")
  static let sampling = RecipeOption(
    "sampling", .choice { (_: GroupSampling) in "" }, \.settings.sampling,
    of: experiments[0].paper,
    help: "Which sample stands for each group in IGA's kernel.")
  static let convention = RecipeOption(
    "convention",
    .choice { (target: EqualizationTarget) in
      target == .next ? "to the next one" : "to the first one"
    }, \.settings.target, of: nil,
    help: "Where equalized eigenvalues are sent; \(each { $0.settings.target.rawValue }).")
  static let refresh = RecipeOption(
    "refresh", .integer(in: 1..., "R"), \.settings.refreshInterval, of: experiments[0].paper,
    help: "IGA and full-entk compute a kernel every R steps; 1 is published.")

  static let steps = RecipeOption(
    "steps", .integer(in: 1..., "N"), \.training.steps, of: nil,
    help: "Steps of training; \(each { "\($0.training.steps)" }).")
  static let width = RecipeOption(
    "width", .integer(in: 1...65_536, "W"), \.model.width, of: nil,
    help: "Units of each hidden layer; \(each { "\($0.model.width)" }).")
  static let learningRate = RecipeOption(
    "learning-rate", .number(.positive, "R"), \.training.learningRate, of: nil,
    help: "The learning rate; \(each { NumberText.plain($0.training.learningRate) }).")
  static let seeds = Option(
    "seeds", .integer(in: 1...1000, "N"), default: 1,
    help: "Repeats every run from N different initial weights; curves get bands.")
  static let seed = RecipeOption(
    "seed", .integer(in: 0..., "S"), \.training.seed, help: "Seeds the first run's weights.")

  static let errors = RecipeOption(
    "errors",
    .choice { (definition: FrequencyErrors.Definition) in
      definition == .complex ? "of amplitude and phase" : "of amplitude alone"
    }, \.errors, of: nil,
    help: """
      Which relative error at each frequency is shown; \(each { $0.errors.rawValue }).
      """)
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: """
      The folder for report.html, summary.json, plots, losses, errors and fitted functions. Files of an \
      earlier run there go to its folder previous.
      """)

  static let resume = CheckpointOptions.resume(
    changing: ["steps", "threads", "memory", "checkpoint-every", "output"])

  /// All that stand for parts of a recipe.
  static let recipe = [
    adjuster, end, group, sampling, convention, refresh, steps, width, learningRate, seed, errors,
  ]

  static let command = Command(
    "FitFunction",
    summary: "Fits a function of one variable, with and without gradient adjusters.",
    discussion: [
      """
      Repeats the experiments that show which frequencies a network learns first: a network is fitted to a \
      function made of a few frequencies, by plain training and by adjusted training from the same \
      initial weights, and the relative error at each of its strongest frequencies is followed over the steps.
      """,
      """
      The published sizes take minutes to hours on two cores; --quick gives the picture in about a minute.
      """,
    ],
    groups: [
      OptionGroup("Experiment", preset, quick, ConfigOptions.config),
      OptionGroup("Adjusters", adjuster, end, group, sampling, convention, refresh),
      OptionGroup(
        "Training", steps, width, learningRate, seeds, seed, TrainingOptions.threads,
        TrainingOptions.memory, TrainingOptions.precision),
      OptionGroup("Results", errors, output),
      OptionGroup("Checkpoints", CheckpointOptions.every, resume, CheckpointOptions.keepBest),
    ],
    essential: [preset, quick, adjuster, steps, seeds, resume, output],
    examples: [
      UsageExample("FitFunction --quick", "Show spectral bias, and what IGA does about it:"),
      UsageExample(
        "FitFunction --preset circle --width 4096 --seeds 2",
        "Repeat experiment 1 with 4096 units and two seeds:"),
      UsageExample(
        "FitFunction --preset steps --seeds 3",
        "Fit the stepped function plainly, reparameterized and adjusted, from three seeds:"),
      UsageExample(
        "FitFunction --preset multisine-siren --adjuster iga --group 1 --end 3 --refresh 10",
        "Equalize four eigenvalues of the kernel of all samples, computed every ten steps:"),
    ])
}
