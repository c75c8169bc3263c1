import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// One run: a field and an adjuster.
struct SceneRun: Sendable {
  /// What is run.
  let recipe: Recipe
  /// The adjuster.
  let adjuster: AdjusterChoice
  /// What it is called.
  let name: String

  /// The field.
  var field: SceneRecipe.Field { recipe.scene.field }

  /// What it is, as part of a sentence.
  var about: String { "\(field.rawValue), \(adjuster.about)" }
}

/// What the command line asks for, checked as far as that is possible before any work.
struct FitSceneSettings: AdjusterExperiment {
  typealias Outcome = FitSceneResult

  let values: OptionValues
  /// The first field's recipe, with the adjusters of all.
  let recipe: Recipe
  /// The runs, in order.
  let runs: [SceneRun]
  /// What is fitted.
  let subject: SceneSubject
  /// Measures how differently pictures look; nil unless asked for.
  let perceptualDistance: PerceptualDistance<Float>?
  let folder: OutputFolder
  let contents: [String: UInt64]

  let remedies = (
    start: "no step was made, so choose another --seed or a smaller --learning-rate",
    later: "give a smaller --learning-rate, or a --schedule that lowers it"
  )

  init(_ values: OptionValues) throws {
    self.values = values
    let recipes = try Self.recipes(values)
    try AdjusterOptions.checkRepetitions(recipes[0].adjusters)
    if values.gives(Options.seconds), values.gives(Options.steps) {
      throw ExampleFailure.usage(
        "--steps and --seconds say differently how long to train; give one of them")
    }
    subject = try SceneSubject(values)
    perceptualDistance = try PerceptualOptions.distance(
      values, width: subject.size.width, height: subject.size.height)
    let runs = try Self.runs(of: recipes, for: subject, values)
    self.runs = runs
    var recipe = runs[0].recipe
    recipe.adjusters = runs.map(\.adjuster).reduce(into: []) { list, adjuster in
      if !list.contains(adjuster) { list.append(adjuster) }
    }
    self.recipe = recipe
    folder = OutputFolder(values[Options.output])
    contents = values[Options.scene] == nil ? [:] : [Options.scene.name: subject.fingerprint]
    try folder.checkWritable()
    try checkWeightsFiles()
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(
      inputs: [
        values[PerceptualOptions.weights].map {
          FilePlan.Named(PerceptualOptions.weights.name, $0)
        },
        ConfigOptions.input(values),
      ], outputs: plannedWeights, names: FitSceneReport.names(self))
  }

  let options = Options.recipe

  var runNames: [String] { runs.map(\.name) }

  /// The recipe, or that of each field.
  var storedRecipe: (key: String, value: JSONValue) {
    guard fields.count > 1 else { return (RecipeFile.summaryKey, recipe.json) }
    let recipes = fields.map { field in
      let own = runs.filter { $0.field == field }
      var recipe = own[0].recipe
      recipe.adjusters = own.map(\.adjuster)
      return (field.rawValue, recipe.json)
    }
    return (RecipeFile.severalKey, .object(Dictionary(uniqueKeysWithValues: recipes)))
  }

  /// What the report shows where fields differ.
  var shown: [String: String] {
    var shown = [
      "scene": values[Options.scene]?.relativePath ?? subject.name,
      "field": fields.map(\.rawValue).joined(separator: ", "),
    ]
    let recipes = fields.compactMap { field in runs.first { $0.field == field }?.recipe }
    for option in options where option.name != Options.adjuster.name {
      let texts = recipes.map { option.text(in: $0) }
      guard Set(texts).count > 1 else { continue }
      shown[option.name] = listing(zip(fields, texts).map { ($0.rawValue, $1 ?? "none") })
    }
    return shown
  }

