import TensorKit

/// Adam, with bias-corrected moments.
///
/// `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
/// `θ ← θ - rate · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)`.
///
/// Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
/// AMSGrad is that of S. Reddi et al., ICLR 2018, with bias correction as in PyTorch. With
/// ``WeightDecay/decoupled(_:)`` it is AdamW.
///
/// Tables of which a step uses few entries can be moved where they were used alone:
///
/// ```swift
/// let optimizer = Adam<Float>(
///   learningRate: 1e-2, secondDecay: 0.99, epsilon: 1e-15, epsilonPlacement: .uncorrected,
///   groups: [ParameterGroup(.weights, weightDecay: .coupled(1e-6))],
///   sparse: SparseUpdate(.tables, counting: .own))
/// ```
public struct Adam<Scalar: TensorScalar>: Optimizer {
  /// The learning rate as a function of the step.
  public var learningRate: LearningRateSchedule
  /// How much of the first moment is kept: β₁.
  public let firstDecay: Double
  /// How much of the second moment is kept: β₂.
  public let secondDecay: Double
  /// Added to the root of the second moment: ε.
  public let epsilon: Double
  /// Which root ε is added to.
  public let epsilonPlacement: EpsilonPlacement
  /// Whether the largest second moment so far is used rather than the current one.
  public let usesLargestMoment: Bool
  /// How parameters decay that are in no group with a decay of its own.
  public let weightDecay: WeightDecay
  /// Parameters that have a learning rate or a decay of their own; the first group that contains one
  /// counts.
  public let groups: [ParameterGroup]
  /// Parameters of which the entries with a gradient of zero are left alone; nil if there are none.
  public let sparse: SparseUpdate?
  /// The threads that share the parameters; the results do not depend on them.
  public var workers: Workers
  /// How many updates have been made.
  public private(set) var step = 0
  private var firstMoment: Tensor<Scalar>?
  private var secondMoment: Tensor<Scalar>?
  private var largestMoment: Tensor<Scalar>?
  /// How many steps each entry has made, if each counts its own.
  private var entrySteps: Tensor<Scalar>?
  /// The corrections of the steps so far, which follow from the decays.
  private var corrections = AdamCorrections<Scalar>()
  /// How many steps have corrections of their own.
  private let distinctSteps: Int

  /// Adam with its published constants by default.
  ///
  /// - Parameters:
  ///   - learningRate: The rate as a function of the step; a number stands for a constant one.
  ///   - firstDecay: β₁.
  ///   - secondDecay: β₂.
  ///   - epsilon: ε.
  ///   - epsilonPlacement: Which root ε is added to.
  ///   - amsGrad: Whether the largest second moment so far is used.
  ///   - weightDecay: How parameters decay that are in no group with a decay of its own.
  ///   - groups: Parameters that have a learning rate or a decay of their own.
  ///   - sparse: Parameters of which the entries with a gradient of zero are left alone.
  ///   - workers: The threads that share the parameters.
  /// - Precondition: The decays are within [0, 1), ε is positive among the numbers of the parameters' type, as a
  ///   gradient of zero would be divided by zero otherwise, and the weight decay is not negative. All numbers are
  ///   finite.
  public init(
    learningRate: LearningRateSchedule, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
    epsilon: Double = 1e-8, epsilonPlacement: EpsilonPlacement = .corrected,
    amsGrad: Bool = false, weightDecay: WeightDecay = .zero, groups: [ParameterGroup] = [],
    sparse: SparseUpdate? = nil, workers: Workers = Workers()
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
    self.epsilonPlacement = epsilonPlacement
    self.usesLargestMoment = amsGrad
    self.weightDecay = weightDecay
    self.groups = groups
    self.sparse = sparse
    self.workers = workers
    // Later on the larger decay's power is nothing beside 1: there is one correction for all later steps, of which
    // a million are told apart at most.
    let decay = max(firstDecay, secondDecay)
    let steps = decay > 0 ? -54 * 2.0.logarithm() / decay.logarithm() : 1
    distinctSteps = steps < 1e6 ? Int(steps) + 1 : 1_000_000
  }

