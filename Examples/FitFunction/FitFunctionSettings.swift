import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked before any work.
struct FitFunctionSettings: AdjusterExperiment {
  typealias Outcome = FunctionResult

  let values: OptionValues
  /// The experiment's numbers, replaced by those of the options that were given.
  let recipe: Recipe
  let function: FunctionRecipe
  let folder: OutputFolder
  /// The strongest frequencies of the function, in cycles over all samples.
  let bins: [Int]

  let remedies = (
    start: "no step was made, so check --learning-rate and --width",
    later: "give a smaller --learning-rate"
  )

  init(_ values: OptionValues) throws {
    self.values = values
    let published = values[Options.preset]
    let stored = try ConfigOptions.recipe(
      values, checkedBy: Options.recipe, instead: [Options.preset, Options.quick],
      toFit: "a function"
    ) { if case .function = $0 { true } else { false } }
    var recipe =
      stored ?? (values[Options.quick] ? published.quick ?? published.paper : published.paper)
    recipe.apply(Options.recipe, of: values)
    guard let function = recipe.function else {
      throw ExampleFailure.software("--preset \(published.name) fits no function")
    }
    self.recipe = recipe
    self.function = function
    folder = OutputFolder(values[Options.output])
    bins = FrequencyErrors.strongestBins(
      of: function.signal(Double.self).values, count: function.frequencyCount)
    try checkSeeds()
    try checkAdjusters()
    try folder.checkWritable()
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(inputs: [ConfigOptions.input(values)], names: FitFunctionReport.names(self))
  }

  /// The size of IGA's groups.
  var group: Int { recipe.group ?? 1 }

  private var isCircle: Bool { function.shape == .circle }

  private func checkAdjusters() throws(ExampleFailure) {
    let (samples, end) = (function.samples, recipe.settings.end)
    try AdjusterOptions.checkRepetitions(adjusters)
    if recipe.uses(.fr), isCircle {
      throw .usage(
        """
        --adjuster fr rewrites layers from hidden units to hidden units, of which --preset circle has \
        none; choose another --preset
        """)
    }
    if recipe.uses(.ntk), !isCircle {
      throw .usage(
        """
        --adjuster ntk needs a kernel in closed form, which --preset \(values[Options.preset].name) does not have; \
        choose --adjuster full-entk, or --preset circle
        """)
    }
    let groups = samples / group
    if recipe.uses(.iga), end >= groups {
      let largest = end < samples ? samples / (end + 1) : 0
      let remedies =
        (groups > 0 ? ["--end \(groups - 1) or less"] : [])
        + (largest > 0 ? ["--group \(largest) or less"] : [])
      throw .usage(
        """
        --end \(end) is not below the \(NumberText.count(groups, "whole group")) that --group \(group) leaves \
        of \(samples) samples; choose \(remedies.joined(separator: ", or "))
        """)
    }
    if recipe.uses(.ntk) || recipe.uses(.empiricalNTK), end >= samples {
      throw .usage(
        "--end \(end) is not below the \(samples) samples; choose --end \(samples - 1) or less"
      )
    }
  }

  /// The seeds of the runs.
  var seeds: ClosedRange<Int> {
    recipe.training.seed...(recipe.training.seed + (values[Options.seeds] - 1))
  }

  private func checkSeeds() throws(ExampleFailure) {
    let (seed, others) = (recipe.training.seed, values[Options.seeds] - 1)
    guard seed > Int.max - others else { return }
    throw .usage(
      """
      --seed \(seed) leaves no room for the seeds of \(others + 1) runs, one after the other; choose --seed \
      \(Int.max - others) or less
      """)
  }

  /// What a run is called on the terminal.
  func runName(_ adjuster: AdjusterChoice, seed: Int) -> String {
    seeds.count == 1 ? adjuster.name : "\(adjuster.name), seed \(seed)"
  }

  /// The name of a file of one run: that of the adjuster's files, with the seed if there are several.
  func fileName(_ name: String, for adjuster: AdjusterChoice, seed: Int) -> String {
    let name = fileName(name, for: adjuster)
    guard seeds.count > 1, let dot = name.lastIndex(of: ".") else { return name }
    return "\(name[..<dot])-seed\(seed)\(name[dot...])"
  }

  /// One for each adjuster and seed.
  var runCount: Int { adjusters.count * seeds.count }

  let options = Options.recipe
  let shown: [String: String] = [:]
  let contents: [String: UInt64] = [:]

  /// A fresh adjuster for training on some inputs.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, seed: Int, over inputs: Tensor<Scalar>
  ) -> any GradientAdjuster<Scalar> {
    choice.adjuster(
      recipe.settings,
      for: AdjusterContext(
        model: recipe.model, inputs: inputs, places: .grid(RowGrid(extents: [function.samples])),
        seed: UInt64(seed)))
  }

  /// A network with the initial weights of a seed.
  func network<Scalar: TensorScalar>(seed: Int, _ type: Scalar.Type) -> any Module<Scalar> {
    network(recipe.model, seed: seed, type)
  }

  private func network<Scalar: TensorScalar>(
    _ model: ModelRecipe, seed: Int, _ type: Scalar.Type
  ) -> any Module<Scalar> {
    var generator = SeededGenerator(seed: UInt64(seed))
    if isCircle {
      return TwoLayerRectifierNetwork<Scalar>(inputs: 2, width: model.width, using: &generator)
    }
    // Up to the samples' highest frequency; they span 2.
    let layout = ModelRecipe.Layout(bandwidths: [Double(function.samples) / 4], outputs: 1)
    return model.network(layout, using: &generator, type)
  }

  /// About how much memory a run with an adjuster takes.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _ type: Scalar.Type
  ) throws -> MemoryEstimate {
    try recipe.memoryEstimate(
      of: choice, rowCount: function.samples, groupCount: function.samples / group,
      threads: workers.threads, recordingBudget: recordingBudget, type
    ) { network($0, seed: 0, type) }
  }
}

extension Recipe {
  /// Which relative error is taken at each frequency.
  var errors: FrequencyErrors.Definition {
    get { function?.errors ?? .complex }
    set { function?.errors = newValue }
  }
}
