import AutoDiff
import TensorKit

/// A network of complex Gabor wavelets from coordinates to signal values: WIRE, and FINER++ on it.
///
/// The first layer is real, all later ones are complex, and the network's output is the last one's
/// real part. Parameters are named `layers.N.weight` and `layers.N.bias`; those of complex layers are
/// stored as `ComplexLinear` says, real parts first.
public struct ComplexCoordinateNetwork<Scalar: TensorScalar>: Module {
  /// The first layer, of real numbers.
  public var firstLayer: Linear<Scalar>
  /// The complex layers after it, first to last.
  public var layers: [ComplexLinear<Scalar>]
  /// Follows every layer but the last.
  public let wavelet: ComplexGaborWavelet<Scalar>
  /// FINER's ω, if wavelets are those of variable sines of the layers' outputs.
  public let sineFrequency: Scalar?

  /// A network from its parts.
  ///
  /// - Precondition: There is a complex layer, and each layer's outputs are the next one's inputs.
  public init(
    firstLayer: Linear<Scalar>, layers: [ComplexLinear<Scalar>],
    wavelet: ComplexGaborWavelet<Scalar>, sineFrequency: Scalar? = nil
  ) {
    precondition(!layers.isEmpty, "a complex network without complex layers")
    for (outputs, layer) in zip([firstLayer.outputs] + layers.map(\.outputs), layers) {
      precondition(
        outputs == layer.inputs,
        "a layer with \(outputs) outputs before one with \(layer.inputs) inputs")
    }
    self.firstLayer = firstLayer
    self.layers = layers
    self.wavelet = wavelet
    self.sineFrequency = sineFrequency
  }

  /// The signal's values at coordinates.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Shape: [samples, outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    var features = firstFeatures(at: input)
    for layer in layers.dropLast() { features = self.features(of: layer(features)) }
    return layers[layers.count - 1](features).realParts()
  }

  /// The wavelets of the first layer's outputs, whose imaginary parts are zero.
  func firstFeatures(at input: Variable<Scalar>) -> Variable<Scalar> {
    let real =
      if let sineFrequency {
        firstLayer(input, then: VariableSine(frequency: sineFrequency))
      } else {
        firstLayer(input)
      }
    return wavelet(.complexRows(real: real, imaginary: Variable(Tensor(zeros: real.shape))))
  }

  /// The wavelets of a complex layer's outputs.
  func features(of output: Variable<Scalar>) -> Variable<Scalar> {
    wavelet(sineFrequency.map { ComplexVariableSine(frequency: $0)(output) } ?? output)
  }

  /// Shows the layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    let roles = ParameterRole.chain(
      of: layers.count + 1, frequency: sineFrequency.map { Double($0) })
    visitor.visit(&firstLayer, named: "layers.0", role: roles[0])
    for (index, role) in roles.dropFirst().enumerated() {
      visitor.visit(&layers[index], named: "layers.\(index + 1)", role: role)
    }
  }
}

extension ComplexCoordinateNetwork {
  /// WIRE: complex Gabor wavelets `exp(i ω z - |s z|²)`.
  ///
  /// Weights and biases are uniform within ±1/√fan-in, real and imaginary parts each.
  ///
  /// Source: V. Saragadam et al., "WIRE: wavelet implicit neural representations", CVPR 2023, and the
  /// code published with it.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of complex units of each hidden layer; the published ⌊256/√2⌋ make about as
  ///     many real parameters as 256 real units.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - scale: s, in every layer.
  ///   - generator: Draws the parameters, layer by layer.
  public static func wire(
    inputs: Int, outputs: Int, width: Int = 181, hiddenLayers: Int = 2, frequency: Double = 20,
    scale: Double = 10, using generator: inout some RandomNumberGenerator
  ) -> ComplexCoordinateNetwork {
    let sizes = layerSizes(
      inputs: inputs, width: width, hiddenLayers: hiddenLayers, outputs: outputs)
    let first = Linear<Scalar>(inputs: inputs, outputs: width, using: &generator)
    let layers = zip(sizes.dropFirst(), sizes.dropFirst(2)).map { inputs, outputs in
      ComplexLinear<Scalar>(inputs: inputs, outputs: outputs, using: &generator)
    }
    return ComplexCoordinateNetwork(
      firstLayer: first, layers: layers,
      wavelet: ComplexGaborWavelet(frequency: Scalar(frequency), scale: Scalar(scale)))
  }

  /// FINER++ on WIRE: complex wavelets `exp(i ω_w u - |s u|²)` of variable sines
  /// `u = sin(ω (|z| + 1) z)`, whose scale |z| + 1 counts as a constant.
  ///
  /// The first layer's weights are uniform within ±1/fan-in, all later ones' within ±√(6/fan-in)/(ω ω_w),
  /// biases within ±1/√fan-in but for the first layer's; real and imaginary parts each.
  ///
  /// Source: H. Zhu et al., "FINER++: building a family of variable-periodic functions for activating
  /// implicit neural representation", 2024, and the code published with it.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of complex units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - frequency: ω, in every layer.
  ///   - waveletFrequency: ω_w, in every layer.
  ///   - scale: s, in every layer.
  ///   - firstBiasBound: The first layer's biases are uniform within ± this: 1 for pictures, 1/√3 for
  ///     distance fields; within ±1/√fan-in if nil.
  ///   - generator: Draws the parameters, layer by layer.
  public static func wireFINER(
    inputs: Int, outputs: Int, width: Int = 181, hiddenLayers: Int = 2, frequency: Double = 5,
    waveletFrequency: Double = 4, scale: Double = 2, firstBiasBound: Double? = 1,
    using generator: inout some RandomNumberGenerator
  ) -> ComplexCoordinateNetwork {
    let sizes = layerSizes(
      inputs: inputs, width: width, hiddenLayers: hiddenLayers, outputs: outputs)
    let first = Linear<Scalar>(
      inputs: inputs, outputs: width, weightBound: 1 / Double(inputs), biasBound: firstBiasBound,
      using: &generator)
    let layers = zip(sizes.dropFirst(), sizes.dropFirst(2)).map { inputs, outputs in
      ComplexLinear<Scalar>(
        inputs: inputs, outputs: outputs,
        weightBound: (6 / Double(inputs)).squareRoot() / (frequency * waveletFrequency),
        using: &generator)
    }
    return ComplexCoordinateNetwork(
      firstLayer: first, layers: layers,
      wavelet: ComplexGaborWavelet(frequency: Scalar(waveletFrequency), scale: Scalar(scale)),
      sineFrequency: Scalar(frequency))
  }
}
