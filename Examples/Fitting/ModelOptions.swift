import ExampleSupport
import INRZoo

/// The options that set a network up.
public enum ModelOptions {
  private static let defaults = Recipe.picture.model

  /// The network.
  public static let model = Option(
    "model", .choice { (kind: ModelKind) in kind.about }, default: defaults.kind,
    help: "The network.")
  /// Units of each hidden layer.
  public static let width = Option(
    "width", .integer(in: 1...65_536, "W"), default: defaults.width,
    help: """
      Units of each hidden layer; \(names { $0.isNarrower }) have W divided by the root of 2, as \
      published.
      """)
  /// The number of layers from hidden units to hidden units.
  public static let hiddenLayers = Option(
    "hidden-layers", .integer(in: 0...1000, "H"), default: defaults.hiddenLayers,
    help: "Layers from hidden units to hidden units; 2 make four weight matrices.")
  /// The frequency of sines or wavelets.
  public static let omega = Option(
    "omega", .number(.positive, "W"),
    help: "The frequency of sines or wavelets; \(published(.omega)).")
  /// The scale of bumps, wavelets, filters or random frequencies.
  public static let scale = Option(
    "scale", .number(.positive, "S"),
    help: """
      One divided by the width of bumps and wavelets, for rff the frequencies' standard deviation, for mfn \
      how far they reach; \(published(.scale)).
      """)
  /// The bound of the first layer's biases.
  public static let firstBias = Option(
    "first-bias-scale", .number(.positive, "B"),
    help: """
      The first layer's biases lie within plus or minus B, in the models of variable sines; \
      \(published(.firstBias)), and as in all layers for finer.
      """)
  /// The frequency of wavelets of variable sines.
  public static let waveletOmega = Option(
    "wavelet-omega", .number(.positive, "W"),
    help: "The frequency of wavelets of variable sines; \(published(.waveletOmega)).")
  /// Whether derivatives pass through the scale of variable sines.
  public static let scaleGradient = Option(
    flag: "scale-gradient",
    help: "Differentiates finer's sines through their scale, which counts as constant otherwise.")
  /// Which frequencies an encoding has.
  public static let encodingConvention = Option(
    "pe-convention",
    .choice { (convention: EncodingConvention) in
      switch convention {
      case .halfTurns: "from pi on, as in the systems of IGA, FR, SIREN and WIRE"
      case .radians: "from 1 on, as in FINER's and in radiance fields"
      }
    }, default: defaults.convention, help: "The frequencies of pe's encoding, which double.")
  /// The number of an encoding's frequencies.
  public static let frequencies = Option(
    "pe-frequencies", .integer(in: 0...30, "F"),
    help: """
      The number of frequencies of pe's encoding; \(encodingFrequencies(.halfTurns)) from pi on, \
      \(encodingFrequencies(.radians)) from 1 on.
      """)
  /// The number of random frequencies.
  public static let randomFrequencies = Option(
    "rff-frequencies", .integer(in: 1...65_536, "F"),
    help: "The number of random frequencies; \(published(.randomFrequencies)).")

  /// All of them, the model first.
  public static let all: [any OptionDeclaration] = [
    model, width, hiddenLayers, omega, scale, firstBias, waveletOmega, scaleGradient,
    encodingConvention, frequencies, randomFrequencies,
  ]

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
  public static func check(_ values: OptionValues, of models: [ModelKind]) throws(ExampleFailure) {
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
  /// A network from a command line; that of `--model` unless another is given.
  public init(_ values: OptionValues, kind: ModelKind? = nil) {
    self.init(
      kind ?? values[ModelOptions.model], width: values[ModelOptions.width],
      hiddenLayers: values[ModelOptions.hiddenLayers])
    differentiatesScale = values[ModelOptions.scaleGradient]
    convention = values[ModelOptions.encodingConvention]
    constants[.omega] = values[ModelOptions.omega]
    constants[.scale] = values[ModelOptions.scale]
    constants[.firstBias] = values[ModelOptions.firstBias]
    constants[.waveletOmega] = values[ModelOptions.waveletOmega]
    constants[.frequencies] = values[ModelOptions.frequencies].map(Double.init)
    constants[.randomFrequencies] = values[ModelOptions.randomFrequencies].map(Double.init)
  }

  /// The numbers of the constants, for a report.
  public var reported: [String: String] {
    Dictionary(
      uniqueKeysWithValues: ModelKind.Constant.allCases.compactMap { constant in
        value(of: constant).map { (constant.rawValue, NumberText.plain($0)) }
      })
  }
}

extension ModelKind {
  /// What to change if the network's initial weights are of no use.
  public var constantsRemedy: String {
    let names = [Constant.omega, .scale].filter(has).map { "--\($0.rawValue)" }
    return names.isEmpty ? "choose another --seed" : "check \(names.joined(separator: " and "))"
  }
}
