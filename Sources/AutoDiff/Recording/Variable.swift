import TensorKit

/// A tensor that may know how it was computed.
///
/// A variable made from a tensor is a constant: operations on constants compute values and record
/// nothing. Inside ``valueWithGradient(at:of:)-(Model,_)`` and its relatives the variables that are
/// differentiated are *recorded*: operations on them keep what their derivatives need.
///
/// Recordings are immutable and free of global state. A variable can be sent to another thread, and
/// what it refers to is released with the last variable that needs it.
public struct Variable<Scalar: TensorScalar>: Sendable {
  /// The numbers themselves.
  public let value: Tensor<Scalar>
  let node: Node<Scalar>?

  /// A constant.
  public init(_ value: Tensor<Scalar>) {
    self.value = value
    self.node = nil
  }

  init(value: Tensor<Scalar>, node: Node<Scalar>?) {
    self.value = value
    self.node = node
  }

  /// The extent of each axis.
  public var shape: [Int] { value.shape }

  /// The same numbers as a constant: no derivative passes through.
  public func detached() -> Variable { Variable(value) }

  /// The single number of a variable with one element.
  ///
  /// - Precondition: The variable has exactly one element.
  public var scalar: Scalar { value.scalar }

  /// A recorded variable with the same numbers, to differentiate with respect to.
  ///
  /// If this variable is recorded itself, derivatives of derivatives flow on through it.
  func lifted() -> Variable {
    let node = Node(
      operation: nil, inputs: node == nil ? [] : [self], evaluation: Evaluation(value: value))
    return Variable(value: value, node: node)
  }
}

/// One recorded operation, or a variable that was lifted to be differentiated with respect to.
///
/// Nodes are ordered by `depth`: one more than that of the deepest input. Chains are released
/// recursively, so a single chain of more than about 10⁵ operations could exhaust the stack.
final class Node<Scalar: TensorScalar>: Sendable {
  /// Nil for a lifted variable, which is the identity of its input, if it has one.
  let operation: (any Primitive<Scalar>)?
  let inputs: [Variable<Scalar>]
  let evaluation: Evaluation<Scalar>
  let depth: Int

  init(
    operation: (any Primitive<Scalar>)?, inputs: [Variable<Scalar>], evaluation: Evaluation<Scalar>
  ) {
    self.operation = operation
    self.inputs = inputs
    self.evaluation = evaluation
    var deepest = 0
    for input in inputs {
      if let node = input.node { deepest = max(deepest, node.depth) }
    }
    self.depth = 1 + deepest
  }

  /// The value as a variable that remembers this node.
  var output: Variable<Scalar> { Variable(value: evaluation.value, node: self) }
}
