import AutoDiff
import ExampleSupport
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What weight files note of the signal that their network was fitted to.
package struct SignalNote: Sendable {
  /// The name under which it is noted, which is that of the option that chooses it.
  package let option: String
  /// The option's value.
  package let value: String

  /// A note of an option's value.
  package init(_ option: String, _ value: String) {
    self.option = option
    self.value = value
  }
}

// MARK: - The weights that runs start from

extension AdjusterExperiment {
  /// The fingerprint of the file of initial weights, by its option; empty without one.
  package static func contentsOfInitialWeights(
    _ values: OptionValues
  ) throws -> [String: UInt64] {
    guard let file = values[WeightOptions.initial] else { return [:] }
    let fingerprint = try ExampleFailure.reading(
      WeightOptions.initial, file, remedy: "give a .safetensors file with the model's weights"
    ) { try WholeFile.bytes(ofFileAt: $0).fingerprint }
    return [WeightOptions.initial.name: fingerprint]
  }

  /// A network with the weights of the file that is to be started from, if there is one.
  ///
  /// It is reparameterized and normalized if the file holds coefficients and normalizations.
  ///
  /// - Parameters:
  ///   - untrained: A network with weights that were drawn.
  ///   - note: What the file must note of the signal, if it notes anything.
  ///   - generator: Draws what the file does not hold.
  package func started<Scalar, Model: Module<Scalar>>(
    _ untrained: Model, noting note: SignalNote? = nil, using generator: inout SeededGenerator
  ) throws -> any Module<Scalar> {
    guard let file = values[WeightOptions.initial] else { return untrained }
    var network = untrained
    let isNoted = try ExampleFailure.reading(
      WeightOptions.initial, file, remedy: "give a .safetensors file with the model's weights"
    ) { path in
      let stored = try SafeTensorsFile(contentsOf: path)
      let isNoted = try recipe.checkModel(stored.metadata, path: path)
      if let note, let noted = stored.metadata[note.option], noted != note.value {
        throw FileError(
          .malformed, path: path,
          reason: "its weights are not for --\(note.option) \(note.value); give \(noted)")
      }
      try recipe.readWeights(of: stored, path: path, into: &network, using: &generator)
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
  package func start<Scalar, Model: Module<Scalar>>(
    for choice: AdjusterChoice, from network: Model, over inputs: Tensor<Scalar>
  ) throws -> Model {
    let normalization: BatchNormalization<Scalar> =
      recipe.settings.normalization.adjuster(for: recipe.model, over: inputs)
    let start = choice.contains(.bn) ? network : try normalization.folded(network, over: inputs)
    return choice.contains(.fr) ? start : start.withPlainWeights()
  }
}

extension Recipe {
  /// Gives a network the weights of a file; it is reparameterized and normalized if the file holds coefficients and
  /// normalizations.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - path: Where it is.
  ///   - network: The network.
  ///   - generator: Draws what the file does not hold.
  /// - Throws: `FileError` if the weights do not fit the network or this recipe's adjusters.
  package func readWeights<Model: Module>(
    of file: SafeTensorsFile, path: String, into network: inout Model,
    using generator: inout SeededGenerator
  ) throws {
    if try holdsCoefficients(file, path) {
      var adjuster: FourierReparameterization<Model.Scalar> = settings.fourier.adjuster(for: model)
      try adjuster.prepare(&network, using: &generator)
    }
    try normalize(&network, for: file, path: path, using: &generator)
    try network.readWeights(from: path)
  }
}

// MARK: - The weights that runs end with

extension AdjusterExperiment {
  /// The file that receives the final weights, if they are to be saved.
  package func weightsFile(for name: AdjusterChoice) -> URL? { weightsFile(ofRun: name.name) }

  /// The file that receives the final weights of a run, if they are to be saved.
  package func weightsFile(ofRun name: String) -> URL? {
    values[WeightOptions.saved].map { file in
      file.deletingLastPathComponent().appendingPathComponent(
        fileName(file.namingWeights.lastPathComponent, ofRun: name))
    }
  }

  /// Where final weights go, for a plan of files.
  package var plannedWeights: [FilePlan.Named] {
    runNames.compactMap { run in
      weightsFile(ofRun: run).map { FilePlan.Named(WeightOptions.saved.name, $0) }
    }
  }

  /// What weight files note about a run's parameters.
  package func weightMetadata(
    for choice: AdjusterChoice, noting note: SignalNote? = nil
  ) -> NamedValues<String> {
    var metadata = recipe.model.metadata
    if let note { metadata[note.option] = note.value }
    if choice.contains(.fr) { metadata[Recipe.fourierKey] = recipe.fourierText }
    if choice.contains(.bn) { metadata[Recipe.normalizationKey] = recipe.normalizationText }
    return metadata
  }

  /// Refuses paths for final weights that no file can be written to.
  package func checkWeightsFiles() throws(ExampleFailure) {
    for name in runNames { try checkWeightsFile(ofRun: name) }
  }

  private func checkWeightsFile(ofRun name: String) throws(ExampleFailure) {
    guard let given = values[WeightOptions.saved], let file = weightsFile(ofRun: name) else {
      return
    }
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
}
