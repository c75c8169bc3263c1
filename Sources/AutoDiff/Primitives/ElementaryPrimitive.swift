import TensorKit

/// An elementary function of each element.
struct ElementaryPrimitive<Scalar: TensorScalar>: Primitive {
  enum Function: Sendable, CaseIterable {
    case exponential, logarithm, sine, cosine, hyperbolicTangent, squareRoot, square, reciprocal
    case absoluteValue, rectifier, step, sign, softplus, sigmoid, truncatedExponential
  }

  let function: Function

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    let x = inputs[0]
    return switch function {
    case .exponential, .truncatedExponential: x.exponential()
    case .logarithm: x.logarithm()
    case .sine: x.sine()
    case .cosine: x.cosine()
    case .hyperbolicTangent: x.hyperbolicTangent()
    case .squareRoot: x.squareRoot()
    case .square: x.squared()
    case .reciprocal: x.reciprocal()
    case .absoluteValue: x.absoluteValue()
    case .rectifier: x.rectified()
    case .step: x.step()
    case .sign: x.sign()
    case .softplus: x.softplus()
    case .sigmoid: x.sigmoid()
    }
  }

  /// The derivative at each element; nil where it is zero (almost) everywhere.
  private func slope(at x: Variable<Scalar>, output y: Variable<Scalar>) -> Variable<Scalar>? {
    switch function {
    case .exponential: y
    case .logarithm: x.reciprocal()
    case .sine: x.cosine()
    case .cosine: -x.sine()
    case .hyperbolicTangent: 1 - y.squared()
    case .squareRoot: y.reciprocal() * 0.5
    case .square: x * 2
    case .reciprocal: -y.squared()
    case .absoluteValue: x.sign()
    case .rectifier: x.step()
    case .step, .sign: nil
    case .softplus: x.sigmoid()
    case .sigmoid: y * (1 - y)
    case .truncatedExponential: x.clamped(to: -15...15).exponential()
    }
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    guard let tangent = tangents[0], let slope = slope(at: inputs[0], output: output) else {
      return nil
    }
    return tangent * slope
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [slope(at: inputs[0], output: output).map { cotangent * $0 }]
  }
}

extension Variable {
  private func applying(_ function: ElementaryPrimitive<Scalar>.Function) -> Variable {
    Variable.applying(ElementaryPrimitive(function: function), to: self)
  }

  /// e to the power of each element.
  public func exponential() -> Variable { applying(.exponential) }

  /// e to the power of each element, with a derivative that neither vanishes nor overflows.
  ///
  /// The derivative at x is taken as e to the power of x moved into -15...15, so that a density that has become very
  /// large or small can be learned out of it. The function itself is not changed.
  ///
  /// Source: T. Müller et al., "Instant neural graphics primitives with a multiresolution hash encoding", SIGGRAPH
  /// 2022, as released (`TruncExp` of its PyTorch versions).
  public func truncatedExponential() -> Variable { applying(.truncatedExponential) }

  /// The natural logarithm of each element.
  public func logarithm() -> Variable { applying(.logarithm) }

  /// The sine of each element, in radians.
  public func sine() -> Variable { applying(.sine) }

  /// The cosine of each element, in radians.
  public func cosine() -> Variable { applying(.cosine) }

  /// The hyperbolic tangent of each element.
  public func hyperbolicTangent() -> Variable { applying(.hyperbolicTangent) }

  /// The square root of each element.
  public func squareRoot() -> Variable { applying(.squareRoot) }

  /// The square of each element.
  public func squared() -> Variable { applying(.square) }

  /// One divided by each element.
  public func reciprocal() -> Variable { applying(.reciprocal) }

  /// The absolute value of each element; its derivative at zero is taken as zero.
  public func absoluteValue() -> Variable { applying(.absoluteValue) }

  /// Each element where it is positive, else zero; its derivative at zero is taken as zero.
  public func rectified() -> Variable { applying(.rectifier) }

  /// One where an element is positive, else zero; its derivative is zero.
  public func step() -> Variable { applying(.step) }

  /// The sign of each element; its derivative is zero.
  public func sign() -> Variable { applying(.sign) }

  /// The logarithm of one plus e to the power of each element, without overflow: a smooth rectifier.
  ///
  /// The logarithm of the sigmoid of x is -softplus(-x).
  public func softplus() -> Variable { applying(.softplus) }

  /// 1 / (1 + e⁻ˣ) of each element, without overflow.
  public func sigmoid() -> Variable { applying(.sigmoid) }
}
