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
  let workers: Workers
  let folder: OutputFolder

  init(_ values: OptionValues) throws {
    self.values = values
    let file = values[Options.image]
    let stored =
      try file.map { try Picture(contentsOf: $0.path) }
      ?? Picture.procedural(height: 80, width: 80)
    picture = try stored.averagedBlocks(of: values[Options.downscale])
    pictureName = file?.lastPathComponent ?? "the embedded picture"
    adjusters = values[Options.adjuster]
    patch = values[Options.patch] ?? (file == nil ? 8 : 32)
    workers = values[Options.threads].map { Workers(threads: $0) } ?? Workers()
    folder = OutputFolder(values[Options.output])
    if let repeated = adjusters.first(where: { name in adjusters.count { $0 == name } > 1 }) {
      throw ExampleFailure.usage(
        "--adjuster \(repeated.rawValue) was given twice; name each adjuster once.")
    }
    if adjusters.contains(.iga) { try checkEnd() }
    try folder.checkWritable()
    if let file = values[Options.saveWeights] {
      try OutputFolder(file.deletingLastPathComponent()).checkWritable()
    }
  }

  private func checkEnd() throws(ExampleFailure) {
    let end = values[Options.end]
    let groups = (picture.height / patch) * (picture.width / patch)
    guard end >= groups else { return }
    throw ExampleFailure.usage(
      """
      --end \(end) is not below the \(groups) whole patches that --patch \(patch) leaves in a picture \
      of \(picture.width) x \(picture.height) pixels; lower --end or --patch.
      """)
  }

  /// The settings for the report, with the defaults that depend on others filled in.
  var reported: [Setting] {
    values.settings.map { setting in
      let value: String =
        switch setting.name {
        case "image" where !setting.isGiven: pictureName
        case "patch": "\(patch)"
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
      try network.readWeights(from: file.path)
    }
    return network
  }

  /// A fresh optimizer.
  func optimizer<Scalar: TensorScalar>(_: Scalar.Type) -> any Optimizer<Scalar> {
    let schedule = values[Options.schedule].schedule(from: values[Options.learningRate])
    return switch values[Options.optimizer] {
    case .adam: Adam<Scalar>(learningRate: schedule)
    case .sgd: SGD<Scalar>(learningRate: schedule)
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
    }
  }
}

extension ExampleFailure {
  /// The failure that another library's error stands for, with its exit code.
  init?(translating error: any Error) {
    switch error {
    case let error as FileError:
      let code: ExitCode =
        switch error.kind {
        case .noSuchFile, .unreadable: .noInput
        case .malformed, .unsupported, .missing: .dataError
        case .unwritable: .cannotCreate
        }
      self.init(error.description, exitCode: code)
    case let error as PictureError: self = .usage("--downscale: \(error.description)")
    case let error as AdjusterError: self = .software(error.description)
    default: return nil
    }
  }
}
