import AutoDiff
import TensorKit

/// A network with its sizes and constants; what is not said is as published.
public struct ModelRecipe: Codable, Hashable, Sendable {
  /// Which network.
  public var kind: ModelKind
  /// Units of each hidden layer, before a kind that is narrower divides them by √2.
  public var width: Int
  /// The number of layers from hidden units to hidden units.
  public var hiddenLayers: Int
  /// The constants that are not the published ones.
  public var constants: [ModelKind.Constant: Double]
  /// Whether derivatives pass through the scale of variable sines.
  public var differentiatesScale = false
  /// Which frequencies an encoding has.
  public var convention = EncodingConvention.halfTurns

  /// A network as published, but for what is given.
  public init(
    _ kind: ModelKind, width: Int = 256, hiddenLayers: Int = 2,
    constants: [ModelKind.Constant: Double] = [:]
  ) {
    self.kind = kind
    self.width = width
    self.hiddenLayers = hiddenLayers
    self.constants = constants
  }

  /// What a network maps.
  public struct Layout: Sendable {
    /// The largest frequency along each coordinate that a band-limited network can have, in cycles for
    /// each unit; as many as there are coordinates.
    public var bandwidths: [Double]
    /// The number of values at each point.
    public var outputs: Int

    /// From as many coordinates as bandwidths to a number of outputs.
    public init(bandwidths: [Double], outputs: Int) {
      self.bandwidths = bandwidths
      self.outputs = outputs
    }

    /// The number of coordinates.
    public var inputs: Int { bandwidths.count }
  }

  /// The network with its initial weights, which the generator draws.
  public func network<Scalar: TensorScalar>(
    _ layout: Layout, using generator: inout SeededGenerator, _ type: Scalar.Type
  ) -> any LayeredNetwork<Scalar> {
    kind.row(type).make(self, layout, &generator)
  }

  /// The value of a constant, given or published; 1 for kinds without it.
  public subscript(constant: ModelKind.Constant) -> Double { value(of: constant) ?? 1 }

  /// The value of a constant, given or published; nil for kinds without it, or without a number for it.
  public func value(of constant: ModelKind.Constant) -> Double? {
    guard kind.has(constant) else { return nil }
    if let given = constants[constant] { return given }
    return switch constant {
    case .frequencies: Self.encodingFrequencies(convention)
    case .tableSize: Self.tableSize
    default: kind[constant]
    }
  }

  /// T of hash grids, unless another is asked for: a few megabytes for all levels.
  public static let tableSize = 16.0

  /// The bound of the first layer's biases; nil for that of all layers.
  public var firstBiasBound: Double? { value(of: .firstBias) }

  /// Units of each hidden layer, complex ones where the network has those.
  public var units: Int {
    kind.isNarrower ? max(1, Int(Double(width) / 2.0.squareRoot())) : width
  }

  /// The published number of an encoding's frequencies, for pictures.
  public static func encodingFrequencies(_ convention: EncodingConvention) -> Double {
    convention == .halfTurns ? 6 : 10
  }
}

extension EncodingConvention: Codable {}
