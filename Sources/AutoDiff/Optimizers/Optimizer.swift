import TensorKit

/// A rule that moves parameters along a gradient; a value, whose state is its own.
///
/// ```swift
/// var optimizer = Adam<Float>(learningRate: 1e-3)
/// optimizer.update(&model, along: gradient)
/// ```
public protocol Optimizer<Scalar>: Checkpointable {
  /// The type of numbers that the parameters have.
  associatedtype Scalar: TensorScalar

  /// The learning rate as a function of the step.
  var learningRate: LearningRateSchedule { get set }

  /// How many updates have been made.
  var step: Int { get }

  /// How many numbers the optimizer carries from step to step for each parameter, at most; two by default.
  var numbersPerParameter: Int { get }

  /// Moves parameters by one step.
  ///
  /// - Precondition: The gradient has the parameters' layout, the same at every call.
  mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>)

  /// Shows what the optimizer carries from step to step, such as moments and the number of updates.
  ///
  /// The learning rate is configuration: a restored optimizer keeps the schedule that it was made with.
  /// The default shows nothing, for rules that carry nothing.
  mutating func visitState(_ visitor: inout StateVisitor) throws

  /// Refuses a state that was restored from that of another model.
  ///
  /// The default accepts any.
  ///
  /// - Parameter layout: The parameters that are to be moved.
  /// - Throws: `StateError.shape` if what the optimizer carries does not fit them.
  func requireState(fitting layout: ParameterLayout) throws(StateError)
}

/// An optimizer whose state and updates stay finite as long as gradients, parameters and learning rates are far
/// from the largest number.
package protocol BoundedOptimizer: Optimizer {}

extension Adam: BoundedOptimizer {}
extension Muon: BoundedOptimizer {}
extension SGD: BoundedOptimizer {}

extension Optimizer {
  /// Two, as Adam's.
  public var numbersPerParameter: Int { 2 }

  /// Shows nothing.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {}

  /// Accepts any state.
  public func requireState(fitting layout: ParameterLayout) throws(StateError) {}

  /// Moves a model's trainable parameters by one step.
  ///
  /// - Precondition: The gradient has the model's layout.
  public mutating func update<Model: Module<Scalar>>(
    _ model: inout Model, along gradient: ParameterVector<Scalar>
  ) {
    var parameters = model.parameters
    precondition(
      parameters.layout == gradient.layout, "the gradient of another model was given")
    update(&parameters, along: gradient)
    model.parameters = parameters
  }
}

extension Optimizer {
  /// Refuses a tensor of the state that has another shape than the parameters need.
  func requireShape(
    of tensor: Tensor<Scalar>?, named name: String, toBe shape: [Int]
  ) throws(StateError) {
    if let tensor, tensor.shape != shape {
      throw StateError.shape(name: name, expected: shape, found: tensor.shape)
    }
  }
}
