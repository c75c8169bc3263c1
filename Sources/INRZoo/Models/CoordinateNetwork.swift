import AutoDiff
import TensorKit

/// A multilayer perceptron from coordinates to signal values: an implicit neural representation.
///
/// An encoding, if there is one, then linear layers with an activation after each but the last.
/// Parameters are named `layers.N.weight` and `layers.N.bias`, those of a layer's normalization
/// `norms.N.weight` and `norms.N.bias`, and those of an encoding `encoding.…`. The recipes, from
/// ``relu(inputs:outputs:width:hiddenLayers:hasWideLastLayer:using:)`` to
/// ``realWIREFINER(inputs:outputs:width:hiddenLayers:frequency:waveletFrequency:scale:firstBiasBound:using:)``,
/// have the published initializations.
public struct CoordinateNetwork<Scalar: TensorScalar>: Module {
  /// Applied to the coordinates first.
  public private(set) var encoding: (any CoordinateEncoding<Scalar>)?
  /// The linear layers, first to last.
  public var layers: [Linear<Scalar>]
  /// Follows every layer but the last.
  public let activation: any Activation<Scalar>
  /// ω, by which the weights of hidden layers are divided, in radians; nil if no sine follows them.
  public let sineFrequency: Double?

  /// A network from its parts.
  ///
  /// - Parameters:
  ///   - encoding: Applied to the coordinates first.
  ///   - layers: The linear layers, first to last.
  ///   - activation: Follows every layer but the last.
  ///   - sineFrequency: ω, by which the weights of hidden layers are divided; by default that of the
  ///     activation, if it has one.
  /// - Precondition: There is a layer, each layer's outputs are the next one's inputs, and the
  ///   encoding's outputs the first one's.
  public init(
    encoding: (any CoordinateEncoding<Scalar>)? = nil, layers: [Linear<Scalar>],
    activation: any Activation<Scalar>, sineFrequency: Double? = nil
  ) {
    precondition(!layers.isEmpty, "a network without layers")
    for (layer, next) in zip(layers, layers.dropFirst()) {
      precondition(
        layer.outputs == next.inputs,
        "a layer with \(layer.outputs) outputs before one with \(next.inputs) inputs")
    }
    precondition(
      encoding.map { $0.outputs == layers[0].inputs } ?? true,
      "an encoding with \(encoding?.outputs ?? 0) outputs before a layer with \(layers[0].inputs) inputs"
    )
    self.encoding = encoding
    self.layers = layers
    self.activation = activation
    self.sineFrequency = sineFrequency ?? activation.sineFrequency
  }

  /// The signal's values at some coordinates.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Shape: [samples, outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    var features = encoding?(input) ?? input
    for layer in layers.dropLast() { features = layer(features, then: activation) }
    return layers[layers.count - 1](features)
  }

  /// Shows the encoding and the layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    if var encoding {
      visitor.visit(&encoding, named: "encoding")
      self.encoding = encoding
    }
    visitor.visit(
      &layers, named: "layers", normalizationsNamed: "norms",
      roles: ParameterRole.chain(of: layers.count, frequency: sineFrequency))
  }
}

extension CoordinateNetwork {
  /// Layers from coordinates through hidden units to values, with biases within ±1/√fan-in unless told
  /// otherwise.
  ///
  /// - Parameters:
  ///   - firstBiasBound: The bound of the first layer's biases, if it is another.
  ///   - bound: The bound of a layer's weights, given its place and the number of its inputs; nil for
  ///     ±1/√fan-in.
  static func layers(
    inputs: Int, outputs: Int, width: Int, hiddenLayers: Int, firstBiasBound: Double? = nil,
    using generator: inout some RandomNumberGenerator,
    weightBound bound: (_ place: LayerPlace, _ fanIn: Double) -> Double?
  ) -> [Linear<Scalar>] {
    let sizes = layerSizes(
      inputs: inputs, width: width, hiddenLayers: hiddenLayers, outputs: outputs)
    return sizes.indices.dropLast().map { index in
      let place: LayerPlace = index == 0 ? .first : index == sizes.count - 2 ? .last : .hidden
      return Linear<Scalar>(
        inputs: sizes[index], outputs: sizes[index + 1],
        weightBound: bound(place, Double(sizes[index])),
        biasBound: index == 0 ? firstBiasBound : nil, using: &generator)
    }
  }
}

/// Where a layer is in a network.
enum LayerPlace {
  case first, hidden, last
}

/// The numbers of columns before, between and after a network's layers.
func layerSizes(inputs: Int, width: Int, hiddenLayers: Int, outputs: Int) -> [Int] {
  precondition(
    inputs > 0 && width > 0 && hiddenLayers >= 0 && outputs > 0,
    "a network of \(inputs) inputs, \(hiddenLayers) hidden layers of \(width), \(outputs) outputs")
  return [inputs] + Array(repeating: width, count: hiddenLayers + 1) + [outputs]
}
