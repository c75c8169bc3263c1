import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked as far as that is possible before any work.
struct FitImageSettings: AdjusterExperiment {
  typealias Outcome = FitImageResult

  let values: OptionValues
  let picture: Picture
  let pictureName: String
  let recipe: Recipe
  let chosen: [any OptionDeclaration]
  let folder: OutputFolder
  /// Whether the way of fitting was chosen for the picture.
  let isChosen: Bool
  /// Compares the pictures' features, if asked for.
  let perceptualDistance: PerceptualDistance<Float>?
  /// The names of the files that go to the folder, as far as they are known before the runs.
  private let names: @Sendable (FitImageSettings) -> [String]

  let remedies = (
    start: "no step was made, so check --omega, --scale and --initial-weights",
    later: "give a smaller --learning-rate, or a --schedule that lowers it"
  )

  /// Settings from a command line.
  ///
  /// - Parameters:
  ///   - values: The command line's values.
  ///   - choose: Chooses the adjusters for a picture; those of `--adjuster` by default.
  ///   - names: Tells the names of the program's files; those of `FitImage` by default.
  init(
    _ values: OptionValues, adjusters choose: ((Picture) -> [AdjusterChoice])? = nil,
    names: @escaping @Sendable (FitImageSettings) -> [String] = FitImageReport.names
  ) throws {
    self.values = values
    self.names = names
    let file = values[Options.image]
    let stored =
      try file.map { file in
        try ExampleFailure.reading(Options.image, file, remedy: "give a whole PNG or JPEG file") {
          try Picture(contentsOf: $0)
        }
      }
      ?? Picture.procedural(
        height: Picture.demonstrationSize.height, width: Picture.demonstrationSize.width)
    picture = try Self.averagedBlocks(of: values[Options.downscale], stored)
    pictureName = file?.lastPathComponent ?? "the embedded picture"
    isChosen = choose == nil && Recipe.isLeftOpen(by: values)
    var recipe = try Recipe(values, choosingFor: isChosen ? picture : nil)
    recipe.adjusters = choose?(picture) ?? recipe.adjusters
    let groups = recipe.chooseGroups(for: picture, values)
    chosen = groups + (isChosen ? Options.chosen.filter { !values.gives($0) } : [])
    self.recipe = recipe
    folder = OutputFolder(values[Options.output])
    perceptualDistance = try PerceptualOptions.distance(
      values, width: picture.width, height: picture.height)
    var contents = [Options.image.name: picture.values(as: Float.self).fingerprint]
    contents.merge(try Self.contentsOfInitialWeights(values)) { $1 }
    self.contents = contents
    try ModelOptions.check(values, of: [recipe.model.kind])
    try AdjusterOptions.checkRepetitions(adjusters)
    try checkBatch()
    if recipe.uses(.iga) { try checkEnd() }
    if recipe.uses(.empiricalNTK) { try checkPixels() }
    if recipe.uses(.fr) { try recipe.checkFourier() }
    if recipe.uses(.bn) { try recipe.checkNormalization() }
    try folder.checkWritable()
    try checkWeightsFiles()
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(
      inputs: [Options.image, WeightOptions.initial, PerceptualOptions.weights].map { option in
        values[option].map { FilePlan.Named(option.name, $0) }
      } + [ConfigOptions.input(values)], outputs: plannedWeights, names: names(self))
  }

  /// The picture that `--image` names, and the weights that are started from.
  let contents: [String: UInt64]

  /// The side of IGA's patches.
  var patch: Int { recipe.group ?? 1 }

  /// What the network's outputs stand for.
  var pixelRange: PixelRange { recipe.pixelRange }

  /// Seeds the initial weights, and what adjusters draw.
  var seed: UInt64 { UInt64(recipe.training.seed) }

  private static func averagedBlocks(
    of side: Int, _ picture: Picture
  ) throws(ExampleFailure) -> Picture {
    guard let smaller = try? picture.averagedBlocks(of: side) else {
      throw .usage(
        """
        --downscale was given "\(side)", which is more than a side of the picture of \
        \(picture.width) x \(picture.height) pixels; choose 1 to \
        \(min(picture.width, picture.height))
        """)
    }
    return smaller
  }

