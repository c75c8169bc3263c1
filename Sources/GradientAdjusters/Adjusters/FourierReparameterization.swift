import AutoDiff
import TensorKit

/// Fourier reparameterization: learns hidden layers' weights as combinations of fixed cosines.
///
/// The weight of each chosen layer becomes the product `W = Λ B` of trainable coefficients Λ and a fixed
/// basis B, in which row (ω, φ) holds `amplitude · cos(ω zⱼ + φ)` at evenly spaced points zⱼ, one for
/// each input of the layer. The layer is initialized anew: it does not keep its function. What it
/// computes is as fast as before, since W is formed once for a whole batch, and after training
/// ``folded(_:over:)`` gives the plain layer back.
///
/// The gradient by W passes through Bᵀ B, and that is where the method acts: an optimizer sees Λ. The
/// amplitude leaves the initial weights as they are and scales their steps, by its square under
/// gradient descent and about by itself under Adam.
///
/// ```swift
/// let adjuster = FourierReparameterization<Float>(amplitude: 0.004)
/// ```
///
/// Source: K. Shi, X. Zhou and S. Gu, "Improved implicit neural representation with Fourier
/// reparameterized training", CVPR 2024, and the settings published with it.
public struct FourierReparameterization<Scalar: TensorScalar>: GradientAdjuster {
  /// How many frequencies up to 1 the basis has: j / `lowFrequencies` for j from 1 on.
  public let lowFrequencies: Int
  /// How many whole frequencies, from 1 on, the basis has beside them.
  public let highFrequencies: Int
  /// How many phases, evenly spaced over a turn, the basis has for each frequency.
  public let phases: Int
  /// The cosines' amplitude, α in the paper.
  public let amplitude: Double
  /// The names of the layers to reparameterize; nil for all trainable hidden ones.
  public let layers: [String]?

  /// Fourier reparameterization.
  ///
  /// Published amplitudes for pictures, with the frequencies and phases that are the defaults here,
  /// are 0.001 for rectified linear units, 0.05 with positional encoding and 0.004 for sines.
  ///
  /// - Parameters:
  ///   - lowFrequencies: How many frequencies up to 1 the basis has.
  ///   - highFrequencies: How many whole frequencies the basis has.
  ///   - phases: How many phases the basis has for each frequency.
  ///   - amplitude: The cosines' amplitude.
  ///   - layers: The full names of the linear layers to reparameterize, such as `layers.1`. By
  ///     default all trainable ones with the role of a hidden layer.
  /// - Precondition: There is a frequency, a phase, and a positive amplitude.
  public init(
    lowFrequencies: Int = 128, highFrequencies: Int = 128, phases: Int = 32, amplitude: Double,
    layers: [String]? = nil
  ) {
    precondition(
      lowFrequencies >= 0 && highFrequencies >= 0 && lowFrequencies + highFrequencies > 0
        && phases > 0,
      "a basis of \(lowFrequencies) low and \(highFrequencies) high frequencies, \(phases) phases")
    precondition(amplitude > 0 && amplitude.isFinite, "an amplitude of \(amplitude)")
    self.lowFrequencies = lowFrequencies
    self.highFrequencies = highFrequencies
    self.phases = phases
    self.amplitude = amplitude
    self.layers = layers
  }

  /// The number of basis vectors: frequencies times phases.
  public var vectorCount: Int { (lowFrequencies + highFrequencies) * phases }

  /// The basis for layers with a number of inputs.
  ///
  /// `B[(ω, φ), j] = amplitude · cos(ω zⱼ + φ)`: low frequencies first, the phases of each after one
  /// another. The points zⱼ span one period of the lowest frequency, both ends included.
  ///
  /// - Returns: Shape: [vectors, inputs].
  public func basis(inputs: Int) -> Tensor<Double> {
    let lows = (1...max(lowFrequencies, 1)).prefix(lowFrequencies)
    let highs = (1...max(highFrequencies, 1)).prefix(highFrequencies)
    let frequencies = lows.map { Double($0) / Double(lowFrequencies) } + highs.map(Double.init)
    let halfPeriod = Double.pi * Double(max(lowFrequencies, 1))
    let points = Tensor.evenlySpaced(over: -halfPeriod...halfPeriod, count: inputs).elements
    return Tensor(shape: [vectorCount, inputs]) { elements in
      var index = 0
      for frequency in frequencies {
        for phase in 0..<phases {
          let angle = 2 * Double.pi * Double(phase) / Double(phases)
          for point in points {
            elements[index] = amplitude * (frequency * point + angle).cosine()
            index += 1
          }
        }
      }
    }
  }

  /// Rewrites the chosen layers as published: coefficients of vector m uniform within
  /// ±√(6 / vectors) / |Bₘ|, divided by the frequency of the layer's role if it has one, and biases of
  /// zero.
  ///
  /// A basis vector that is zero but for rounding starts with coefficients of zero. A layer that has
  /// this basis already keeps its coefficients and bias, so that training goes on where it was.
  ///
  /// - Throws: ``AdjusterError`` if a chosen layer does not exist, or none has the role of a hidden layer;
  ///   the model is then unchanged.
  public mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) throws {
    var bases: [Int: ScaledBasis<Scalar>] = [:]
    var rewritten: [String: Linear<Scalar>] = [:]
    let chosen = try model.layers(named: layers) { role, layer in
      role.isHidden && layer.isTrainable
    }
    for (name, role, layer) in chosen {
      let basis = bases[layer.inputs] ?? ScaledBasis(self, inputs: layer.inputs)
      bases[layer.inputs] = basis
      if let known = layer.basis, known.matrix == basis.basis.matrix { continue }
      var replacement = Linear(
        coefficients: basis.coefficients(
          outputs: layer.outputs, frequency: role.frequency ?? 1, using: &generator),
        basis: basis.basis, bias: layer.bias.map { Tensor(zeros: $0.shape) })
      replacement.isTrainable = layer.isTrainable
      replacement.normalization = layer.normalization
      rewritten[name] = replacement
    }
    model.forEachLayer { name, _, layer in
      if let replacement = rewritten[name] { layer = replacement }
    }
  }

  /// The model with plain weights in the place of products.
  public func folded<Model: Module<Scalar>>(
    _ model: Model, over inputs: Tensor<Scalar>? = nil
  ) -> Model { model.withPlainWeights() }
}

/// A basis for some number of inputs, with the norms of its vectors.
private struct ScaledBasis<Scalar: TensorScalar> {
  let basis: WeightBasis<Scalar>
  /// The vectors' norms; nil for those that are zero but for rounding.
  private let norms: [Double?]

  init(_ settings: FourierReparameterization<Scalar>, inputs: Int) {
    let matrix = settings.basis(inputs: inputs)
    let smallest = 1e-9 * settings.amplitude
    basis = WeightBasis(Tensor(matrix))
    let (scaled, exponent) = matrix.scaledToUnitMagnitude()
    norms = scaled.squared().sum(alongAxis: 1).squareRoot().elements
      .map { Double(sign: .plus, exponent: exponent, significand: $0) }
      .map { $0 > smallest ? $0 : nil }
  }

  func coefficients(
    outputs: Int, frequency: Double, using generator: inout some RandomNumberGenerator
  ) -> Tensor<Scalar> {
    let spread = (6 / Double(norms.count)).squareRoot() / frequency
    let bounds = Tensor<Double>(norms.map { norm in norm.map { spread / $0 } ?? 0 })
    return Tensor(
      Tensor<Double>.uniform(over: -1...1, shape: [outputs, norms.count], using: &generator)
        * bounds)
  }
}
