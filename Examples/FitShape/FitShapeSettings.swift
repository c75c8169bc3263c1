import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked as far as that is possible before any work.
struct FitShapeSettings: AdjusterExperiment {
  typealias Outcome = FitShapeResult

  /// How many voxels the longest side of the embedded shape has by default.
  static let demonstrationSize = 64
  /// How near points must be to the other surface for the F-score: 1 % of the longest side's half.
  static let nearDistance = 0.01

  let values: OptionValues
  let recipe: Recipe
  /// What is fitted.
  let subject: ShapeSubject
  let folder: OutputFolder
  let contents: [String: UInt64]
  let chosen: [any OptionDeclaration]

  let remedies = (
    start: "no step was made, so check --omega, --scale and --initial-weights",
    later: "give a smaller --learning-rate, or a --schedule that lowers it"
  )

  init(_ values: OptionValues) throws {
    self.values = values
    var recipe = try Recipe(values)
    try Self.checkShapeOptions(values, recipe)
    subject = try ShapeSubject(values, recipe)
    chosen = recipe.chooseEnd(for: subject, values)
    recipe.training.steps = try recipe.stepCount(for: subject, values)
    if case .cosine = recipe.training.schedule, !values.gives(TrainingOptions.schedule) {
      recipe.training.schedule =
        values[TrainingOptions.seconds] == nil
        ? .cosine(total: recipe.training.steps) : .wholeCosine
    }
    self.recipe = recipe
    folder = OutputFolder(values[Options.output])
    var contents = try Self.contentsOfInitialWeights(values)
    contents[subject.option] = subject.fingerprint
    self.contents = contents
    try ModelOptions.check(values, of: [recipe.model.kind])
    try AdjusterOptions.checkRepetitions(adjusters)
    if recipe.uses(.iga) { try checkEnd() }
    if recipe.uses(.fr) { try recipe.checkFourier() }
    if recipe.uses(.bn) { try checkNormalization() }
    try folder.checkWritable()
    try checkWeightsFiles()
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    let inputs = [Options.volume, Options.mesh, Options.points, WeightOptions.initial]
    return FilePlan(
      inputs: inputs.map { option in
        values[option].map { FilePlan.Named(option.name, $0) }
      } + [ConfigOptions.input(values)], outputs: plannedWeights, names: FitShapeReport.names(self))
  }

  let options = Options.recipe

  /// What the report shows where options leave it to the model and the shape.
  var shown: [String: String] {
    [
      subject.option: values[subject.fileOption]?.relativePath ?? subject.name,
      "resolution": "\(subject.resolution)", "mesh-resolution": "\(meshResolution)",
      "fr-alpha": NumberText.plain(recipe.fourierAmplitude),
      "bn-placement": recipe.settings.normalization.placement(for: recipe.model.kind).rawValue,
    ].merging(recipe.model.reported) { $1 }
  }

  /// What weight files note of the shape.
  var signalNote: SignalNote { SignalNote(Options.task.name, recipe.shape.task.rawValue) }

  /// How many samples the fitted surface is found from along its longest side.
  var meshResolution: Int { values[Options.meshResolution] ?? min(subject.resolution, 256) }

  /// How much time the steps of a run may take together.
  var seconds: Double? { values[TrainingOptions.seconds] }

  // MARK: - Checks

  private static func checkShapeOptions(
    _ values: OptionValues, _ recipe: Recipe
  ) throws(ExampleFailure) {
    let given = [Options.volume, Options.mesh, Options.points].filter { values[$0] != nil }
    if given.count > 1 {
      throw .usage(
        """
        \(given.map { "--\($0.name)" }.joined(separator: " and ")) name different shapes; give one of them
        """)
    }
    if values[Options.points] != nil, recipe.shape.task == .occupancy {
      throw .usage(
        "--points gives a surface without an inside, so that no voxel is filled; choose --task sdf")
    }
    if values[Options.volume] != nil, recipe.shape.task == .signedDistance {
      throw .usage(
        """
        --volume gives voxels, and --task sdf needs a surface; choose --task occupancy, or give a --mesh
        """)
    }
    if values[Options.staleOverlap], recipe.shape.task == .signedDistance {
      throw .usage("--stale-iou is measured of voxels; leave it out, or choose --task occupancy")
    }
    let stated = [Options.steps, Options.epochs].filter(values.gives)
    if stated.count > 1 {
      throw .usage("--steps and --epochs say differently how long to train; give one of them")
    }
  }

