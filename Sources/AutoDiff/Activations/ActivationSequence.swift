import TensorKit

/// Two activations, one after the other: `g(f(z))`.
///
/// FINER++ puts a variable sine before other activations, for example
/// `VariableSine(frequency: 10).then(Gaussian(scale: 3))`.
public struct ActivationSequence<First: Activation, Second: Activation<First.Scalar>>: Activation {
  /// The type of numbers that the activations work on.
  public typealias Scalar = First.Scalar

  /// f, which is applied to the pre-activation.
  public let first: First
  /// g, which is applied to the values of f.
  public let second: Second

  /// Two activations, one after the other.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  /// That of f.
  public var sineFrequency: Double? { first.sineFrequency }

  /// `g(f(z))`.
  public func value(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    second.value(at: first.value(at: preactivation))
  }

  /// `g'(f(z)) f'(z)`.
  public func slope(at preactivation: Variable<Scalar>) -> Variable<Scalar> {
    // The values of f as an operation, so that it is f's slope that later derivatives use.
    second.slope(at: first(preactivation)) * first.slope(at: preactivation)
  }

  /// The two activations' own sweeps, the second in place.
  public func fused(
    _ preactivation: consuming Tensor<Scalar>, bias: Tensor<Scalar>?, slopes: Bool
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>?) {
    let (inner, innerSlopes) = first.fused(preactivation, bias: bias, slopes: slopes)
    guard slopes else { return (second.fused(inner, bias: nil, slopes: false).values, nil) }
    guard let innerSlopes else {
      // The slopes of f are in its values, which g's sweep must leave alone then.
      let (values, outer) = outerSweep(inner)
      return (values, first.pullback(outer, values: inner, slopes: nil))
    }
    let (values, outer) = outerSweep(inner)
    return (values, outer.multiplied(by: innerSlopes))
  }

  /// The values of g and its slopes.
  private func outerSweep(
    _ inner: consuming Tensor<Scalar>
  ) -> (values: Tensor<Scalar>, slopes: Tensor<Scalar>) {
    let (values, slopes) = second.fused(inner, bias: nil, slopes: true)
    if let slopes { return (values, slopes) }
    let ones = Tensor<Scalar>(repeating: 1, shape: values.shape)
    return (values, second.pullback(ones, values: values, slopes: nil))
  }
}

extension Activation {
  /// This activation followed by another one.
  public func then<Second: Activation<Scalar>>(_ second: Second) -> ActivationSequence<Self, Second>
  {
    ActivationSequence(self, second)
  }
}
