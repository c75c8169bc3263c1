import TensorKit

/// An elementwise function between the layers of a network.
///
/// A conforming type gives its value and its slope. ``fused(_:bias:slopes:)`` has a default, and can
/// be written to compute both in one sweep over memory.
///
/// The slope is *the derivative that is used everywhere*, in sweeps of any order and in kernels. It
/// need not be the true derivative of the value: FINER, for example, treats its scale as constant.
public protocol Activation<Scalar>: Sendable {
  /// The type of numbers that the activation works on.
  associatedtype Scalar: TensorScalar

  /// ω in radians if the function is, or starts with, a sine `sin(ω z)`; nil by default.
  ///
  /// The weights of layers before such a sine are usually divided by it.
  var sineFrequency: Double? { get }

  /// The function's value at each element.
  func value(at preactivation: Variable<Scalar>) -> Variable<Scalar>

  /// The function's derivative at each element, as a variable that can be differentiated in turn.
  func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar>

  /// The values at `preactivation + bias` and, if asked, what ``pullback(_:values:slopes:)`` needs.
  ///
  /// - Parameters:
  ///   - preactivation: Shape: [rows, columns].
  ///   - bias: Added to each row. Shape: [columns].
  ///   - slopes: Whether slopes are wanted. The result may leave them out where the values say it all.
  func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?)

  /// The cotangent of the pre-activation: the given cotangent times the slope.
  func pullback(
    _ cotangent: consuming Tensor<Scalar>, values: Tensor<Scalar>, slopes: Tensor<Scalar>?
  ) -> Tensor<Scalar>
}

extension Activation {
  /// Not a sine.
  public var sineFrequency: Double? { nil }

  /// The value of the function at each element of a variable.
  public func callAsFunction(_ preactivation: Variable<Scalar>) -> Variable<Scalar> {
    .applying(ActivationPrimitive(activation: self), to: preactivation)
  }

  /// The values and slopes, computed by the general rules on constants.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    let variable: Variable<Scalar>
    if let bias {
      variable = Variable(preactivation.addingBias(bias))
    } else {
      variable = Variable(preactivation)
    }
    return (value(at: variable).value, slopes ? slope(at: variable).value : nil)
  }

  /// The cotangent times the slopes.
  public func pullback(
    _ cotangent: consuming Tensor<Scalar>, values: Tensor<Scalar>, slopes: Tensor<Scalar>?
  ) -> Tensor<Scalar> {
    guard let slopes else { return cotangent }
    return cotangent.multiplied(by: slopes)
  }
}

/// An activation as an operation of its own, where it does not follow a linear layer.
struct ActivationPrimitive<A: Activation>: Primitive {
  typealias Scalar = A.Scalar
  let activation: A

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    activation.fused(inputs[0], bias: nil, slopes: false).values
  }

  func evaluate(at inputs: [Tensor<Scalar>]) -> Evaluation<Scalar> {
    let (values, slopes) = activation.fused(inputs[0], bias: nil, slopes: true)
    return Evaluation(value: values, saved: slopes)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { $0 * activation.slope(at: inputs[0]) }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [cotangent * activation.slope(at: inputs[0])]
  }

  func firstOrderPushforward(
    _ tangents: [Tensor<Scalar>?], of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar>? {
    // Elementwise: the Jacobian is its own transpose.
    tangents[0].map {
      activation.pullback($0, values: evaluation.value, slopes: evaluation.saved)
    }
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    results.add(
      activation.pullback(cotangent, values: evaluation.value, slopes: evaluation.saved),
      toInput: 0)
  }
}
