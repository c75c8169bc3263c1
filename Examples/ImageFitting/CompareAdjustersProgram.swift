import ExampleSupport
import Fitting
import INRZoo

/// Fits a picture with every adjuster and their compositions, and compares them in a table.
package enum CompareAdjustersProgram {
  static let adjuster = Option(
    repeating: "adjuster", AdjusterOptions.kind(of: Options.adjusters),
    help: """
      What is compared: adjusters, or several at once joined by plus signs, as fr+iga. By default each \
      adjuster, and each that rewrites the network before each that can follow; full-entk only for \
      pictures of at most \(FitImageSettings.mostPixelsOfKernel) pixels.
      """)

  static let resume = CheckpointOptions.resume(
    changing: ["steps", "threads", "memory", "checkpoint-every", "output", "lpips"])

  static let command = Command(
    "CompareAdjusters",
    summary: "Fits a picture with every gradient adjuster and compares them.",
    discussion: [
      """
      Trains the same network from the same initial weights with each adjuster in turn, as FitImage \
      does, and writes a table: PSNR at the end, at best and at equal time, time of a step, memory. \
      By default these are more than twenty runs; name the adjusters that matter for fewer.
      """
    ],
    groups: [
      OptionGroup("Experiment", ConfigOptions.config),
      OptionGroup("Picture", Options.image, Options.downscale, Options.pixelRange),
      OptionGroup("Model", ModelOptions.all),
      OptionGroup("Adjusters", [adjuster] + Options.adjusterSettings),
      OptionGroup(BandOptions.group, BandOptions.all),
      OptionGroup("Training", Options.trainingSettings),
      OptionGroup("Measures", PerceptualOptions.weights),
      OptionGroup("Files", Options.output),
      OptionGroup("Checkpoints", CheckpointOptions.every, resume, CheckpointOptions.keepBest),
    ],
    essential: [
      Options.image, Options.downscale, ModelOptions.model, adjuster, Options.steps,
      TrainingOptions.seconds, resume, Options.output,
    ],
    examples: [
      UsageExample("CompareAdjusters --downscale 2", "Compare all on the embedded picture:"),
      UsageExample(
        "CompareAdjusters --image kodim03.png --downscale 4 --patch 8 --schedule cosine:1000",
        "Compare them on a photograph of 768 x 512 pixels at a quarter of its size:"),
      UsageExample(
        "CompareAdjusters --adjuster none --adjuster iga --adjuster fr+iga",
        "Compare these three:"),
    ])

  /// Reads the process's arguments, runs the program and ends the process.
  package static func run() -> Never {
    command.run(sharedByRanks: true) { values in
      let settings = try settings(try CheckpointOptions.continued(values, by: command))
      try settings.perform { ComparisonReport(settings: settings, results: $0).files }
    }
  }

  /// Settings from a command line.
  static func settings(_ values: OptionValues) throws -> FitImageSettings {
    let (given, model) = (values[adjuster], try Recipe(values).model.kind)
    return try FitImageSettings(
      values,
      adjusters: { picture in
        given.isEmpty ? choices(forPixels: picture.width * picture.height, model: model) : given
      }, names: ComparisonReport.names)
  }

  /// All adjusters and compositions that a picture of a size can be fitted with by a model.
  static func choices(forPixels pixels: Int, model: ModelKind = .siren) -> [AdjusterChoice] {
    AdjusterChoice.all(of: Options.adjusters).filter { choice in
      (!choice.contains(.empiricalNTK) || pixels <= FitImageSettings.mostPixelsOfKernel)
        && (!choice.parts.contains { $0.stage != .gradients } || !model.isComplex)
    }
  }
}
