import AutoDiff
import TensorKit

/// A two-layer network with rectified linear units in the scaling of the neural tangent kernel, whose
/// second layer is a row of signs that training leaves alone.
///
/// `f(x) = a · relu((W x + b) / √2) / √m`, with m units, W drawn from a standard normal distribution, b zero
/// at first, and a of random signs. As m grows, training with small steps follows the kernel
/// ``infiniteWidthKernel(at:)``. Parameters are named `hidden.weight`, `hidden.bias` and `output.weight`;
/// the last is stored with the weights and has no gradient.
///
/// Source: experiment 1 of K. Shi, H. Chen, L. Zhang and S. Gu, "Inductive gradient adjustment for spectral
/// bias in implicit neural representations", ICML 2025; the scaling is that of A. Jacot, F. Gabriel
/// and C. Hongler, NeurIPS 2018, and S. Arora et al., ICML 2019.
public struct TwoLayerRectifierNetwork<Scalar: TensorScalar>: Module {
  /// W and b: from inputs to units.
  public var hidden: Linear<Scalar>
  /// The signs a, of shape [1, units]; no bias, not trained.
  public private(set) var output: Linear<Scalar>

  /// A network from its parameters.
  ///
  /// - Parameters:
  ///   - hiddenWeight: W. Shape: [units, inputs].
  ///   - hiddenBias: b. Shape: [units].
  ///   - signs: a. Shape: [1, units].
  /// - Precondition: The shapes agree.
  public init(hiddenWeight: Tensor<Scalar>, hiddenBias: Tensor<Scalar>, signs: Tensor<Scalar>) {
    precondition(
      hiddenWeight.rank == 2 && signs.shape == [1, hiddenWeight.shape[0]],
      "signs of shape \(signs.shape) for a weight of shape \(hiddenWeight.shape)")
    hidden = Linear(weight: hiddenWeight, bias: hiddenBias)
    output = Linear(weight: signs, bias: nil)
    output.isTrainable = false
  }

  /// A network with the published initialization.
  ///
  /// - Parameters:
  ///   - inputs: The number of coordinates.
  ///   - width: The number of units m.
  ///   - generator: Draws the weight in row-major order, then the signs.
  /// - Precondition: Both numbers are positive.
  public init(inputs: Int, width: Int, using generator: inout some RandomNumberGenerator) {
    precondition(
      inputs > 0 && width > 0, "a two-layer network of \(inputs) inputs and \(width) units")
    self.init(
      hiddenWeight: .normal(shape: [width, inputs], using: &generator),
      hiddenBias: Tensor(zeros: [width]),
      signs: Tensor(
        (0..<width).map { _ in Bool.random(using: &generator) ? 1 : -1 }, shape: [1, width]))
  }

  /// The number of units m.
  public var width: Int { hidden.outputs }

  /// The network's values.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, 1].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    // Rectification commutes with positive factors, so both are applied to the narrow output.
    output(hidden(input, then: Rectifier())) * (1 / (2 * Scalar(width)).squareRoot())
  }

  /// Shows both layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&hidden, named: "hidden", role: .input)
    visitor.visit(&output, named: "output", role: .output)
  }
}

extension TwoLayerRectifierNetwork {
  /// The neural tangent kernel of the network at its initialization as its width grows without bound.
  ///
  /// `K(x, x') = (x · x' + 1) (π − ∠(x, x')) / (4π)`, the 1 being the bias's part; zero where x or x' is
  /// zero. On the unit circle this is the closed form of experiment 1.
  ///
  /// - Parameter inputs: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, samples], exactly symmetric. Computed in double precision.
  /// - Complexity: samples² · inputs.
  public static func infiniteWidthKernel(at inputs: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(inputs.rank == 2, "the kernel of inputs of shape \(inputs.shape)")
    return Tensor(closedFormKernel(Tensor<Double>(inputs)))
  }
}

/// The kernel in double precision, where the loops over elements are compiled for the concrete type.
private func closedFormKernel(_ inputs: Tensor<Double>) -> Tensor<Double> {
  let (size, columns) = (inputs.shape[0], inputs.shape[1])
  let rows = inputs.elements
  let norms = (0..<size).map { row in
    let row = rows[(row * columns)..<((row + 1) * columns)]
    let squares = row.reduce(0) { $0 + $1 * $1 }
    // Squares that may have vanished or overflowed are not formed.
    guard squares > 0x1p-900, squares < .infinity else { return row.reduce(0, Double.length) }
    return squares.squareRoot()
  }
  return Tensor(shape: [size, size]) { kernel in
    for i in 0..<size {
      for j in 0...i {
        var (product, difference, sum) = (0.0, 0.0, 0.0)
        for column in 0..<columns {
          let (x, y) = (rows[i * columns + column], rows[j * columns + column])
          product += x * y
          let (u, v) = (x / norms[i], y / norms[j])
          difference += (u - v) * (u - v)
          sum += (u + v) * (u + v)
        }
        // W. Kahan's formula for the angle, exact to rounding where the arc cosine loses half the digits.
        let angle = 2 * .angle(x: sum.squareRoot(), y: difference.squareRoot())
        let isZero = norms[i] == 0 || norms[j] == 0
        let value = isZero ? 0 : (product + 1) * (.pi - angle) / (4 * .pi)
        kernel[i * size + j] = value
        kernel[j * size + i] = value
      }
    }
  }
}