  /// How long each run goes on.
  var pacing: Pacing {
    let isOpen = isChosen && !values.gives(Options.steps)
    let seconds = values[TrainingOptions.seconds] ?? (isOpen ? Options.chosenSeconds : nil)
    return Pacing(
      steps: seconds == nil || values.gives(Options.steps) ? steps : nil, seconds: seconds,
      recipe.training)
  }

  /// How long each run goes on, in words.
  var duration: String {
    let ofSteps = pacing.steps == .max ? nil : NumberText.count(pacing.steps, "step")
    let ofTime = pacing.seconds.map { "\(NumberText.plain($0)) seconds" }
    return [ofSteps, ofTime].compactMap { $0 }.joined(separator: " or ")
  }

  /// What a step learns from, as a sentence after a space; nothing where it is all pixels.
  var batchSentence: String {
    guard recipe.batch != .all else { return "" }
    let share = NumberText.significant(
      100 * Double(rowCount) / Double(picture.width * picture.height))
    return " A step learned from \(share) % of the pixels (\(recipe.batch.rawValue))."
  }

  /// Why the picture was fitted as it was, if that was chosen, as a sentence after a space.
  var choiceSentence: String {
    guard isChosen else { return "" }
    return """
       The network, its learning rate and the pixels of a step were chosen: on photographs of 768 x 512 pixels they \
      came nearest in equal times. Give --model or --preset for others.
      """
  }

  /// What curves of training show.
  var courseCaption: String {
    let ofStep = recipe.batch == .all ? "" : ", of the step's own pixels"
    let last = recipe.batch == .all ? "" : ", of all pixels"
    return "Before each step's update\(ofStep); the last point is after the last\(last)."
  }

  /// The number of rows of a step.
  var rowCount: Int {
    recipe.batch.rowCount(height: picture.height, width: picture.width, patch: patch)
  }

  /// The number of groups of a step's rows.
  private var groupCount: Int {
    recipe.batch.groupCount(height: picture.height, width: picture.width, patch: patch)
  }

  private func checkBatch() throws(ExampleFailure) {
    let (batch, size) = (recipe.batch, "a picture of \(picture.width) x \(picture.height) pixels")
    let shorter = min(picture.width, picture.height)
    switch batch {
    case .all: break
    case .blocks(let side):
      if side > max(shorter / 2, 1) {
        throw .usage(
          """
          --batch \(batch.rawValue) leaves fewer than two blocks along a side of \(size); choose blocks:\
          \(max(shorter / 2, 1)) or less
          """)
      }
    case .patches(let count):
      let most = (picture.height / patch) * (picture.width / patch)
      if count > most {
        throw .usage(
          """
          --batch \(batch.rawValue) asks for more than the \(NumberText.count(most, "whole patch", "whole patches")) \
          that --patch \(patch) leaves in \(size); choose fewer, or a smaller --patch
          """)
      }
    case .shuffled(let count), .residuals(let count):
      if count > picture.width * picture.height {
        throw .usage(
          "--batch \(batch.rawValue) asks for more than the pixels of \(size); choose fewer, or --batch all"
        )
      }
    }
    let fixed = adjusters.flatMap(\.parts).first { $0.needsGrid }
    if let fixed, !batch.isGrid {
      throw .usage(
        """
        --adjuster \(fixed.rawValue) needs pixels that lie on a grid, and those of --batch \(batch.rawValue) do not; \
        choose --batch all or blocks:4, or --adjuster bands
        """)
    }
  }

  private func checkEnd() throws(ExampleFailure) {
    let end = recipe.settings.end
    let groups = groupCount
    guard end >= groups else { return }
    let size = "a picture of \(picture.width) x \(picture.height) pixels"
    guard recipe.batch == .all else {
      throw .usage(
        """
        --end \(end) is not below the \(NumberText.count(groups, "group")) that a step of --batch \
        \(recipe.batch.rawValue) has; choose \(groups > 0 ? "--end \(groups - 1) or less, or " : "")a smaller --patch
        """)
    }
    guard groups > 0 else {
      throw .usage(
        """
        --patch \(patch) leaves no whole patch in \(size); choose --patch \
        \(min(picture.width, picture.height)) or less
        """)
    }
    let side = largestPatch(leavingMoreThan: end)
    throw .usage(
      """
      --end \(end) is not below the \(NumberText.count(groups, "whole patch", "whole patches")) that --patch \
      \(patch) leaves in \(size); choose --end \(groups - 1) or less\
      \(side > 0 ? ", or --patch \(side) or less" : "")
      """)
  }

