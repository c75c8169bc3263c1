import TensorKit

/// The value of a function and its gradient with respect to a model's trainable parameters.
///
/// ```swift
/// let (loss, gradient) = valueWithGradient(at: model) { model in
///   (model(inputs) - targets).squared().mean()
/// }
/// ```
///
/// - Parameters:
///   - model: Where the gradient is taken.
///   - function: Returns a single number.
/// - Precondition: The function's result has one element.
public func valueWithGradient<Model: Module>(
  at model: Model, of function: (Model) throws -> Variable<Model.Scalar>
) rethrows -> (value: Model.Scalar, gradient: ParameterVector<Model.Scalar>) {
  let (lifted, leaves) = model.lifted()
  let output = try function(lifted)
  precondition(
    output.value.count == 1, "the gradient of a result of shape \(output.shape); sum it first")
  var sums = PartialGradients<Model.Scalar>(count: leaves.count)
  Sweep(from: output, to: leaves)
    .pullBack(Tensor(repeating: 1, shape: output.shape), into: &sums.leaves)
  return (output.scalar, ParameterVector(gathering: sums.leaves, layout: model.parameterLayout))
}

/// The gradient of a function with respect to a model's trainable parameters.
///
/// - Parameters:
///   - model: Where the gradient is taken.
///   - function: Returns a single number.
/// - Precondition: The function's result has one element.
public func gradient<Model: Module>(
  at model: Model, of function: (Model) throws -> Variable<Model.Scalar>
) rethrows -> ParameterVector<Model.Scalar> {
  try valueWithGradient(at: model, of: function).gradient
}

/// The value of a function of variables, and the map that pulls a cotangent back to them.
///
/// The pullback's results are recorded, and so can be differentiated, where the function also
/// depends on variables recorded outside.
///
/// - Parameters:
///   - inputs: Where the pullback is taken.
///   - function: Called once, with recorded copies of the inputs.
/// - Returns: The value, and a map from a cotangent of its shape to one cotangent for each input.
public func valueWithPullback<Scalar>(
  at inputs: [Variable<Scalar>], of function: ([Variable<Scalar>]) throws -> Variable<Scalar>
) rethrows -> (
  value: Variable<Scalar>, pullback: @Sendable (Variable<Scalar>) -> [Variable<Scalar>]
) {
  let lifted = inputs.map { $0.lifted() }
  let output = try function(lifted)
  let sweep = Sweep(from: output, to: lifted)
  let shapes = inputs.map(\.shape)
  let value = sweep.reachesBeyondTargets ? output : output.detached()
  return (
    value,
    { cotangent in
      precondition(
        cotangent.shape == output.shape,
        "a cotangent of shape \(cotangent.shape) for a value of shape \(output.shape)")
      if sweep.reachesBeyondTargets || cotangent.node != nil {
        return zip(sweep.recordedPullback(of: cotangent), shapes)
          .map { $0 ?? Variable(Tensor(zeros: $1)) }
      }
      return zip(sweep.pullback(of: cotangent.value), shapes)
        .map { Variable($0 ?? Tensor(zeros: $1)) }
    }
  )
}

/// The gradient of a function of one variable, which returns a single number.
///
/// Recorded, and so differentiable in turn, where the function or the input depends on variables
/// recorded outside.
///
/// - Precondition: The function's result has one element.
public func gradient<Scalar>(
  at input: Variable<Scalar>, of function: (Variable<Scalar>) throws -> Variable<Scalar>
) rethrows -> Variable<Scalar> {
  let (value, pullback) = try valueWithPullback(at: [input]) { try function($0[0]) }
  precondition(
    value.value.count == 1, "the gradient of a result of shape \(value.shape); sum it first")
  return pullback(Variable(Tensor(repeating: 1, shape: value.shape)))[0]
}

/// The value of a function of variables and its derivative along tangents of theirs.
///
/// - Precondition: Each tangent has its input's shape.
public func valueWithPushforward<Scalar>(
  at inputs: [Variable<Scalar>], along tangents: [Variable<Scalar>],
  of function: ([Variable<Scalar>]) throws -> Variable<Scalar>
) rethrows -> (value: Variable<Scalar>, derivative: Variable<Scalar>) {
  precondition(
    inputs.map(\.shape) == tangents.map(\.shape),
    "tangents of shapes \(tangents.map(\.shape)) at inputs of shapes \(inputs.map(\.shape))")
  let lifted = inputs.map { $0.lifted() }
  let output = try function(lifted)
  let sweep = Sweep(from: output, to: lifted)
  let isRecorded = sweep.reachesBeyondTargets || tangents.contains { $0.node != nil }
  let derivative =
    isRecorded
    ? sweep.recordedPushforward(of: tangents)
    : sweep.pushForward(tangents.map { $0.value }).map { Variable($0) }
  return (
    isRecorded ? output : output.detached(),
    derivative ?? Variable(Tensor(zeros: output.shape))
  )
}

/// The Jacobian of a function of one variable: `result[i, j] = ∂ output[i] / ∂ input[j]`.
///
/// - Returns: Shape: [elements of the output, elements of the input].
/// - Complexity: One pullback for each element of the output.
public func jacobian<Scalar>(
  at input: Tensor<Scalar>, of function: (Variable<Scalar>) throws -> Variable<Scalar>
) rethrows -> Tensor<Scalar> {
  let (value, pullback) = try valueWithPullback(at: [Variable(input)]) { try function($0[0]) }
  let rows = (0..<value.value.count).map { index in
    var cotangent = Tensor<Scalar>(zeros: [value.value.count])
    cotangent[index] = 1
    return pullback(Variable(cotangent.reshaped(to: value.shape)))[0].value
      .reshaped(to: [1, input.count])
  }
  return rows.isEmpty ? Tensor(zeros: [0, input.count]) : .concatenated(rows)
}

/// The Laplacian of a row-wise function: `result[i] = Σ_j ∂² f(x_i) / ∂ x_ij²`.
///
/// - Parameters:
///   - input: Shape: [samples, inputs].
///   - function: Maps each row to one number; rows are independent.
/// - Returns: Shape: [samples, 1]. Recorded where the function or the input is.
/// - Precondition: The function returns shape [samples, 1].
public func laplacian<Scalar>(
  at input: Variable<Scalar>, of function: (Variable<Scalar>) throws -> Variable<Scalar>
) rethrows -> Variable<Scalar> {
  var sum: Variable<Scalar>?
  for column in 0..<input.shape[1] {
    let second = try gradient(at: input) { outer in
      try gradient(at: outer) { inner in
        let value = try function(inner)
        precondition(
          value.shape == [inner.shape[0], 1],
          "the Laplacian of a function with values of shape \(value.shape)")
        return value.sum()
      }.slice(column..<(column + 1), alongAxis: 1).sum()
    }.slice(column..<(column + 1), alongAxis: 1)
    sum = sum.map { $0 + second } ?? second
  }
  return sum ?? Variable(Tensor(zeros: [input.shape[0], 1]))
}

extension ParameterVector {
  /// A vector from the sum of each parameter's cotangents.
  ///
  /// - Parameter workers: The threads that share the rows of large tables.
  init(
    gathering sums: [CotangentSum<Scalar>], layout: ParameterLayout,
    workers: Workers = Workers(threads: 1)
  ) {
    self.init(zeros: layout)
    for (index, sum) in sums.enumerated() { sum.write(to: &self, at: index, workers: workers) }
  }
}
