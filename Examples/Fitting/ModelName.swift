/// The models that can be fitted.
public enum ModelName: String, CaseIterable, Sendable {
  /// Rectified linear units.
  case relu
  /// Rectified linear units on positionally encoded coordinates.
  case pe
  /// Sines.
  case siren
  /// Sines of variable frequency.
  case finer
  /// Gaussian bumps.
  case gauss
  /// Complex Gabor wavelets.
  case wire
  /// Real Gabor wavelets.
  case realWire = "wire-real"
  /// Gaussian bumps of variable sines.
  case gaussFiner = "gauss-finer"
  /// Complex Gabor wavelets of variable sines.
  case wireFiner = "wire-finer"
  /// Real Gabor wavelets of variable sines.
  case realWireFiner = "wire-finer-real"
  /// Rectified linear units on random Fourier features.
  case randomFeatures = "rff"
  /// A multiplicative filter network of Gabor filters.
  case multiplicative = "mfn"
  /// A band-limited multiplicative filter network.
  case bandLimited = "bacon"

  /// A line of explanation for the help.
  public var about: String {
    switch self {
    case .relu: "rectified linear units on the coordinates"
    case .pe: "the same on positionally encoded coordinates"
    case .siren: "sines (Sitzmann et al. 2020)"
    case .finer: "sines of variable frequency (Liu et al. 2024)"
    case .gauss: "Gaussian bumps (Ramasinghe and Lucey 2022)"
    case .wire: "complex Gabor wavelets (Saragadam et al. 2023)"
    case .realWire: "real Gabor wavelets"
    case .gaussFiner: "Gaussian bumps of variable sines (Zhu et al. 2024)"
    case .wireFiner: "complex Gabor wavelets of variable sines (Zhu et al. 2024)"
    case .realWireFiner: "real Gabor wavelets of variable sines, as released with IGA"
    case .randomFeatures: "rectified linear units on random Fourier features (Tancik et al. 2020)"
    case .multiplicative: "multiplicative filter network of Gabor filters (Fathony et al. 2021)"
    case .bandLimited: "band-limited multiplicative filter network (Lindell et al. 2022)"
    }
  }

  /// ω as published; nil for models without one.
  public var publishedOmega: Double? {
    switch self {
    case .siren, .finer: 30
    case .wire, .realWire: 20
    case .gaussFiner: 10
    case .wireFiner, .realWireFiner: 5
    case .relu, .pe, .gauss, .randomFeatures, .multiplicative, .bandLimited: nil
    }
  }

  /// The scale as published; nil for models without one.
  public var publishedScale: Double? {
    switch self {
    case .gauss: 30
    case .wire, .realWire: 10
    case .gaussFiner: 3
    case .wireFiner, .realWireFiner: 2
    case .randomFeatures: 8
    case .multiplicative: 256
    case .relu, .pe, .siren, .finer, .bandLimited: nil
    }
  }

  /// The bound of the first layer's biases as published; nil where it is that of all layers.
  public var publishedFirstBias: Double? {
    switch self {
    case .gaussFiner, .wireFiner, .realWireFiner: 1
    default: nil
    }
  }

  /// Whether a hidden layer has ⌊W/√2⌋ units, as published.
  public var isNarrower: Bool { self == .wire || self == .wireFiner || self == .realWireFiner }

  /// Whether hidden units are rectified linear.
  public var isRectified: Bool { self == .relu || self == .pe || self == .randomFeatures }

  /// Whether all layers but the first are complex.
  public var isComplex: Bool { self == .wire || self == .wireFiner }
}
