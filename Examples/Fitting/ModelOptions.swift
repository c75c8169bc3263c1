import ExampleSupport
import INRZoo

/// The options that set a network up.
public enum ModelOptions {
  /// The network.
  public static let model = Option(
    "model", .choice { (model: ModelName) in model.about }, default: .siren,
    help: "The network.")
  /// Units of each hidden layer.
  public static let width = Option(
    "width", .integer(in: 1...65_536, "W"), default: 256,
    help: """
      Units of each hidden layer; wire, wire-finer and wire-finer-real have W divided by the root of 2, as \
      published.
      """)
  /// The number of layers from hidden units to hidden units.
  public static let hiddenLayers = Option(
    "hidden-layers", .integer(in: 0...1000, "H"), default: 2,
    help: "Layers from hidden units to hidden units; 2 make four weight matrices.")
  /// The frequency of sines or wavelets.
  public static let omega = Option(
    "omega", .number(.positive, "W"),
    help: """
      The frequency of sines or wavelets; 30 for siren and finer, 20 for wire and wire-real, 10 for \
      gauss-finer, 5 for wire-finer and wire-finer-real.
      """)
  /// The scale of bumps, wavelets, filters or random frequencies.
  public static let scale = Option(
    "scale", .number(.positive, "S"),
    help: """
      One divided by the width of bumps and wavelets; 30 for gauss, 10 for wire and wire-real, 3 for \
      gauss-finer, 2 for wire-finer and wire-finer-real. For rff the frequencies' standard deviation, 8; \
      for mfn how far they reach, 256.
      """)
  /// The bound of the first layer's biases.
  public static let firstBias = Option(
    "first-bias-scale", .number(.positive, "B"),
    help: """
      The first layer's biases lie within plus or minus B, in the models of variable sines; 1 for \
      gauss-finer, wire-finer and wire-finer-real, and as in all layers for finer.
      """)
  /// The frequency of wavelets of variable sines.
  public static let waveletOmega = Option(
    "wavelet-omega", .number(.positive, "W"), default: 4,
    help: "The frequency of wire-finer's and wire-finer-real's wavelets.")
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
    }, default: .halfTurns, help: "The frequencies of pe's encoding, which double.")
  /// The number of an encoding's frequencies.
  public static let frequencies = Option(
    "pe-frequencies", .integer(in: 0...30, "F"),
    help: "The number of frequencies of pe's encoding; 6 from pi on, 10 from 1 on.")
  /// The number of random frequencies.
  public static let randomFrequencies = Option(
    "rff-frequencies", .integer(in: 1...65_536, "F"), default: 128,
    help: "The number of rff's random frequencies.")

  /// All of them, the model first.
  public static let all: [any OptionDeclaration] = [
    model, width, hiddenLayers, omega, scale, firstBias, waveletOmega, scaleGradient,
    encodingConvention, frequencies, randomFrequencies,
  ]

  /// Refuses options that the command line gives and that mean nothing to the models.
  ///
  /// - Parameters:
  ///   - values: The command line's values.
  ///   - models: The models; one that an option belongs to is enough.
  /// - Throws: A failure that names the option and the models that have it.
  public static func check(_ values: OptionValues, of models: [ModelName]) throws(ExampleFailure) {
    for option in all where values.gives(option) {
      let owners = ModelName.allCases.filter { $0.has(option) }
      if models.contains(where: owners.contains) { continue }
      throw .usage(
        """
        --\(option.name) is not an option of --model \(models.map(\.rawValue).joined(separator: ", ")); leave it \
        out, or choose one of \(owners.map(\.rawValue).joined(separator: ", "))
        """)
    }
  }
}

extension ModelName {
  /// What to change if the network's initial weights are of no use.
  public var constantsRemedy: String {
    let names = [ModelOptions.omega, ModelOptions.scale].filter(has).map { "--\($0.name)" }
    return names.isEmpty ? "choose another --seed" : "check \(names.joined(separator: " and "))"
  }

  /// Whether an option has an influence on the model.
  func has(_ option: any OptionDeclaration) -> Bool {
    switch option.name {
    case ModelOptions.omega.name: publishedOmega != nil
    case ModelOptions.scale.name: publishedScale != nil
    case ModelOptions.firstBias.name: self == .finer || publishedFirstBias != nil
    case ModelOptions.waveletOmega.name: self == .wireFiner || self == .realWireFiner
    case ModelOptions.scaleGradient.name: self == .finer
    case ModelOptions.encodingConvention.name, ModelOptions.frequencies.name: self == .pe
    case ModelOptions.randomFrequencies.name: self == .randomFeatures
    default: true
    }
  }
}
