import AutoDiff
import ExampleSupport
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked as far as that is possible before any work.
struct FitImageSettings {
  let values: OptionValues
  let picture: Picture
  let pictureName: String
  let adjusters: [AdjusterName]
  let patch: Int
  let steps: Int
  let workers: Workers
  let folder: OutputFolder

  init(_ values: OptionValues) throws {
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
    adjusters = values[Options.adjuster]
    patch = values[Options.patch] ?? (file == nil ? Demonstration.patch : 32)
    steps = values[Options.steps] ?? (file == nil ? Demonstration.steps : 1000)
    workers = values[Options.threads].map { Workers(threads: $0) } ?? Workers()
    folder = OutputFolder(values[Options.output])
    if let repeated = adjusters.first(where: { name in adjusters.count { $0 == name } > 1 }) {
      throw ExampleFailure.usage(
        "--adjuster \(repeated.rawValue) is given twice; name each adjuster once")
    }
    if adjusters.contains(.iga) { try checkEnd() }
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

  /// The largest side of patches of which more than a number fit into the picture; 0 if none does.
  private func largestPatch(leavingMoreThan count: Int) -> Int {
    stride(from: min(picture.width, picture.height), to: 0, by: -1).first {
      (picture.height / $0) * (picture.width / $0) > count
    } ?? 0
  }

  /// The file that receives the final weights, if they are to be saved.
  func weightsFile(for name: AdjusterName) -> URL? {
    values[Options.saveWeights].map { file in
      file.deletingLastPathComponent().appendingPathComponent(
        fileName(
          file.deletingPathExtension().lastPathComponent,
          file.pathExtension.isEmpty ? "safetensors" : file.pathExtension, for: name))
    }
  }

  private func checkWeightsFile(for name: AdjusterName) throws(ExampleFailure) {
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
        case "patch": "\(patch)"
        case "steps": "\(steps)"
        case "threads": "\(workers.threads)"
        default: setting.value
        }
      return Setting(setting.name, value, isGiven: setting.isGiven, group: setting.group)
    }
  }

  /// `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  func fileName(_ name: String, _ pathExtension: String, for adjuster: AdjusterName) -> String {
    adjusters.count == 1
      ? "\(name).\(pathExtension)" : "\(name)-\(adjuster.rawValue).\(pathExtension)"
  }

  /// The network with its initial weights.
  func network<Scalar: TensorScalar>(_: Scalar.Type) throws -> CoordinateNetwork<Scalar> {
    var generator = SeededGenerator(seed: UInt64(values[Options.seed]))
    let (width, hidden) = (values[Options.width], values[Options.hiddenLayers])
    let channels = picture.channels
    var network: CoordinateNetwork<Scalar> =
      switch values[Options.model] {
      case .relu:
        .relu(
          inputs: 2, outputs: channels, width: width, hiddenLayers: hidden, using: &generator)
      case .pe:
        .positionallyEncoded(
          inputs: 2, outputs: channels, width: width, hiddenLayers: hidden,
          frequencies: values[Options.frequencies], using: &generator)
      case .siren:
        .siren(
          inputs: 2, outputs: channels, width: width, hiddenLayers: hidden,
          frequency: values[Options.omega], using: &generator)
      }
    if let file = values[Options.initialWeights] {
      try ExampleFailure.reading(
        Options.initialWeights, file, remedy: "give a .safetensors file with the model's weights"
      ) { try network.readWeights(from: $0) }
      if let (name, _) = network.namedParameters.first(where: { !$0.value.isFinite }) {
        throw ExampleFailure.badData(
          """
          --initial-weights was given "\(file.relativePath)", whose \(name) holds numbers that are \
          not finite in --precision \(values[Options.precision].rawValue); give a file of finite weights
          """)
      }
    }
    return network
  }

  /// A fresh optimizer.
  func optimizer<Scalar: TensorScalar>(_: Scalar.Type) -> any Optimizer<Scalar> {
    let schedule = values[Options.schedule].schedule(from: values[Options.learningRate])
    return switch values[Options.optimizer] {
    case .adam: Adam<Scalar>(learningRate: schedule)
    case .sgd: SGD<Scalar>(learningRate: schedule)
    case .muon: Muon<Scalar>(learningRate: schedule)
    }
  }

  /// A fresh adjuster.
  func adjuster<Scalar: TensorScalar>(
    _ name: AdjusterName, _: Scalar.Type
  ) -> any GradientAdjuster<Scalar> {
    switch name {
    case .none: IdentityAdjuster<Scalar>()
    case .iga:
      InductiveGradientAdjuster<Scalar>(
        end: values[Options.end], sampling: values[Options.sampling],
        target: values[Options.convention], seed: UInt64(values[Options.seed]))
    case .bands, .bandsCosine, .bandsBlock: bandEqualizer(name, Scalar.self)
    case .centered: Centering<Scalar>()
    }
  }
}

extension ExampleFailure {
  /// The failure that another library's error stands for, with its exit code.
  init?(translating error: any Error) {
    switch error {
    case let error as FileError:
      self.init(error.description, exitCode: Self.exitCode(for: error.kind))
    case let error as AdjusterError: self = .software(error.description)
    default: return nil
    }
  }

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

  private static func exitCode(for kind: FileError.Kind) -> ExitCode {
    switch kind {
    case .noSuchFile, .unreadable: .noInput
    case .malformed, .unsupported, .missing: .dataError
    case .unwritable: .cannotCreate
    }
  }
}
