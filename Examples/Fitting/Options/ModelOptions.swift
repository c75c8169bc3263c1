import ExampleSupport
import INRZoo

/// The options that set a network up.
package enum ModelOptions {
  package static let model = RecipeOption(
    "model", .choice { (kind: ModelKind) in kind.about }, \.model.kind, help: "The network.")
  package static let width = RecipeOption(
    "width", .integer(in: 1...65_536, "W"), \.model.width,
    help: """
      Units of each hidden layer, \(standardWidths); \(names { $0.isNarrower }) have W divided by the \
      root of 2, as published.
      """)
  package static let hiddenLayers = RecipeOption(
    "hidden-layers", .integer(in: 0...1000, "H"), \.model.hiddenLayers,
    help: "Layers from hidden units to hidden units; 2 make four weight matrices.")
  package static let omega = RecipeOption(
    "omega", .number(.positive, "W"), open: \.model.constants[.omega],
    help: "The frequency of sines or wavelets; \(published(.omega)).")
  package static let scale = RecipeOption(
    "scale", .number(.positive, "S"), open: \.model.constants[.scale],
    help: """
      One divided by the width of bumps and wavelets, for rff the frequencies' standard deviation, for mfn \
      how far they reach; \(published(.scale)).
      """)
  package static let firstBias = RecipeOption(
    "first-bias-scale", .number(.positive, "B"), open: \.model.constants[.firstBias],
    help: """
      The first layer's biases lie within plus or minus B, in the models of variable sines; \
      \(published(.firstBias)), and as in all layers for finer.
      """)
  package static let waveletOmega = RecipeOption(
    "wavelet-omega", .number(.positive, "W"), open: \.model.constants[.waveletOmega],
    help: "The frequency of wavelets of variable sines; \(published(.waveletOmega)).")
  package static let scaleGradient = RecipeOption(
    flag: "scale-gradient", \.model.differentiatesScale,
    help: "Differentiates finer's sines through their scale, which counts as constant otherwise.")
  package static let encodingConvention = RecipeOption(
    "pe-convention",
    .choice { (convention: EncodingConvention) in
      switch convention {
      case .halfTurns: "from pi on, as in the systems of IGA, FR, SIREN and WIRE"
      case .radians: "from 1 on, as in FINER's and in radiance fields"
      }
    }, \.model.convention, where: { $0.model.kind.has(.convention) },
    help: "The frequencies of pe's encoding, which double.")
  package static let frequencies = RecipeOption(
    "pe-frequencies", whole(in: 0...30), open: \.model.constants[.frequencies],
    help: """
      The number of frequencies of pe's encoding; \(encodingFrequencies(.halfTurns)) from pi on, \
      \(encodingFrequencies(.radians)) from 1 on.
      """)
  package static let randomFrequencies = RecipeOption(
    "rff-frequencies", whole(in: 1...65_536), open: \.model.constants[.randomFrequencies],
    help: "The number of random frequencies; \(published(.randomFrequencies)).")

  package static let tableSize = RecipeOption(
    "hash-size", whole(in: 3...28, "T"), open: \.model.constants[.tableSize],
    help: """
      A level of hash's grid has at most 2^T rows of its own in the table; \
      \(NumberText.plain(ModelRecipe.tableSize)).
      """)

  /// All of them, the model first.
  package static let all = [model] + constants

  /// All but the model.
  package static let constants: [RecipeOption] = [
    width, hiddenLayers, omega, scale, firstBias, waveletOmega, scaleGradient,
    encodingConvention, frequencies, randomFrequencies, tableSize,
  ]

  /// A whole number that is kept as a constant.
  private static func whole(
    in range: ClosedRange<Int>, _ placeholder: String = "F"
  ) -> ValueKind<Double> {
    ValueKind<Int>.integer(in: range, placeholder).mapped(
      describe: { Int($0) }, value: { Double($0) })
  }

  private static var standardWidths: String {
    listing(ModelKind.allCases) { $0.standardWidth.map { "\($0)" } }
  }

  private static func published(_ constant: ModelKind.Constant) -> String {
    listing(ModelKind.allCases) { $0[constant].map(NumberText.plain) }
  }

  private static func encodingFrequencies(_ convention: EncodingConvention) -> String {
    NumberText.plain(ModelRecipe.encodingFrequencies(convention))
  }

  private static func names(_ isMeant: (ModelKind) -> Bool) -> String {
    ModelKind.allCases.filter(isMeant).map(\.rawValue).joined(separator: ", ")
  }

  /// Refuses options that the command line gives and that mean nothing to the models.
  ///
  /// - Parameters:
  ///   - values: The command line's values.
  ///   - models: The models; one that an option belongs to is enough.
  /// - Throws: A failure that names the option and the models that have it.
  package static func check(_ values: OptionValues, of models: [ModelKind]) throws(ExampleFailure) {
    for option in all where values.gives(option) {
      guard let constant = ModelKind.Constant(rawValue: option.name) else { continue }
      if models.contains(where: { $0.has(constant) }) { continue }
      throw .usage(
        """
        --\(option.name) is not an option of --model \(models.map(\.rawValue).joined(separator: ", ")); leave it \
        out, or choose one of \(names { $0.has(constant) })
        """)
    }
  }
}

extension ModelRecipe {
  /// The numbers of the constants, for a report.
  package var reported: [String: String] {
    Dictionary(
      uniqueKeysWithValues: ModelKind.Constant.allCases.compactMap { constant in
        value(of: constant).map { (constant.rawValue, NumberText.plain($0)) }
      })
  }
}

extension ModelKind {
  /// What to change if the network's initial weights are of no use.
  package var constantsRemedy: String {
    let names = [Constant.omega, .scale].filter(has).map { "--\($0.rawValue)" }
    return names.isEmpty ? "choose another --seed" : "check \(names.joined(separator: " and "))"
  }
}