  /// Two moments, with AMSGrad the largest second one, and a count if each entry has its own.
  public var numbersPerParameter: Int {
    2 + (usesLargestMoment ? 1 : 0) + (sparse?.count == .own ? 1 : 0)
  }

  /// Moves parameters by one step.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    var rules = groups.rules(for: parameters.layout, otherwise: weightDecay)
    for index in sparse?.parameters.indices(in: parameters.layout) ?? [] {
      rules[index].isSparse = true
    }
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
    if sparse?.count == .own && entrySteps == nil { entrySteps = Tensor(zeros: shape) }
    let rate = learningRate(step)
    let correction = correction(ofStep: step + 1)
    let corrections = sparse == nil ? nil : corrections(upToStep: step + 1)
    for (elements, rule) in parameters.layout.runs(of: rules) {
      let coefficients = AdamCoefficients(
        rate: rate * rule.rateFactor, firstDecay: firstDecay, secondDecay: secondDecay,
        epsilon: epsilon, firstCorrection: correction.first,
        secondCorrection: correction.second, weightDecay: rule.decay.coupledFactor,
        decoupledWeightDecay: rule.decay.decoupledFactor)
      guard rule.isSparse, let corrections else {
        parameters.values.moveByAdam(
          gradient: gradient.values, firstMoment: &first, secondMoment: &second,
          largestMoment: &largestMoment, coefficients: coefficients, elements: elements,
          workers: workers)
        continue
      }
      parameters.values.moveTouchedByAdam(
        gradient: gradient.values, firstMoment: &first, secondMoment: &second,
        largestMoment: &largestMoment, counts: &entrySteps, coefficients: coefficients,
        corrections: corrections, elements: elements, workers: workers)
    }
    firstMoment = first
    secondMoment = second
    step += 1
  }

  /// What the moments are divided by at a step, counted from one, as they start from zero; the second's root goes to
  /// the first where ε is added to the other one.
  private func correction(ofStep step: Int) -> (first: Double, second: Double) {
    let first = 1 - firstDecay.raised(to: Double(step))
    let second = 1 - secondDecay.raised(to: Double(step))
    return switch epsilonPlacement {
    case .corrected: (first, second)
    case .uncorrected: (first / second.squareRoot(), 1)
    }
  }

  /// The corrections of each step that an entry can have made, or of the current one if all share it.
  private mutating func corrections(upToStep last: Int) -> AdamCorrections<Scalar> {
    guard sparse?.count == .own else {
      let (first, second) = correction(ofStep: last)
      return AdamCorrections(first: first, second: second)
    }
    while corrections.factors.count < min(last, distinctSteps) {
      let (first, second) = correction(ofStep: corrections.factors.count + 1)
      corrections.append(first: first, second: second)
    }
    return corrections
  }

  /// Shows the number of updates, the moments, and the counts of entries if they have their own.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&step, named: "step")
    try visitor.require(step >= 0, of: "step", "there were \(step) updates")
    try visitor.visit(&firstMoment, named: "firstMoment")
    try visitor.visit(&secondMoment, named: "secondMoment")
    if usesLargestMoment { try visitor.visit(&largestMoment, named: "largestMoment") }
    if sparse?.count == .own { try visitor.visit(&entrySteps, named: "entrySteps") }
  }

  /// Refuses moments of other parameters.
  public func requireState(fitting layout: ParameterLayout) throws(StateError) {
    let shape = [layout.count]
    try requireShape(of: firstMoment, named: "firstMoment", toBe: shape)
    try requireShape(of: secondMoment, named: "secondMoment", toBe: shape)
    try requireShape(of: largestMoment, named: "largestMoment", toBe: shape)
    try requireShape(of: entrySteps, named: "entrySteps", toBe: shape)
  }
}