  /// Refuses the kernel of all pixels where there are too many, or too few for the eigenvalues.
  private func checkPixels() throws(ExampleFailure) {
    let (pixels, end) = (rowCount, recipe.settings.end)
    let size = "a picture of \(picture.width) x \(picture.height) pixels"
    guard pixels <= Self.mostPixelsOfKernel else {
      let ratio = (Double(pixels) / Double(Self.mostPixelsOfKernel)).squareRoot()
      let factor = Int((ratio * Double(values[Options.downscale])).rounded(.up))
      throw .usage(
        """
        --adjuster full-entk needs the kernel of all pixels, which \(size) has more than \
        \(Self.mostPixelsOfKernel) of; choose --downscale \(factor) or more, or --adjuster iga
        """)
    }
    guard end < pixels else {
      throw .usage(
        """
        --end \(end) is not below the \(NumberText.count(pixels, "pixel")) of \(size); choose \
        \(pixels > 1 ? "--end \(pixels - 1) or less" : "--end 0")
        """)
    }
  }

  /// A kernel of single-precision numbers of 1 GiB.
  static let mostPixelsOfKernel = 16_384

  /// The largest side of patches of which more than a number fit into the picture; 0 if none does.
  private func largestPatch(leavingMoreThan count: Int) -> Int {
    stride(from: min(picture.width, picture.height), to: 0, by: -1).first {
      (picture.height / $0) * (picture.width / $0) > count
    } ?? 0
  }

  let options = Options.recipe

  /// What the report shows where options leave it to the model and the picture.
  var shown: [String: String] {
    [
      "image": values[Options.image]?.relativePath ?? pictureName,
      "fr-alpha": NumberText.plain(recipe.fourierAmplitude),
      "bn-placement": recipe.settings.normalization.placement(for: recipe.model.kind).rawValue,
    ].merging(recipe.model.reported) { $1 }
  }

  /// About how much memory a run with an adjuster takes.
  func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, _ type: Scalar.Type
  ) throws -> MemoryEstimate {
    try recipe.memoryEstimate(
      of: choice, rowCount: rowCount, groupCount: groupCount, threads: workers.threads,
      recordingBudget: recordingBudget, type
    ) { model in
      var generator = SeededGenerator(seed: 0)
      return model.network(layout, using: &generator, type)
    }
  }

  /// What the network maps.
  private var layout: ModelRecipe.Layout {
    Recipe.layout(height: picture.height, width: picture.width, channels: picture.channels)
  }

  /// The network with its initial weights, reparameterized and normalized if the file that they come
  /// from holds coefficients and normalizations.
  func network<Scalar: TensorScalar>(_: Scalar.Type) throws -> any Module<Scalar> {
    var generator = SeededGenerator(seed: seed)
    let network = recipe.model.network(layout, using: &generator, Scalar.self)
    return try started(network, noting: signalNote, using: &generator)
  }

  /// What weight files note about a run's parameters and about the picture.
  func metadata(for choice: AdjusterChoice) -> NamedValues<String> {
    var metadata = weightMetadata(for: choice, noting: signalNote)
    let size = PictureSize(
      width: picture.width, height: picture.height, channels: picture.channels)
    metadata[PictureSize.metadataKey] = size.text
    return metadata
  }

  /// What weight files note of the picture.
  var signalNote: SignalNote { SignalNote(PixelRange.metadataKey, pixelRange.rawValue) }

  /// A fresh adjuster for training on a batch.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, over inputs: Tensor<Scalar>, at places: AdjusterContext<Scalar>.Places
  ) -> any GradientAdjuster<Scalar> {
    let isFalling = recipe.training.schedule != .constant
    let context = AdjusterContext(
      model: recipe.model, inputs: inputs, places: places, seed: seed,
      bandCount: values[BandOptions.bandCount], dampsInProportion: isFalling)
    return choice.adjuster(recipe.settings, for: context)
  }
}

extension Recipe {
  /// What networks that are fitted to pictures map.
  static func layout(height: Int, width: Int, channels: Int) -> ModelRecipe.Layout {
    // Coordinates span 2: a side of n pixels has frequencies of up to n / 4 cycles for each unit.
    ModelRecipe.Layout(
      bandwidths: [Double(height) / 4, Double(width) / 4], outputs: channels)
  }
}
