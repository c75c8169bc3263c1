import TensorKit

/// a + b, with broadcasting.
struct Addition<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0] + inputs[1] }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    sum(of: tangents, broadcastTo: output.shape)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [
      needed[0] ? cotangent.summed(to: inputs[0].shape) : nil,
      needed[1] ? cotangent.summed(to: inputs[1].shape) : nil,
    ]
  }
}

/// a - b, with broadcasting.
struct Subtraction<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0] - inputs[1] }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    sum(of: [tangents[0], tangents[1].map { -$0 }], broadcastTo: output.shape)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [
      needed[0] ? cotangent.summed(to: inputs[0].shape) : nil,
      needed[1] ? (-cotangent).summed(to: inputs[1].shape) : nil,
    ]
  }
}

/// a b, element by element, with broadcasting.
struct Multiplication<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0] * inputs[1] }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    sum(
      of: [tangents[0].map { $0 * inputs[1] }, tangents[1].map { inputs[0] * $0 }],
      broadcastTo: output.shape)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [
      needed[0] ? (cotangent * inputs[1]).summed(to: inputs[0].shape) : nil,
      needed[1] ? (cotangent * inputs[0]).summed(to: inputs[1].shape) : nil,
    ]
  }
}

/// a / b, element by element, with broadcasting.
struct Division<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0] / inputs[1] }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    sum(
      of: [tangents[0].map { $0 / inputs[1] }, tangents[1].map { -(output * $0) / inputs[1] }],
      broadcastTo: output.shape)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let scaled = cotangent / inputs[1]
    return [
      needed[0] ? scaled.summed(to: inputs[0].shape) : nil,
      needed[1] ? (-(scaled * output)).summed(to: inputs[1].shape) : nil,
    ]
  }
}

/// factor x + offset for numbers that are not differentiated.
struct ScaleAndShift<Scalar: TensorScalar>: Primitive {
  let factor: Scalar
  let offset: Scalar

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    let scaled = factor == 1 ? inputs[0] : inputs[0] * factor
    return offset == 0 ? scaled : scaled + offset
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { $0 * factor }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [cotangent * factor]
  }
}

/// The sum of the tangents that are not zero, each stretched to the output's shape.
private func sum<Scalar>(
  of tangents: [Variable<Scalar>?], broadcastTo shape: [Int]
) -> Variable<Scalar>? {
  let present = tangents.compactMap { $0?.broadcast(to: shape) }
  guard let first = present.first else { return nil }
  return present.dropFirst().reduce(first, +)
}

// Arithmetic on variables is elementwise and broadcasts, as on tensors.
extension Variable {
  /// The sum of two variables, element by element, with broadcasting.
  public static func + (left: Variable, right: Variable) -> Variable {
    applying(Addition(), to: left, right)
  }

  /// The difference of two variables, element by element, with broadcasting.
  public static func - (left: Variable, right: Variable) -> Variable {
    applying(Subtraction(), to: left, right)
  }

  /// The product of two variables, element by element, with broadcasting.
  public static func * (left: Variable, right: Variable) -> Variable {
    applying(Multiplication(), to: left, right)
  }

  /// The quotient of two variables, element by element, with broadcasting.
  public static func / (left: Variable, right: Variable) -> Variable {
    applying(Division(), to: left, right)
  }

  /// The negative of each element.
  public static prefix func - (variable: Variable) -> Variable {
    applying(ScaleAndShift(factor: -1, offset: 0), to: variable)
  }

  /// The sum of each element and a number.
  public static func + (left: Variable, right: Scalar) -> Variable {
    applying(ScaleAndShift(factor: 1, offset: right), to: left)
  }

  /// The sum of a number and each element.
  public static func + (left: Scalar, right: Variable) -> Variable { right + left }

  /// The difference of each element and a number.
  public static func - (left: Variable, right: Scalar) -> Variable { left + -right }

  /// The difference of a number and each element.
  public static func - (left: Scalar, right: Variable) -> Variable {
    applying(ScaleAndShift(factor: -1, offset: left), to: right)
  }

  /// The product of each element and a number.
  public static func * (left: Variable, right: Scalar) -> Variable {
    applying(ScaleAndShift(factor: right, offset: 0), to: left)
  }

  /// The product of a number and each element.
  public static func * (left: Scalar, right: Variable) -> Variable { right * left }

  /// The quotient of each element and a number.
  public static func / (left: Variable, right: Scalar) -> Variable {
    left / Variable(Tensor(right))
  }

  /// The quotient of a number and each element.
  public static func / (left: Scalar, right: Variable) -> Variable {
    Variable(Tensor(left)) / right
  }
}
