import TensorKit

/// A rule that moves parameters along a gradient; a value, whose state is its own.
///
/// ```swift
/// var optimizer = Adam<Float>(learningRate: 1e-3)
/// optimizer.update(&model, along: gradient)
/// ```
public protocol Optimizer<Scalar>: Sendable {
  /// The type of numbers that the parameters have.
  associatedtype Scalar: TensorScalar

  /// The learning rate as a function of the step.
  var learningRate: LearningRateSchedule { get set }

  /// How many updates have been made.
  var step: Int { get }

  /// Moves parameters by one step.
  ///
  /// - Precondition: The gradient has the parameters' layout, the same at every call.
  mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>)

  /// What the optimizer carries from step to step, by name, to save and restore it exactly.
  var state: [String: Tensor<Scalar>] { get }

  /// Restores what ``state`` gave, at a number of updates made.
  mutating func restore(step: Int, state: [String: Tensor<Scalar>])
}

extension Optimizer {
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
