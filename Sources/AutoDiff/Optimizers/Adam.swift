import TensorKit

/// Adam, with bias-corrected moments.
///
/// `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
/// `θ ← θ - rate · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)`.
///
/// Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
/// AMSGrad is that of S. Reddi et al., ICLR 2018, with bias correction as in PyTorch. With
/// ``WeightDecay/decoupled(_:)`` it is AdamW.
public struct Adam<Scalar: TensorScalar>: Optimizer {
  /// The learning rate as a function of the step.
  public var learningRate: LearningRateSchedule
  /// How much of the first moment is kept: β₁.
  public let firstDecay: Double
  /// How much of the second moment is kept: β₂.
  public let secondDecay: Double
  /// Added to the root of the second moment: ε.
  public let epsilon: Double
  /// Whether the largest second moment so far is used rather than the current one.
  public let usesLargestMoment: Bool
  /// How parameters decay that are in no group with a decay of its own.
  public let weightDecay: WeightDecay
  /// Parameters that have a learning rate or a decay of their own; the first group that contains one
  /// counts.
  public let groups: [ParameterGroup]
  /// The threads that share the parameters; the results do not depend on them.
  public var workers: Workers
  /// How many updates have been made.
  public private(set) var step = 0
  private var firstMoment: Tensor<Scalar>?
  private var secondMoment: Tensor<Scalar>?
  private var largestMoment: Tensor<Scalar>?
  /// How often each number was moved, where numbers count for themselves.
  private var ownSteps: Tensor<Scalar>?

  /// Adam with its published constants by default.
  ///
  /// - Parameters:
  ///   - learningRate: The rate as a function of the step; a number stands for a constant one.
  ///   - firstDecay: β₁.
  ///   - secondDecay: β₂.
  ///   - epsilon: ε.
  ///   - amsGrad: Whether the largest second moment so far is used.
  ///   - weightDecay: How parameters decay that are in no group with a decay of its own.
  ///   - groups: Parameters that have a learning rate or a decay of their own.
  ///   - workers: The threads that share the parameters.
  /// - Precondition: The decays are within [0, 1), ε is positive among the numbers of the parameters' type, as a
  ///   gradient of zero would be divided by zero otherwise, and the weight decay is not negative. All numbers are
  ///   finite.
  public init(
    learningRate: LearningRateSchedule, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
    epsilon: Double = 1e-8, amsGrad: Bool = false, weightDecay: WeightDecay = .zero,
    groups: [ParameterGroup] = [], workers: Workers = Workers()
  ) {
    precondition(
      (0..<1).contains(firstDecay) && (0..<1).contains(secondDecay),
      "Adam's decays \(firstDecay) and \(secondDecay) are not within [0, 1)")
    precondition(
      Scalar(epsilon) > 0 && Scalar(epsilon).isFinite,
      "ε of Adam is \(epsilon): it must be positive as a \(Scalar.self), or gradients of zero divide by zero"
    )
    weightDecay.requireDecay()
    self.learningRate = learningRate
    self.firstDecay = firstDecay
    self.secondDecay = secondDecay
    self.epsilon = epsilon
    self.usesLargestMoment = amsGrad
    self.weightDecay = weightDecay
    self.groups = groups
    self.workers = workers
  }

  /// Two moments, and with AMSGrad the largest second one.
  public var numbersPerParameter: Int { usesLargestMoment ? 3 : 2 }

  /// Moves parameters by one step.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    let rules = groups.rules(for: parameters.layout, otherwise: weightDecay)
    update(&parameters, along: gradient, by: rules)
  }

  /// Moves parameters by one step, each by a given rule.
  mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>,
    by rules: [ParameterRule]
  ) {
    let shape = gradient.values.shape
    // Moved out, so that they are changed in place rather than copied.
    var first = firstMoment.take() ?? Tensor(zeros: shape)
    var second = secondMoment.take() ?? Tensor(zeros: shape)
    if usesLargestMoment && largestMoment == nil { largestMoment = Tensor(zeros: shape) }
    let (rate, time) = (learningRate(step), Double(step + 1))
    var counts: Tensor<Scalar>?
    if rules.contains(where: { $0.zeroGradients == .skippedWithOwnSteps }) {
      counts = ownSteps.take() ?? Tensor(zeros: shape)
    }
    for (elements, rule) in parameters.layout.runs(of: rules) {
      let coefficients = AdamCoefficients(
        rate: rate * rule.rateFactor, firstDecay: firstDecay, secondDecay: secondDecay,
        epsilon: epsilon, firstCorrection: 1 - firstDecay.raised(to: time),
        secondCorrection: 1 - secondDecay.raised(to: time), weightDecay: rule.decay.coupledFactor,
        decoupledWeightDecay: rule.decay.decoupledFactor)
      switch rule.zeroGradients {
      case .moved:
        parameters.values.moveByAdam(
          gradient: gradient.values, firstMoment: &first, secondMoment: &second,
          largestMoment: &largestMoment, coefficients: coefficients, elements: elements,
          workers: workers)
      case .skipped, .skippedWithOwnSteps:
        var own = rule.zeroGradients == .skipped ? nil : counts.take()
        parameters.values.moveTouchedByAdam(
          gradient: gradient.values, firstMoment: &first, secondMoment: &second, counts: &own,
          steps: step + 1, coefficients: coefficients, elements: elements, workers: workers)
        if let own { counts = own }
      }
    }
    ownSteps = counts
    firstMoment = first
    secondMoment = second
    step += 1
  }

  /// Shows the number of updates and the moments.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) updates")
    try visitor.visit(&firstMoment, named: "firstMoment")
    try visitor.visit(&secondMoment, named: "secondMoment")
    if usesLargestMoment { try visitor.visit(&largestMoment, named: "largestMoment") }
    if groups.contains(where: { $0.zeroGradients == .skippedWithOwnSteps }) {
      try visitor.visit(&ownSteps, named: "ownSteps")
      let most = Scalar(step)
      try visitor.require(
        ownSteps?.elements.allSatisfy { (0...most).contains($0) } ?? true, of: "ownSteps",
        "a number was moved more often than there were \(step) steps")
    }
  }

  /// Refuses moments of other parameters.
  public func requireState(fitting layout: ParameterLayout) throws(StateError) {
    let shape = [layout.count]
    try requireShape(of: firstMoment, named: "firstMoment", toBe: shape)
    try requireShape(of: secondMoment, named: "secondMoment", toBe: shape)
    try requireShape(of: largestMoment, named: "largestMoment", toBe: shape)
    try requireShape(of: ownSteps, named: "ownSteps", toBe: shape)
  }
}
