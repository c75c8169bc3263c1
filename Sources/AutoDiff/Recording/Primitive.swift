import TensorKit

/// A differentiable operation: its value and its two linear maps.
///
/// A conforming type adds an operation; apply it with `Variable.applying(_:to:)`. The first three
/// requirements are enough. With `f` the operation and `J` its Jacobian at the inputs, they are
///
/// - ``value(of:)``: f(x),
/// - ``pushforward(_:at:output:)``: J v,
/// - ``pullback(_:at:output:needed:)``: Jᵀ u.
///
/// The two maps are written on variables, so that their own derivatives follow, to any order. The
/// other requirements have defaults and exist for speed: first-order sweeps call
/// ``firstOrderPushforward(_:of:at:)`` and ``accumulatePullback(_:of:at:into:)``, which an operation
/// can write on plain tensors, with what ``evaluate(at:)`` saved;
/// ``perSampleGradients(_:of:at:needed:)`` gives the gradients of single rows in factored form.
///
/// ```swift
/// struct Cube: Primitive {
///   func value(of inputs: [Tensor<Float>]) -> Tensor<Float> { inputs[0] * inputs[0] * inputs[0] }
///   func pushforward(
///     _ tangents: [Variable<Float>?], at inputs: [Variable<Float>], output: Variable<Float>
///   ) -> Variable<Float>? { tangents[0].map { $0 * inputs[0].squared() * 3 } }
///   func pullback(
///     _ cotangent: Variable<Float>, at inputs: [Variable<Float>], output: Variable<Float>,
///     needed: [Bool]
///   ) -> [Variable<Float>?] { [cotangent * inputs[0].squared() * 3] }
/// }
/// ```
public protocol Primitive<Scalar>: Sendable {
  /// The type of numbers that the operation works on.
  associatedtype Scalar: TensorScalar

  /// The operation's value.
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar>

  /// The Jacobian times a tangent of each input; nil stands for a zero tangent.
  ///
  /// Returns nil if the result is zero.
  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>?

  /// The transposed Jacobian times a cotangent of the output, one result for each input.
  ///
  /// - Parameters:
  ///   - cotangent: A cotangent of the output.
  ///   - inputs: Where the Jacobian is taken.
  ///   - output: The operation's value there.
  ///   - needed: Which inputs' results are wanted; others may be nil. Nil for one that is wanted
  ///     stands for zero.
  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?]

  /// The value, with whatever first-order derivatives can reuse.
  func evaluate(at inputs: [Tensor<Scalar>]) -> Evaluation<Scalar>

  /// The pushforward on plain tensors; nil stands for a zero tangent.
  func firstOrderPushforward(
    _ tangents: [Tensor<Scalar>?], of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar>?

  /// The pullback on plain tensors, each result added to what is already known of its input.
  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>)

  /// The gradients of single samples with respect to the inputs that are parameters, in factors.
  ///
  /// Called when sample `i` of a batch is row `i` of the output and of every input that is not a
  /// parameter, or a run of rows if the module has several ``Module/samplesPerRow``. Row `i` of the
  /// cotangent belongs to sample `i` alone. Returns nil if the operation has no factored form;
  /// single-row sweeps are used then.
  ///
  /// - Parameters:
  ///   - cotangent: The cotangents of the output's rows.
  ///   - evaluation: What ``evaluate(at:)`` gave.
  ///   - inputs: The operation's inputs.
  ///   - needed: Which inputs are parameters whose gradients are wanted.
  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]?
}

/// The value of an operation, and what it saved for its first-order derivatives.
public struct Evaluation<Scalar: TensorScalar>: Sendable {
  /// The operation's value.
  public let value: Tensor<Scalar>
  /// Whatever derivatives can reuse, such as the slopes of an activation.
  public let saved: Tensor<Scalar>?

  /// A value with what was saved.
  public init(value: Tensor<Scalar>, saved: Tensor<Scalar>? = nil) {
    self.value = value
    self.saved = saved
  }
}

