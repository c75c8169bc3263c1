import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked as far as that is possible before any work.
struct FitImageSettings {
  let values: OptionValues
  let picture: Picture
  let pictureName: String
  let adjusters: [AdjusterChoice]
  let patch: Int
  let steps: Int
  let workers: Workers
  let folder: OutputFolder
  /// What the network's outputs stand for.
  let pixelRange: PixelRange
  /// Compares the pictures' features, if asked for.
  let perceptualDistance: PerceptualDistance<Float>?

  /// Settings from a command line.
  ///
  /// - Parameters:
  ///   - values: The command line's values.
  ///   - choose: Chooses the adjusters for a picture; those of `--adjuster` by default.
  init(
    _ values: OptionValues, adjusters choose: ((Picture) -> [AdjusterChoice])? = nil
  ) throws {
    self.values = values
    let file = values[Options.image]
    let stored =
      try file.map { file in
        try ExampleFailure.reading(Options.image, file, remedy: "give a whole PNG file") {
          try Picture(contentsOf: $0)
        }
      } ?? Picture.procedural(height: Demonstration.height, width: Demonstration.width)
    picture = try Self.averagedBlocks(of: values[Options.downscale], stored)
    pictureName = file?.lastPathComponent ?? "the embedded picture"
    adjusters = choose?(picture) ?? values[Options.adjuster]
    patch = values[Options.patch] ?? (file == nil ? Demonstration.patch : 32)
    steps = values[Options.steps] ?? (file == nil ? Demonstration.steps : 1000)
    workers = values[Options.threads].map { Workers(threads: $0) } ?? Workers()
    folder = OutputFolder(values[Options.output])
    pixelRange = values[Options.pixelRange]
    perceptualDistance = try Self.perceptualDistance(values, for: picture)
    try ModelOptions.check(values, of: [values[ModelOptions.model]])
    try adjusters.checkedForRepetitions()
    if adjusters.contains(where: { $0.contains(.iga) }) { try checkEnd() }
    if adjusters.contains(where: { $0.contains(.empiricalNTK) }) { try checkPixels() }
    if adjusters.contains(where: { $0.contains(.fr) }) { try fourier.check(values) }
    if adjusters.contains(where: { $0.contains(.bn) }) { try normalization.check() }
    try folder.checkWritable()
    for name in adjusters { try checkWeightsFile(for: name) }
  }

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
    let end = values[Options.end]
    let groups = (picture.height / patch) * (picture.width / patch)
    guard end >= groups else { return }
    var remedies = groups > 0 ? ["--end \(groups - 1) or less"] : []
    let side = largestPatch(leavingMoreThan: end)
    if side > 0 { remedies.append("--patch \(side) or less") }
    if remedies.isEmpty { remedies = ["a smaller --patch and --end, or --adjuster none"] }
    throw ExampleFailure.usage(
      """
      --end \(end) is not below the \(groups) whole \(groups == 1 ? "patch" : "patches") that --patch \(patch) leaves in a \
      picture of \(picture.width) x \(picture.height) pixels; choose \
      \(remedies.joined(separator: ", or "))
      """)
  }

  /// Refuses the kernel of all pixels where there are too many, or too few for the eigenvalues.
  private func checkPixels() throws(ExampleFailure) {
    let (pixels, end) = (picture.width * picture.height, values[Options.end])
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
        --end \(end) is not below the \(pixels) \(pixels == 1 ? "pixel" : "pixels") of \(size); choose \
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
        fileName(
          file.deletingPathExtension().lastPathComponent,
          file.pathExtension.isEmpty ? "safetensors" : file.pathExtension, for: name))
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

  /// The settings for the report, with the defaults that depend on others filled in.
  var reported: [Setting] {
    values.settings.map { setting in
      let value: String =
        switch setting.name {
        case "image" where !setting.isGiven: pictureName
        case "adjuster": adjusters.map(\.name).joined(separator: ", ")
        case "patch": "\(patch)"
        case "steps": "\(steps)"
        case "fr-alpha": NumberText.plain(fourier.amplitude)
        case "omega": model.omega.map(NumberText.plain) ?? setting.value
        case "scale": model.scale.map(NumberText.plain) ?? setting.value
        case "first-bias-scale": model.firstBias.map(NumberText.plain) ?? setting.value
        case "pe-frequencies": "\(model.frequencies)"
        case "bn-placement": normalization.placement.rawValue
        case "threads": "\(workers.threads)"
        default: setting.value
        }
      return Setting(setting.name, value, isGiven: setting.isGiven, group: setting.group)
    }
  }

  /// `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  func fileName(_ name: String, _ pathExtension: String, for adjuster: AdjusterChoice) -> String {
    adjusters.count == 1
      ? "\(name).\(pathExtension)" : "\(name)-\(adjuster.name).\(pathExtension)"
  }

  /// The options of Fourier reparameterization.
  var fourier: FourierSettings { FourierSettings(values) }

  /// The option of batch normalization.
  var normalization: NormalizationSettings { NormalizationSettings(values) }

  /// The options of the network.
  var model: ModelSettings { ModelSettings(values) }

  /// The network with its initial weights, reparameterized and normalized if the file that they come
  /// from holds coefficients and normalizations.
  func network<Scalar: TensorScalar>(_: Scalar.Type) throws -> any Module<Scalar> {
    var generator = SeededGenerator(seed: UInt64(values[Options.seed]))
    // Coordinates span 2: a side of n pixels has frequencies of up to n / 4 cycles for each unit.
    let network = model.network(
      bandwidths: [Double(picture.height) / 4, Double(picture.width) / 4],
      outputs: picture.channels, using: &generator, Scalar.self)
    return try started(network, using: &generator)
  }

  /// A network with the weights of the file that is to be started from, if there is one.
  private func started<Scalar, Model: Module<Scalar>>(
    _ untrained: Model, using generator: inout SeededGenerator
  ) throws -> any Module<Scalar> {
    guard let file = values[Options.initialWeights] else { return untrained }
    var network = untrained
    try ExampleFailure.reading(
      Options.initialWeights, file, remedy: "give a .safetensors file with the model's weights"
    ) { path in
      let stored = try SafeTensorsFile(contentsOf: path)
      if let noted = stored.metadata[PixelRange.metadataKey], noted != pixelRange.rawValue {
        throw FileError(
          .malformed, path: path,
          reason: "its weights are not for --pixel-range \(pixelRange.rawValue); give \(noted)")
      }
      if try holdsCoefficients(stored, path) {
        var adjuster = fourier.adjuster(Scalar.self)
        try adjuster.prepare(&network, using: &generator)
      }
      try normalization.prepare(&network, for: stored, path: path, using: &generator)
      try network.readWeights(from: path)
    }
    if let (name, _) = network.namedParameters.first(where: { !$0.value.isFinite }) {
      throw ExampleFailure.badData(
        """
        --initial-weights was given "\(file.relativePath)", whose \(name) holds numbers that are \
        not finite in --precision \(values[Options.precision].rawValue); give a file of finite weights
        """)
    }
    return network
  }

  /// Whether a weight file holds coefficients of Fourier reparameterization.
  ///
  /// - Throws: `FileError` if its coefficients belong to another basis; a failure if the options make
  ///   no basis.
  private func holdsCoefficients(_ file: SafeTensorsFile, _ path: String) throws -> Bool {
    guard file.names.contains(where: { $0.hasSuffix(".coefficients") }),
      values[ModelOptions.hiddenLayers] > 0
    else { return false }
    try fourier.check(values)
    if let basis = file.metadata[FourierSettings.metadataKey], basis != fourier.basisText {
      throw FileError(
        .malformed, path: path,
        reason: """
          its coefficients do not belong to the basis of \(fourier.basisText); give \(basis)
          """)
    }
    return true
  }

  /// A fresh optimizer.
  func optimizer<Scalar: TensorScalar>(_: Scalar.Type) -> any Optimizer<Scalar> {
    values[Options.optimizer].optimizer(
      learningRate: values[Options.schedule].schedule(from: values[Options.learningRate]),
      workers: workers, Scalar.self)
  }

  /// The network that a run's adjusters start from.
  ///
  /// Initial weights may be those of FR or BN, with which others do not start: they get the plain
  /// network that computes the same.
  func start<Scalar, Model: Module<Scalar>>(
    for choice: AdjusterChoice, from network: Model, over inputs: Tensor<Scalar>
  ) throws -> Model {
    let start =
      choice.contains(.bn)
      ? network : try normalization.adjuster(over: inputs).folded(network, over: inputs)
    return choice.contains(.fr) ? start : start.withPlainWeights()
  }

  /// A fresh adjuster for training on a batch.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, over inputs: Tensor<Scalar>
  ) -> any GradientAdjuster<Scalar> {
    let damping: BurstDamping<Scalar>? = damping(of: choice)
    let adjuster: any GradientAdjuster<Scalar> = choice.adjuster { name in
      switch name {
      case .none: IdentityAdjuster<Scalar>()
      case .iga:
        InductiveGradientAdjuster<Scalar>(
          end: values[Options.end], sampling: values[Options.sampling],
          target: values[Options.convention], seed: UInt64(values[Options.seed]))
      case .empiricalNTK:
        EmpiricalNTKAdjuster<Scalar>(
          end: values[Options.end], target: values[Options.convention])
      case .fr: fourier.adjuster(Scalar.self)
      case .bn: normalization.adjuster(over: inputs)
      case .bands, .bandsCosine, .bandsBlock: bandEqualizer(name, damping: damping)
      case .centered: Centering<Scalar>()
      case .damped: burstDamping() as BurstDamping<Scalar>
      }
    }
    // Bands know best when what is usual changes.
    guard let damping, !choice.parts.contains(where: { $0.equalizesBands }) else { return adjuster }
    return ComposedAdjuster([adjuster, damping])
  }

  /// Seeds what adjusters draw as they rewrite the network: not the numbers of its initial weights.
  var adjusterSeed: UInt64 {
    var generator = SeededGenerator(seed: UInt64(values[Options.seed])).branch(1)
    return generator.next()
  }

  /// What weight files note about a run's parameters.
  func weightMetadata(for choice: AdjusterChoice) -> [String: String] {
    var metadata = [PixelRange.metadataKey: pixelRange.rawValue]
    if choice.contains(.fr) { metadata[FourierSettings.metadataKey] = fourier.basisText }
    if choice.contains(.bn) { metadata[NormalizationSettings.metadataKey] = normalization.text }
    return metadata
  }
}

extension ExampleFailure {
  /// The result of reading the file that an option names; file errors become failures that name the
  /// option.
  ///
  /// - Parameters:
  ///   - option: The option.
  ///   - file: Its value.
  ///   - remedy: What to do if the file does not hold what it should, unless the error says that.
  ///   - body: Reads the file at a path.
  /// - Returns: The body's result.
  /// - Throws: What the body throws, translated.
  static func reading<Result>(
    _ option: Option<URL?>, _ file: URL, remedy: String, _ body: (_ path: String) throws -> Result
  ) throws -> Result {
    do {
      return try body(file.path)
    } catch let error as FileError {
      let hasRemedy = error.reason.contains(/; (convert|give)\b/)
      throw ExampleFailure(
        "--\(option.name) was given \"\(file.relativePath)\"; \(error.reason)"
          + (hasRemedy ? "" : "; \(remedy)"), exitCode: exitCode(for: error.kind))
    }
  }
}