  private func checkEnd() throws(ExampleFailure) {
    let (end, groups) = (recipe.settings.end, subject.groupsPerStep(recipe.shape))
    guard end >= groups else { return }
    let option = recipe.shape.task == .occupancy ? Options.groupsPerStep : Options.pointsPerStep
    throw .usage(
      """
      --end \(end) is not below the \(NumberText.count(groups, "group")) that a step has; choose \
      \(groups > 0 ? "--end \(groups - 1) or less, or " : "")more --\(option.name)
      """)
  }

  private func checkNormalization() throws(ExampleFailure) {
    if recipe.shape.task == .signedDistance, recipe.shape.loss == .eikonal {
      throw .usage(
        """
        --adjuster bn couples points, so that --loss eikonal has no gradient by position; choose --loss squared
        """)
    }
    try recipe.checkNormalization()
  }

  // MARK: - What runs are made of

  /// About how much memory a run with an adjuster takes.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _ type: Scalar.Type
  ) throws -> MemoryEstimate {
    try recipe.memoryEstimate(
      of: choice, rowCount: subject.rowsPerStep(recipe.shape),
      groupCount: subject.groupsPerStep(recipe.shape), threads: workers.threads,
      recordingBudget: recordingBudget, type
    ) { model in
      var generator = SeededGenerator(seed: 0)
      return model.network(layout, using: &generator, type)
    }
  }

  /// What the network maps.
  private var layout: ModelRecipe.Layout {
    // Coordinates span at most 2: a side of n voxels has frequencies of up to n / 4 cycles for each unit.
    ModelRecipe.Layout(
      bandwidths: subject.extents.map { max(Double($0) / 4, 1) }, outputs: 1)
  }

  /// The network with its initial weights.
  func network<Scalar: TensorScalar>(_: Scalar.Type) throws -> any Module<Scalar> {
    var generator = SeededGenerator(seed: UInt64(recipe.training.seed))
    let network = recipe.model.network(layout, using: &generator, Scalar.self)
    return try started(network, noting: signalNote, using: &generator)
  }

  /// A fresh adjuster for training on batches of which one has some inputs.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, over inputs: Tensor<Scalar>,
    groups: @escaping @Sendable (Batch<Scalar>) -> RowPartition
  ) -> any GradientAdjuster<Scalar> {
    let context = AdjusterContext(
      model: recipe.model, inputs: inputs, places: .nested(groups),
      seed: UInt64(recipe.training.seed),
      dampsInProportion: recipe.training.schedule != .constant)
    let adjuster = choice.adjuster(recipe.settings, for: context)
    guard let bound = recipe.training.clipNorm else { return adjuster }
    return ComposedAdjuster([adjuster, GradientClipping(norm: bound)])
  }
}

extension Recipe {
  /// What a command line asks for.
  ///
  /// - Throws: A failure if it asks for a fidelity but for no preset.
  fileprivate init(_ values: OptionValues) throws(ExampleFailure) {
    let stored = try ConfigOptions.recipe(
      values, checkedBy: Options.recipe, instead: [Options.preset, Options.fidelity],
      toFit: "a shape"
    ) { if case .shape = $0 { true } else { false } }
    if let stored {
      self = stored
    } else if let preset = values[Options.preset] {
      self = preset.recipe(values[Options.fidelity])
    } else if values.gives(Options.fidelity) {
      throw .usage(
        "--fidelity chooses between a --preset's numbers, and there is none; give a --preset, or leave it away"
      )
    } else {
      self = .volume
    }
    apply(Options.recipe, of: values)
    if values.gives(Options.steps) { shape.epochs = nil }
  }

  /// Makes equalized eigenvalues fewer where a step has few groups, unless the command line or a preset sets them.
  ///
  /// - Returns: The options whose parts were chosen.
  fileprivate mutating func chooseEnd(
    for subject: ShapeSubject, _ values: OptionValues
  ) -> [RecipeOption] {
    let groups = subject.groupsPerStep(shape)
    guard uses(.iga), groups > 0, settings.end >= groups, !values.gives(AdjustmentOptions.end),
      values[Options.preset] == nil
    else { return [] }
    settings.end = groups - 1
    return [AdjustmentOptions.end]
  }

  /// The number of steps, of epochs if these are given.
  ///
  /// - Throws: A failure if they are too many to count.
  fileprivate func stepCount(
    for subject: ShapeSubject, _ values: OptionValues
  ) throws(ExampleFailure) -> Int {
    guard let epochs = shape.epochs else { return training.steps }
    let (steps, isTooLarge) = epochs.multipliedReportingOverflow(
      by: subject.stepsPerEpoch(shape))
    if isTooLarge {
      throw .usage("--epochs \(epochs) are more steps than can be counted; give fewer")
    }
    return steps
  }
}
