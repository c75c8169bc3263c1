import TensorKit

/// Muon: momentum that is orthogonalized for hidden matrices, and Adam for all other parameters.
///
/// For a matrix with the gradient G: `B ← μ B + G`, then `W ← W - rate · s · O(G + μ B)`, or `O(B)` without
/// Nesterov's look ahead. O replaces a matrix's singular values by about one, with five steps of a
/// Newton-Schulz iteration, `X ← a X + (b X Xᵀ + c (X Xᵀ)²) X`; `s = scale · √(the longer side)` brings
/// the size of the change near that of Adam's steps, so that both use one learning rate.
///
/// Source: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024, with its
/// coefficients; the scale is that of J. Liu et al., "Muon is scalable for LLM training", 2025, section
/// 2.2. The iteration runs in the parameters' own precision, where the published code rounds to
/// bfloat16.
///
/// By default the hidden matrices are those with the role ``ParameterRole/hidden(frequency:)``.
public struct Muon<Scalar: TensorScalar>: Optimizer {
  /// The learning rate as a function of the step, for all parameters.
  public var learningRate: LearningRateSchedule {
    didSet { adam.learningRate = learningRate }
  }
  /// How much of the momentum is kept from step to step: μ.
  public let momentum: Double
  /// Whether the momentum is looked at ahead, after Nesterov.
  public let nesterov: Bool
  /// How many steps of the iteration bring the singular values near one.
  public let iterations: Int
  /// The size of a change, relative to a matrix whose singular values are all 1 / √(the longer side).
  public let scale: Double
  /// Which parameters are moved by orthogonalized momentum.
  public let matrices: ParameterSelection
  private var adam: Adam<Scalar>
  private var velocity: Tensor<Scalar>?

  /// Muon with its published constants by default.
  ///
  /// - Parameters:
  ///   - learningRate: The rate as a function of the step; a number stands for a constant one.
  ///   - momentum: How much of the momentum is kept from step to step.
  ///   - nesterov: Whether the momentum is looked at ahead, after Nesterov.
  ///   - iterations: How many steps of the iteration bring the singular values near one.
  ///   - scale: The size of a change, relative to a matrix whose singular values are all
  ///     1 / √(the longer side).
  ///   - firstDecay: β₁ of Adam, which moves the other parameters.
  ///   - secondDecay: β₂ of Adam.
  ///   - epsilon: ε of Adam.
  ///   - weightDecay: How parameters decay that are in no group with a decay of its own.
  ///   - groups: Parameters that have a learning rate or a decay of their own.
  ///   - workers: The threads that share the products and Adam's parameters.
  ///   - matrices: Which parameters are matrices to orthogonalize.
  /// - Precondition: Momentum and decays are within [0, 1), and the other numbers are positive.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0.95, nesterov: Bool = true,
    iterations: Int = 5, scale: Double = 0.2, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: WeightDecay = .zero, groups: [ParameterGroup] = [],
    workers: Workers = Workers(), matrices: ParameterSelection = .hiddenMatrices
  ) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum) is not within [0, 1)")
    precondition(
      iterations > 0 && scale > 0 && scale.isFinite,
      "\(iterations) iterations and the scale \(scale) of Muon")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.iterations = iterations
    self.scale = scale
    self.matrices = matrices
    adam = Adam(
      learningRate: learningRate, firstDecay: firstDecay, secondDecay: secondDecay,
      epsilon: epsilon, weightDecay: weightDecay, groups: groups, workers: workers)
  }

  /// How parameters decay that are in no group with a decay of its own.
  public var weightDecay: WeightDecay { adam.weightDecay }

  /// Parameters that have a learning rate or a decay of their own; the first group that contains one
  /// counts.
  public var groups: [ParameterGroup] { adam.groups }

  /// How many updates have been made.
  public var step: Int { adam.step }

  /// Moves parameters by one step.
  ///
  /// - Precondition: The chosen parameters are matrices, and the model says what its parameters are if
  ///   they are to be chosen by role.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    let (layout, rate) = (parameters.layout, learningRate(step))
    let rules = groups.rules(for: layout, otherwise: weightDecay)
    let (chosen, others) = split(layout)
    var some = parameters.part(at: others)
    adam.update(&some, along: gradient.part(at: others), by: others.map { rules[$0] })
    parameters.setPart(some, at: others)
    var moved = parameters.part(at: chosen)
    moveMatrices(
      &moved, along: gradient.part(at: chosen), by: chosen.map { rules[$0] }, rate: rate)
    parameters.setPart(moved, at: chosen)
  }

  /// The indices of the matrices to orthogonalize, and of all other parameters.
  private func split(_ layout: ParameterLayout) -> (chosen: [Int], others: [Int]) {
    let chosen = matrices.indices(in: layout)
    let named = chosen.map { layout.entries[$0] }
    precondition(
      named.allSatisfy { $0.shape.count == 2 },
      "Muon orthogonalizes matrices, not \(named.map { "\($0.name) of shape \($0.shape)" })")
    return (chosen, layout.entries.indices.filter { !chosen.contains($0) })
  }

  /// Moves matrices along their orthogonalized momentum.
  private mutating func moveMatrices(
    _ matrices: inout ParameterVector<Scalar>, along slopes: ParameterVector<Scalar>,
    by rules: [ParameterRule], rate: Double
  ) {
    var slopes = slopes
    for (index, rule) in rules.enumerated() where rule.decay.coupledFactor > 0 {
      var slope = slopes.tensor(at: index)
      slope.add(matrices.tensor(at: index), scaledBy: Scalar(rule.decay.coupledFactor))
      slopes.set(slope, at: index)
    }
    var velocity = velocity.take() ?? Tensor(zeros: slopes.values.shape)
    velocity *= Scalar(momentum)
    velocity += slopes.values
    var direction = ParameterVector(velocity, layout: slopes.layout)
    if nesterov {
      direction *= Scalar(momentum)
      direction.values += slopes.values
    }
    for (index, rule) in rules.enumerated() {
      let change = direction.tensor(at: index).orthogonalized(
        iterations: iterations, workers: adam.workers)
      let size = scale * Double(change.shape.max() ?? 1).squareRoot()
      let rate = rate * rule.rateFactor
      var matrix = matrices.tensor(at: index)
      if rule.decay.decoupledFactor > 0 { matrix *= Scalar(1 - rate * rule.decay.decoupledFactor) }
      matrix.add(change, scaledBy: Scalar(-rate * size))
      matrices.set(matrix, at: index)
    }
    self.velocity = velocity
  }

  /// Shows the momentum, and what Adam carries for the other parameters.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&adam, named: "adam")
    try visitor.visit(&velocity, named: "velocity")
  }

  /// Refuses a momentum or moments of other parameters.
  public func requireState(fitting layout: ParameterLayout) throws(StateError) {
    let (chosen, others) = split(layout)
    do {
      try adam.requireState(fitting: layout.part(at: others))
    } catch {
      throw error.within("adam")
    }
    try requireShape(of: velocity, named: "velocity", toBe: [layout.part(at: chosen).count])
  }
}