  /// The fields, in order.
  var fields: [SceneRecipe.Field] {
    runs.map(\.field).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// How much time the steps of a run may take together.
  var seconds: Double? { values[Options.seconds] }

  // MARK: - What is run

  /// A recipe for each field.
  private static func recipes(_ values: OptionValues) throws(ExampleFailure) -> [Recipe] {
    let fields = values[Options.field]
    if let repeated = fields.first(where: { field in fields.count { $0 == field } > 1 }) {
      throw .usage("--field \(repeated.rawValue) is given twice; name each field once")
    }
    let stored = try ConfigOptions.recipe(
      values, checkedBy: Options.recipe,
      instead: [Options.preset, Options.fidelity, Options.field], toFit: "a scene"
    ) { if case .scene = $0 { true } else { false } }
    var recipes: [Recipe]
    if let stored {
      recipes = [stored]
    } else if let preset = values[Options.preset] {
      if values.gives(Options.field) {
        throw .usage("--field is that of the --preset; give one of them")
      }
      recipes = [preset.recipe(values[Options.fidelity])]
    } else if values.gives(Options.fidelity) {
      throw .usage(
        "--fidelity chooses between a --preset's numbers, and there is none; give a --preset, or leave it away"
      )
    } else {
      recipes = fields.map { .scene($0) }
      if values[Options.scene] == nil {
        // For a first look.
        for index in recipes.indices {
          recipes[index].training.steps /= recipes[index].scene.field == .nerf ? 6 : 4
        }
      }
    }
    for index in recipes.indices { recipes[index].apply(Options.recipe, of: values) }
    return recipes
  }

  private static func runs(
    of recipes: [Recipe], for subject: SceneSubject, _ values: OptionValues
  ) throws(ExampleFailure) -> [SceneRun] {
    var runs: [SceneRun] = []
    for recipe in recipes {
      var recipe = recipe
      try recipe.fit(subject, values)
      for adjuster in recipe.adjusters {
        try recipe.check(adjuster)
        let name =
          recipes.count > 1 ? "\(recipe.scene.field.rawValue)-\(adjuster.name)" : adjuster.name
        runs.append(SceneRun(recipe: recipe, adjuster: adjuster, name: name))
      }
    }
    return runs
  }

  /// About how much memory a run with an adjuster takes: that of the field that takes the most.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _ type: Scalar.Type
  ) throws -> MemoryEstimate {
    let estimates = try runs.filter { $0.adjuster == choice }.map { try estimate(of: $0, type) }
    guard let largest = estimates.max(by: { $0.total < $1.total }) else {
      throw ExampleFailure.software("there is no run with \(choice.name)")
    }
    return largest
  }
}

extension Recipe {
  /// Suits what is open to the scene.
  fileprivate mutating func fit(
    _ subject: SceneSubject, _ values: OptionValues
  ) throws(ExampleFailure) {
    if scene.drawing.background == .random, !subject.hasAlpha {
      if values.gives(Options.background) {
        throw .usage(
          "--background random needs pictures with alpha, and \(subject.name) has none; choose white or black"
        )
      }
      scene.drawing.background = .white
    }
    let (near, far) = (scene.near ?? subject.bounds.near, scene.far ?? subject.bounds.far)
    guard near < far else {
      throw .usage(
        """
        --near \(NumberText.plain(near)) is not below --far \(NumberText.plain(far)); give a smaller --near or a \
        larger --far
        """)
    }
    let drawing = scene.drawing
    let groups = max(drawing.count / (drawing.blockSide * drawing.blockSide), 1)
    guard uses(.iga), settings.end >= groups else { return }
    if values.gives(AdjustmentOptions.end) || values[Options.preset] != nil {
      throw .usage(
        """
        --end \(settings.end) is not below the \(NumberText.count(groups, "group")) of --rays \(drawing.count) in \
        --block \(drawing.blockSide); give a smaller --end, or more --rays
        """)
    }
    settings.end = groups - 1
  }

  /// Refuses adjusters that a field cannot be fitted with.
  fileprivate func check(_ adjuster: AdjusterChoice) throws(ExampleFailure) {
    guard adjuster.contains(.fr) else { return }
    guard scene.field.hasHiddenLayers else {
      throw .usage(
        """
        --adjuster \(adjuster.name) rewrites layers from hidden units to hidden units, of which --field \
        \(scene.field.rawValue) has none; choose another --field
        """)
    }
    let fourier = settings.fourier
    guard fourier.low + fourier.high > 0 else {
      throw .usage(
        "--fr-low 0 and --fr-high 0 leave no frequency; choose 1 or more for one of them")
    }
    let width = scene.field == .ngp ? 64 : max(scene.network.width, scene.dense.width)
    let (vectors, most) = ((fourier.low + fourier.high) * fourier.phases, (1 << 28) / width)
    guard vectors <= most else {
      throw .usage(
        """
        --fr-low \(fourier.low), --fr-high \(fourier.high) and --fr-phases \(fourier.phases) make \(vectors) basis \
        vectors, too many; choose them so that (low + high) x phases is at most \(most)
        """)
    }
  }
}
