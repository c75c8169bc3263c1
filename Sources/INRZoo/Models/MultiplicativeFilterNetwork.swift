import AutoDiff
import TensorKit

/// A network that multiplies filters of the coordinates instead of composing activations: `z₀ = g₀(x)`,
/// `z_{i+1} = (W_i z_i + b_i) ∘ g_{i+1}(x)`, and a linear layer at the end.
///
/// Its outputs are sums of sines, or of Gabor functions, of the coordinates. Parameters are named
/// `filters.N.…`, `layers.N.…`.
///
/// Source: R. Fathony et al., "Multiplicative filter networks", ICLR 2021.
public struct MultiplicativeFilterNetwork<Scalar: TensorScalar>: Module {
  /// A layer of filters: `sin(Ω x + φ)`, in Gabor networks times `exp(-γ_h |x - μ_h|² / 2)`.
  public struct Filter: Module {
    /// Ω and φ.
    public var linear: Linear<Scalar>
    /// μ, of shape [units, coordinates], if there are envelopes.
    public private(set) var centers: Variable<Scalar>?
    /// γ, of shape [units], if there are envelopes.
    public private(set) var sharpness: Variable<Scalar>?

    /// Sines, everywhere as large.
    public init(linear: Linear<Scalar>) { self.linear = linear }

    /// Sines within envelopes.
    ///
    /// - Parameters:
    ///   - linear: Ω and φ.
    ///   - centers: μ. Shape: [units, coordinates].
    ///   - sharpness: γ, the inverse of the envelopes' variances. Shape: [units].
    /// - Precondition: The shapes agree.
    public init(linear: Linear<Scalar>, centers: Tensor<Scalar>, sharpness: Tensor<Scalar>) {
      precondition(
        centers.shape == [linear.outputs, linear.inputs] && sharpness.shape == [linear.outputs],
        "envelopes of shapes \(centers.shape), \(sharpness.shape) for \(linear.outputs) units")
      self.linear = linear
      self.centers = Variable(centers)
      self.sharpness = Variable(sharpness)
    }

    /// The filters at coordinates.
    ///
    /// - Parameter input: Shape: [samples, coordinates].
    /// - Returns: Shape: [samples, units].
    public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
      let waves = linear(input, then: Sine(frequency: 1))
      guard let centers, let sharpness else { return waves }
      return waves * Variable.applying(GaussianEnvelope(), to: input, centers, sharpness)
    }

    /// Shows the parameters.
    public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
      visitor.visit(&linear, named: "linear")
      visitor.visit(&centers, named: "mu")
      visitor.visit(&sharpness, named: "gamma")
    }
  }

  /// The layers of filters, one more than there are hidden layers.
  public var filters: [Filter]
  /// The linear layers: hidden ones, and the last.
  public var layers: [Linear<Scalar>]

  /// A network from its parts.
  ///
  /// - Precondition: There are as many layers as filters, and their sizes agree.
  public init(filters: [Filter], layers: [Linear<Scalar>]) {
    precondition(
      !filters.isEmpty && filters.count == layers.count,
      "\(filters.count) filters and \(layers.count) layers")
    for (index, layer) in layers.enumerated() {
      precondition(
        layer.inputs == filters[index].linear.outputs
          && (index + 1 == layers.count || layer.outputs == filters[index + 1].linear.outputs),
        "a layer of shape \(layer.weight.shape) after \(filters[index].linear.outputs) filters")
    }
    self.filters = filters
    self.layers = layers
  }

  /// The signal's values at coordinates.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Shape: [samples, outputs].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    var features = filters[0](input)
    for (layer, filter) in zip(layers, filters.dropFirst()) {
      features = layer(features) * filter(input)
    }
    return layers[layers.count - 1](features)
  }

  /// Shows the filters and the layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&filters, named: "filters")
    visitor.visit(
      &layers, named: "layers", normalizationsNamed: "norms",
      roles: Array(repeating: .hidden(), count: layers.count - 1) + [.output])
  }
}

extension MultiplicativeFilterNetwork {
  /// A network of sines: FourierNet.
  ///
  /// With k layers of filters, Ω is uniform within ±scale/√(k · fan-in), φ within ±π; the linear layers'
  /// weights and biases within ±1/√fan-in.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - scale: How far the filters' frequencies reach.
  ///   - generator: Draws the parameters, filters first.
  public static func fourier(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, scale: Double = 256,
    using generator: inout some RandomNumberGenerator
  ) -> MultiplicativeFilterNetwork {
    let filters = (0...hiddenLayers).map { _ in
      Filter(
        linear: Linear(
          inputs: inputs, outputs: width,
          weightBound: scale / (Double(inputs * (hiddenLayers + 1))).squareRoot(), biasBound: .pi,
          using: &generator))
    }
    return MultiplicativeFilterNetwork(
      filters: filters,
      layers: layers(
        outputs: outputs, width: width, hiddenLayers: hiddenLayers, using: &generator))
  }

  /// A network of sines within Gaussian envelopes: GaborNet.
  ///
  /// With k layers of filters, the envelopes' γ is drawn from a gamma distribution of shape
  /// α/k and rate 1, μ is uniform within ±1, Ω within ±scale √γ / √(k · fan-in), φ within ±π; the linear
  /// layers' weights and biases within ±1/√fan-in.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - outputs: The number of values at each point.
  ///   - width: The number of units of each hidden layer.
  ///   - hiddenLayers: The number of layers from hidden units to hidden units.
  ///   - scale: How far the filters' frequencies reach.
  ///   - sharpness: α: the mean of all γ that belong to a product of filters.
  ///   - generator: Draws the parameters, filters first.
  public static func gabor(
    inputs: Int, outputs: Int, width: Int = 256, hiddenLayers: Int = 2, scale: Double = 256,
    sharpness: Double = 6, using generator: inout some RandomNumberGenerator
  ) -> MultiplicativeFilterNetwork {
    let count = Double(hiddenLayers + 1)
    let filters = (0...hiddenLayers).map { _ in
      let centers = Tensor<Scalar>.uniform(over: -1...1, shape: [width, inputs], using: &generator)
      let gammas = (0..<width).map { _ in
        gammaDistributed(shape: sharpness / count, using: &generator)
      }
      // Scaled in double precision, so that both precisions draw the same weights.
      let bound = scale / (Double(inputs) * count).squareRoot()
      let weights = Tensor<Double>.uniform(
        over: -bound...bound, shape: [width, inputs], using: &generator)
      let spreads = Tensor(gammas.map { $0.squareRoot() }).reshaped(to: [width, 1])
      let linear = Linear<Scalar>(
        weight: Tensor(weights * spreads),
        bias: .uniform(over: -Double.pi...Double.pi, shape: [width], using: &generator))
      return Filter(linear: linear, centers: centers, sharpness: Tensor(Tensor(gammas)))
    }
    return MultiplicativeFilterNetwork(
      filters: filters,
      layers: layers(
        outputs: outputs, width: width, hiddenLayers: hiddenLayers, using: &generator))
  }

  private static func layers(
    outputs: Int, width: Int, hiddenLayers: Int, using generator: inout some RandomNumberGenerator
  ) -> [Linear<Scalar>] {
    (0...hiddenLayers).map { index in
      Linear(
        inputs: width, outputs: index == hiddenLayers ? outputs : width, using: &generator)
    }
  }
}