extension ParameterSelection {
  /// Weights from hidden units to hidden units that are matrices.
  ///
  /// - Precondition: The model that they are chosen from says the role of a weight.
  public static let hiddenMatrices = ParameterSelection(byRole: "hidden matrices") {
    $0.role.isHidden && $0.shape.count == 2
  }
}

extension Tensor {
  /// A matrix with about the same singular vectors, whose singular values are near one.
  ///
  /// The iteration's coefficients are chosen for speed: they leave singular values between about 0.7
  /// and 1.2, and need more steps for those that are far below the largest.
  ///
  /// - Parameter iterations: How many steps of the Newton-Schulz iteration are made.
  func orthogonalized(iterations: Int, workers: Workers) -> Tensor {
    // The shorter side first, so that the products are small.
    let isTall = shape[0] > shape[1]
    var x = isTall ? transposed() : self
    // The published small number, which must not count: momentum of any size is orthogonalized.
    if x.norm() < 0x1p-16 { x = x.scaledToUnitMagnitude().tensor }
    x *= 1 / (x.norm() + 1e-7)
    for _ in 0..<iterations {
      let gram = Tensor.matrixProduct(x, x, transposingRight: true, workers: workers)
      var polynomial = Tensor.matrixProduct(gram, gram, workers: workers)
      polynomial *= 2.0315
      polynomial.add(gram, scaledBy: -4.7750)
      let product = Tensor.matrixProduct(polynomial, x, workers: workers)
      x *= 3.4445
      x += product
    }
    return isTall ? x.transposed() : x
  }
}

extension ParameterLayout {
  /// The layout of the parameters at some indices alone, in order.
  fileprivate func part(at indices: [Int]) -> ParameterLayout {
    var part = ParameterLayout()
    for index in indices {
      part.append(
        name: entries[index].name, shape: entries[index].shape, role: entries[index].role)
    }
    return part
  }
}

extension ParameterVector {
  /// The parameters at some indices, in order.
  fileprivate func part(at indices: [Int]) -> ParameterVector {
    let layout = layout.part(at: indices)
    guard !indices.isEmpty else { return ParameterVector(zeros: layout) }
    let parts = indices.map { tensor(at: $0).reshaped(to: [-1]) }
    return ParameterVector(.concatenated(parts), layout: layout)
  }

  /// Overwrites the parameters at some indices.
  fileprivate mutating func setPart(_ part: ParameterVector, at indices: [Int]) {
    for (place, index) in indices.enumerated() { set(part.tensor(at: place), at: index) }
  }
}
