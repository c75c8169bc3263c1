import TensorKit

/// Stochastic gradient descent, with momentum if so asked.
///
/// With momentum μ: `v ← μ v + g`, then `θ ← θ - rate · v`, or `θ ← θ - rate · (g + μ v)` after
/// Nesterov. This is PyTorch's form, without dampening; Sutskever et al. (ICML 2013) put the rate
/// inside the velocity.
public struct SGD<Scalar: TensorScalar>: Optimizer {
  /// The learning rate as a function of the step.
  public var learningRate: LearningRateSchedule
  /// How much of the velocity is kept from step to step.
  public let momentum: Double
  /// Whether the gradient is looked at ahead, after Nesterov.
  public let nesterov: Bool
  /// This multiple of the parameters is added to the gradient.
  public let weightDecay: Double
  /// How many updates have been made.
  public private(set) var step = 0
  private var velocity: Tensor<Scalar>?

  /// Gradient descent.
  ///
  /// - Precondition: Momentum is within [0, 1) and not zero with Nesterov; the decay is not negative.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0, nesterov: Bool = false,
    weightDecay: Double = 0
  ) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum) is not within [0, 1)")
    precondition(!nesterov || momentum > 0, "Nesterov's rule needs a momentum")
    precondition(weightDecay >= 0, "a negative weight decay of \(weightDecay)")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  /// Moves parameters by one step.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    if velocity == nil && momentum > 0 { velocity = Tensor(zeros: gradient.values.shape) }
    parameters.values.moveByMomentum(
      gradient: gradient.values, velocity: &velocity, rate: learningRate(step),
      momentum: momentum, nesterov: nesterov, weightDecay: weightDecay)
    step += 1
  }

  /// Shows the number of updates and, with momentum, the velocity.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) updates")
    if momentum > 0 { try visitor.visit(&velocity, named: "velocity") }
  }

  /// Refuses a velocity of other parameters.
  public func requireState(fitting layout: ParameterLayout) throws(StateError) {
    try requireShape(of: velocity, named: "velocity", toBe: [layout.count])
  }
}
