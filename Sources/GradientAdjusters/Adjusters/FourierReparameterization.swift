import AutoDiff
import TensorKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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
/// let adjuster = FourierReparameterization<Float>(amplitude: 0.004, sineFrequency: 30)
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
  /// ω of the sine that follows the chosen layers; nil if no sine does.
  public let sineFrequency: Double?
  /// The names of the layers to reparameterize; nil for all between the first and the last.
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
  ///   - sineFrequency: ω of layers that are followed by `sin(ω ·)`, whose coefficients start smaller
  ///     by that; an adjuster sees layers only, and not what follows them. Nil for other layers.
  ///   - layers: The full names of the linear layers to reparameterize, such as `layers.1`. By
  ///     default all trainable ones but the model's first and last, in the order in which it shows them.
  /// - Precondition: There is a frequency, a phase, and a positive amplitude and sine frequency.
  public init(
    lowFrequencies: Int = 128, highFrequencies: Int = 128, phases: Int = 32, amplitude: Double,
    sineFrequency: Double? = nil, layers: [String]? = nil
  ) {
    precondition(
      lowFrequencies >= 0 && highFrequencies >= 0 && lowFrequencies + highFrequencies > 0
        && phases > 0,
      "a basis of \(lowFrequencies) low and \(highFrequencies) high frequencies, \(phases) phases")
    precondition(
      amplitude > 0 && amplitude.isFinite && (sineFrequency ?? 1) > 0,
      "an amplitude of \(amplitude) before sines of frequency \(sineFrequency ?? 1)")
    self.lowFrequencies = lowFrequencies
    self.highFrequencies = highFrequencies
    self.phases = phases
    self.amplitude = amplitude
    self.sineFrequency = sineFrequency
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
            elements[index] = amplitude * cos(frequency * point + angle)
            index += 1
          }
        }
      }
    }
  }

  /// Rewrites the chosen layers as published: coefficients of vector m uniform within
  /// ±√(6 / vectors) / |Bₘ|, for sines divided by their frequency, and biases of zero.
  ///
  /// A basis vector that is zero but for rounding starts with coefficients of zero. A layer that has
  /// this basis already keeps its coefficients and bias, so that training goes on where it was.
  ///
  /// - Throws: ``AdjusterError`` if a chosen layer does not exist, or none is between the first and the
  ///   last; the model is then unchanged.
  public mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) throws {
    var bases: [Int: ScaledBasis<Scalar>] = [:]
    var rewritten: [String: Linear<Scalar>] = [:]
    for (name, layer) in try chosenLayers(of: model) {
      let basis = bases[layer.inputs] ?? ScaledBasis(self, inputs: layer.inputs)
      bases[layer.inputs] = basis
      if let known = layer.basis, known.matrix == basis.basis.matrix { continue }
      var replacement = Linear(
        coefficients: basis.coefficients(outputs: layer.outputs, using: &generator),
        basis: basis.basis, bias: layer.bias.map { Tensor(zeros: $0.shape) })
      replacement.isTrainable = layer.isTrainable
      replacement.normalization = layer.normalization
      rewritten[name] = replacement
    }
    var visitor = ModuleVisitor<Scalar>(onLayer: { name, layer in
      if let replacement = rewritten[name] { layer = replacement }
    })
    model.visit(&visitor)
  }

  /// The model with plain weights in the place of products.
  public func folded<Model: Module<Scalar>>(
    _ model: Model, over inputs: Tensor<Scalar>? = nil
  ) -> Model { model.withPlainWeights() }

  private func chosenLayers(
    of model: some Module<Scalar>
  ) throws(AdjusterError) -> [(name: String, layer: Linear<Scalar>)] {
    var found: [(name: String, layer: Linear<Scalar>)] = []
    var copy = model
    var visitor = ModuleVisitor<Scalar>(onLayer: { name, layer in found.append((name, layer)) })
    copy.visit(&visitor)
    guard let layers else {
      let hidden = found.dropFirst().dropLast().filter(\.layer.isTrainable)
      if hidden.isEmpty { throw .noHiddenLayer(layers: found.map(\.name)) }
      return hidden
    }
    let names = Set(found.map(\.name))
    for name in layers where !names.contains(name) {
      throw .noSuchLayer(name: name, layers: found.map(\.name))
    }
    return found.filter { layers.contains($0.name) }
  }
}

/// A basis for some number of inputs, with the bounds of its initial coefficients.
private struct ScaledBasis<Scalar: TensorScalar> {
  let basis: WeightBasis<Scalar>
  /// One for each vector, of shape [vectors].
  private let bounds: Tensor<Double>

  init(_ settings: FourierReparameterization<Scalar>, inputs: Int) {
    let matrix = settings.basis(inputs: inputs)
    let norms = matrix.squared().sum(alongAxis: 1).squareRoot().elements
    let spread =
      (6 / Double(settings.vectorCount)).squareRoot() / (settings.sineFrequency ?? 1)
    let smallest = 1e-9 * settings.amplitude
    basis = WeightBasis(Tensor(matrix))
    bounds = Tensor(norms.map { $0 > smallest ? spread / $0 : 0 })
  }

  func coefficients(
    outputs: Int, using generator: inout some RandomNumberGenerator
  ) -> Tensor<Scalar> {
    Tensor(
      Tensor<Double>.uniform(over: -1...1, shape: [outputs, bounds.count], using: &generator)
        * bounds)
  }
}
