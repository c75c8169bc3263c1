import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked as far as that is possible before any work.
struct FitImageSettings: Experiment {
  let values: OptionValues
  let picture: Picture
  let pictureName: String
  let recipe: Recipe
  let chosen: [RecipeOption]
  let folder: OutputFolder
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
        try ExampleFailure.reading(Options.image, file, remedy: "give a whole PNG file") {
          try Picture(contentsOf: $0)
        }
      }
      ?? Picture.procedural(
        height: Picture.demonstrationSize.height, width: Picture.demonstrationSize.width)
    picture = try Self.averagedBlocks(of: values[Options.downscale], stored)
    pictureName = file?.lastPathComponent ?? "the embedded picture"
    var recipe = try Recipe(values)
    recipe.adjusters = choose?(picture) ?? recipe.adjusters
    chosen = recipe.chooseGroups(for: picture, values)
    self.recipe = recipe
    folder = OutputFolder(values[Options.output])
    perceptualDistance = try Self.perceptualDistance(values, for: picture)
    var contents = [Options.image.name: picture.values(as: Float.self).fingerprint]
    if let file = values[Options.initialWeights] {
      contents[Options.initialWeights.name] = try ExampleFailure.reading(
        Options.initialWeights, file, remedy: "give a .safetensors file with the model's weights"
      ) { try WholeFile.bytes(ofFileAt: $0).fingerprint }
    }
    self.contents = contents
    try ModelOptions.check(values, of: [recipe.model.kind])
    try AdjusterOptions.checkRepetitions(adjusters)
    if recipe.uses(.iga) { try checkEnd() }
    if recipe.uses(.empiricalNTK) { try checkPixels() }
    if recipe.uses(.fr) { try recipe.checkFourier() }
    if recipe.uses(.bn) { try recipe.checkNormalization() }
    try folder.checkWritable()
    for name in adjusters { try checkWeightsFile(for: name) }
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(
      inputs: [Options.image, Options.initialWeights, Options.perceptualWeights].map { option in
        values[option].map { FilePlan.Named(option.name, $0) }
      },
      outputs: adjusters.compactMap { adjuster in
        weightsFile(for: adjuster).map { FilePlan.Named(Options.saveWeights.name, $0) }
      }, names: names(self))
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

  private func checkEnd() throws(ExampleFailure) {
    let end = recipe.settings.end
    let groups = (picture.height / patch) * (picture.width / patch)
    guard end >= groups else { return }
    let size = "a picture of \(picture.width) x \(picture.height) pixels"
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
    let (pixels, end) = (picture.width * picture.height, recipe.settings.end)
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

  /// The file that receives the final weights, if they are to be saved.
  func weightsFile(for name: AdjusterChoice) -> URL? {
    values[Options.saveWeights].map { file in
      file.deletingLastPathComponent().appendingPathComponent(
        fileName(file.namingWeights.lastPathComponent, for: name))
    }
  }

  private func checkWeightsFile(for name: AdjusterChoice) throws(ExampleFailure) {
    guard let given = values[Options.saveWeights], let file = weightsFile(for: name) else { return }
    func problem(_ reason: String) -> ExampleFailure {
      .cannotCreate("--save-weights was given \"\(given.relativePath)\", \(reason)")
    }
    // A path that ends with a slash names a folder too, whether it is there or not.
    if given.hasDirectoryPath { throw problem("which is a folder; give the path of a file") }
    var isFolder: ObjCBool = false
    let files = FileManager.default
    if files.fileExists(atPath: file.path, isDirectory: &isFolder), isFolder.boolValue {
      throw problem("but \(file.lastPathComponent) is a folder; give the path of a file")
    }
    let parent = file.deletingLastPathComponent()
    // The output folder is made before weights are written to it.
    if parent.standardizedFileURL.path == folder.url.standardizedFileURL.path { return }
    guard files.fileExists(atPath: parent.path, isDirectory: &isFolder) else {
      throw problem("but there is no folder \(parent.relativePath); create it first")
    }
    guard isFolder.boolValue else {
      throw problem("but \(parent.relativePath) is not a folder; choose another path")
    }
    do {
      try OutputFolder(parent).checkWritable()
    } catch {
      throw problem(
        "but no file can be written to the folder \(parent.relativePath); choose another path")
    }
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
      of: choice, rowCount: picture.width * picture.height,
      groupCount: (picture.width / patch) * (picture.height / patch), threads: workers.threads,
      recordingBudget: recordingBudget, type
    ) { model in
      var generator = SeededGenerator(seed: 0)
      return model.network(layout, using: &generator, type)
    }
  }

  /// What the network maps.
  private var layout: ModelRecipe.Layout {
    // Coordinates span 2: a side of n pixels has frequencies of up to n / 4 cycles for each unit.
    ModelRecipe.Layout(
      bandwidths: [Double(picture.height) / 4, Double(picture.width) / 4],
      outputs: picture.channels)
  }

  /// The network with its initial weights, reparameterized and normalized if the file that they come
  /// from holds coefficients and normalizations.
  func network<Scalar: TensorScalar>(_: Scalar.Type) throws -> any Module<Scalar> {
    var generator = SeededGenerator(seed: seed)
    let network = recipe.model.network(layout, using: &generator, Scalar.self)
    return try started(network, using: &generator)
  }

  /// A network with the weights of the file that is to be started from, if there is one.
  private func started<Scalar, Model: Module<Scalar>>(
    _ untrained: Model, using generator: inout SeededGenerator
  ) throws -> any Module<Scalar> {
    guard let file = values[Options.initialWeights] else { return untrained }
    var network = untrained
    let isNoted = try ExampleFailure.reading(
      Options.initialWeights, file, remedy: "give a .safetensors file with the model's weights"
    ) { path in
      let stored = try SafeTensorsFile(contentsOf: path)
      let isNoted = try recipe.checkModel(stored.metadata, path: path)
      if let noted = stored.metadata[PixelRange.metadataKey], noted != pixelRange.rawValue {
        throw FileError(
          .malformed, path: path,
          reason: "its weights are not for --pixel-range \(pixelRange.rawValue); give \(noted)")
      }
      if try recipe.holdsCoefficients(stored, path) {
        var adjuster: FourierReparameterization<Scalar> =
          recipe.settings.fourier.adjuster(for: recipe.model)
        try adjuster.prepare(&network, using: &generator)
      }
      try recipe.normalize(&network, for: stored, path: path, using: &generator)
      try network.readWeights(from: path)
      return isNoted
    }
    if let (name, _) = network.namedParameters.first(where: { !$0.value.isFinite }) {
      throw ExampleFailure.badData(
        """
        --initial-weights was given "\(file.relativePath)", whose \(name) holds numbers that are \
        not finite in --precision \(values[TrainingOptions.precision].rawValue); give a file of finite weights
        """)
    }
    if !isNoted {
      TextOutput.standardError.writeLine(
        """
        note: \(file.relativePath) does not say which model its weights are of; they are taken for those of \
        \(recipe.modelText)
        """)
    }
    return network
  }

  /// The network that a run's adjusters start from.
  ///
  /// Initial weights may be those of FR or BN, with which others do not start: they get the plain
  /// network that computes the same.
  func start<Scalar, Model: Module<Scalar>>(
    for choice: AdjusterChoice, from network: Model, over inputs: Tensor<Scalar>
  ) throws -> Model {
    let normalization: BatchNormalization<Scalar> =
      recipe.settings.normalization.adjuster(for: recipe.model, over: inputs)
    let start = choice.contains(.bn) ? network : try normalization.folded(network, over: inputs)
    return choice.contains(.fr) ? start : start.withPlainWeights()
  }

  /// A fresh adjuster for training on a batch.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, over inputs: Tensor<Scalar>, on grid: RowGrid
  ) -> any GradientAdjuster<Scalar> {
    let isFalling = recipe.training.schedule != .constant
    let context = AdjusterContext(
      model: recipe.model, inputs: inputs,
      grid: grid, seed: seed,
      bandCount: values[Options.bandCount], dampsInProportion: isFalling)
    return choice.adjuster(recipe.settings, for: context)
  }

  /// What weight files note about a run's parameters.
  func weightMetadata(for choice: AdjusterChoice) -> NamedValues<String> {
    var metadata = recipe.model.metadata
    metadata[PixelRange.metadataKey] = pixelRange.rawValue
    if choice.contains(.fr) { metadata[Recipe.fourierKey] = recipe.fourierText }
    if choice.contains(.bn) { metadata[Recipe.normalizationKey] = recipe.normalizationText }
    return metadata
  }
}
