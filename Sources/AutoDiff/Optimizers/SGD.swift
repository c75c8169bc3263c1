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
  /// How parameters decay that are in no group with a decay of its own.
  public let weightDecay: WeightDecay
  /// Parameters that have a learning rate or a decay of their own; the first group that contains one
  /// counts.
  public let groups: [ParameterGroup]
  /// How many updates have been made.
  public private(set) var step = 0
  private var velocity: Tensor<Scalar>?

  /// Gradient descent.
  ///
  /// - Precondition: Momentum is within [0, 1) and not zero with Nesterov; the decay is not negative
  ///   and finite.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0, nesterov: Bool = false,
    weightDecay: WeightDecay = .zero, groups: [ParameterGroup] = []
  ) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum) is not within [0, 1)")
    precondition(!nesterov || momentum > 0, "Nesterov's rule needs a momentum")
    weightDecay.requireDecay()
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    self.groups = groups
  }

  /// The velocity, with momentum.
  public var numbersPerParameter: Int { momentum > 0 ? 1 : 0 }

  /// Moves parameters by one step.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    if velocity == nil && momentum > 0 { velocity = Tensor(zeros: gradient.values.shape) }
    let rules = groups.rules(for: parameters.layout, otherwise: weightDecay)
    let rate = learningRate(step)
    for (elements, rule) in parameters.layout.runs(of: rules) {
      let rate = rate * rule.rateFactor
      parameters.values.shrink(elements, by: rate * rule.decay.decoupledFactor)
      parameters.values.moveByMomentum(
        gradient: gradient.values, velocity: &velocity, rate: rate, momentum: momentum,
        nesterov: nesterov, weightDecay: rule.decay.coupledFactor, elements: elements)
    }
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

extension Tensor {
  /// Takes a fraction off some elements of a vector, in place.
  fileprivate mutating func shrink(_ elements: Range<Int>, by fraction: Double) {
    guard fraction != 0 else { return }
    setElements(from: elements.lowerBound, to: slice(elements) * Scalar(1 - fraction))
  }
}