/// The gradients of the samples of a batch with respect to one input of an operation, in factors.
///
/// Sample `i`'s gradient is the outer product of row `i` of `outer` and row `i` of `inner`, or row
/// `i` of `outer` itself if there is no `inner`. If a bias belongs to it, that input's gradient is row
/// `i` of `outer`. The Gram matrix of all of them is `(inner innerᵀ + [bias]) ∘ (outer outerᵀ)`: no
/// Jacobian is formed.
///
/// With respect to a table, `inner` may hold the weights of a few of its rows alone, and ``tableRows`` says
/// which these are: the gradient is then `inner[i, c] outer[i, j]` in row `tableRows[i · corners + c]` and
/// column j, summed over c.
public struct PerSampleGradient<Scalar: TensorScalar>: Sendable {
  /// The index of the operation's input whose gradients these are.
  public let input: Int
  /// The index of an input with the gradients `outer`, if there is one.
  public let biasInput: Int?
  /// The left factors, of shape [samples, outputs].
  public let outer: Tensor<Scalar>
  /// The right factors, of shape [samples, inputs], or [samples, corners] of a table.
  public let inner: Tensor<Scalar>?
  /// Which rows of a table `inner` holds the weights of, one after the other; nil if it holds all.
  public let tableRows: [Int]?

  /// Factors of the samples' gradients.
  public init(
    ofInput input: Int, biasInput: Int? = nil, outer: Tensor<Scalar>, inner: Tensor<Scalar>?,
    tableRows: [Int]? = nil
  ) {
    self.input = input
    self.biasInput = biasInput
    self.outer = outer
    self.inner = inner
    self.tableRows = tableRows
  }
}

extension Primitive {
  /// The pushforward of an operation that is linear in each of its first two inputs and has no others with a tangent.
  func bilinearPushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>]
  ) -> Variable<Scalar>? {
    let terms = [
      tangents[0].map { Variable.applying(self, to: [$0] + inputs.dropFirst()) },
      tangents[1].map { Variable.applying(self, to: [inputs[0], $0] + inputs.dropFirst(2)) },
    ].compactMap { $0 }
    return terms.count == 2 ? terms[0] + terms[1] : terms.first
  }

  /// The value, with nothing saved.
  public func evaluate(at inputs: [Tensor<Scalar>]) -> Evaluation<Scalar> {
    Evaluation(value: value(of: inputs))
  }

  /// The general pushforward applied to constants.
  public func firstOrderPushforward(
    _ tangents: [Tensor<Scalar>?], of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>]
  ) -> Tensor<Scalar>? {
    pushforward(
      tangents.map { $0.map { Variable($0) } }, at: inputs.map { Variable($0) },
      output: Variable(evaluation.value))?.value
  }

  /// The general pullback applied to constants.
  public func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let cotangents = pullback(
      Variable(cotangent), at: inputs.map { Variable($0) }, output: Variable(evaluation.value),
      needed: results.needed)
    for (index, cotangent) in cotangents.enumerated() {
      if let cotangent { results.add(cotangent.value, toInput: index) }
    }
  }

  /// No factored form.
  public func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? { nil }
}

extension Variable {
  /// Applies an operation to variables, and records it if any of them is recorded.
  public static func applying(
    _ operation: some Primitive<Scalar>, to inputs: Variable...
  ) -> Variable {
    applying(operation, to: inputs)
  }

  /// Applies an operation to variables, and records it if any of them is recorded.
  public static func applying(
    _ operation: some Primitive<Scalar>, to inputs: [Variable]
  ) -> Variable {
    let values = inputs.map { $0.value }
    guard inputs.contains(where: { $0.node != nil }) else {
      return Variable(operation.value(of: values))
    }
    let evaluation = operation.evaluate(at: values)
    return Node(operation: operation, inputs: inputs, evaluation: evaluation).output
  }
}
