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
public struct Muon<Scalar: TensorScalar>: Optimizer {
  /// Says which parameters are moved by orthogonalized momentum.
  public typealias Selection = @Sendable (ParameterLayout) -> [ParameterLayout.Entry]

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
  private let matrices: Selection
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
  ///   - workers: The threads that share the products and Adam's parameters.
  ///   - matrices: Says which parameters are matrices to orthogonalize;
  ///     ``hiddenMatrices(of:)`` by default.
  /// - Precondition: Momentum and decays are within [0, 1), and the other numbers are positive.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0.95, nesterov: Bool = true,
    iterations: Int = 5, scale: Double = 0.2, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
    epsilon: Double = 1e-8, workers: Workers = Workers(), matrices: Selection? = nil
  ) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum) is not within [0, 1)")
    precondition(
      iterations > 0 && scale > 0, "\(iterations) iterations and the scale \(scale) of Muon")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.iterations = iterations
    self.scale = scale
    self.matrices = matrices ?? { Muon.hiddenMatrices(of: $0) }
    adam = Adam(
      learningRate: learningRate, firstDecay: firstDecay, secondDecay: secondDecay,
      epsilon: epsilon, workers: workers)
  }

  /// The parameters of two axes but the first and the last of them.
  ///
  /// These are the hidden matrices of a network whose layers follow each other. Networks with inputs or
  /// outputs at several layers need a selection of their own.
  public static func hiddenMatrices(of layout: ParameterLayout) -> [ParameterLayout.Entry] {
    layout.entries.filter { $0.shape.count == 2 }.dropFirst().dropLast()
  }

  /// How many updates have been made.
  public var step: Int { adam.step }

  /// Moves parameters by one step.
  public mutating func update(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>
  ) {
    let chosen = matrices(parameters.layout)
    precondition(
      chosen.allSatisfy { $0.shape.count == 2 && parameters.layout.entries.contains($0) },
      "Muon orthogonalizes matrices of the model, not \(chosen.map(\.name))")
    let names = Set(chosen.map(\.name))
    let indices = parameters.layout.entries.indices
    let hidden = indices.filter { names.contains(parameters.layout.entries[$0].name) }
    let rate = learningRate(step)
    moveOthers(&parameters, along: gradient, at: indices.filter { !hidden.contains($0) })
    moveMatrices(&parameters, along: gradient, at: hidden, rate: rate)
  }

  /// Moves the parameters at some indices by Adam.
  private mutating func moveOthers(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>,
    at indices: [Int]
  ) {
    var some = parameters.part(at: indices)
    adam.update(&some, along: gradient.part(at: indices))
    parameters.setPart(some, at: indices)
  }

  /// Moves the matrices at some indices along their orthogonalized momentum.
  private mutating func moveMatrices(
    _ parameters: inout ParameterVector<Scalar>, along gradient: ParameterVector<Scalar>,
    at indices: [Int], rate: Double
  ) {
    let slopes = gradient.part(at: indices)
    var velocity = velocity.take() ?? Tensor(zeros: slopes.values.shape)
    velocity *= Scalar(momentum)
    velocity += slopes.values
    var moved = parameters.part(at: indices)
    var direction = ParameterVector(velocity, layout: slopes.layout)
    if nesterov {
      direction *= Scalar(momentum)
      direction.values += slopes.values
    }
    for index in moved.layout.entries.indices {
      let change = direction.tensor(at: index).orthogonalized(
        iterations: iterations, workers: adam.workers)
      let size = scale * Double(change.shape.max() ?? 1).squareRoot()
      var matrix = moved.tensor(at: index)
      matrix.add(change, scaledBy: Scalar(-rate * size))
      moved.set(matrix, at: index)
    }
    parameters.setPart(moved, at: indices)
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
    let names = Set(matrices(layout).map(\.name))
    var (hidden, others) = (ParameterLayout(), ParameterLayout())
    for entry in layout.entries {
      if names.contains(entry.name) {
        hidden.append(name: entry.name, shape: entry.shape)
      } else {
        others.append(name: entry.name, shape: entry.shape)
      }
    }
    do {
      try adam.requireState(fitting: others)
    } catch {
      throw error.within("adam")
    }
    try requireShape(of: velocity, named: "velocity", toBe: [hidden.count])
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

extension ParameterVector {
  /// The parameters at some indices, in order.
  fileprivate func part(at indices: [Int]) -> ParameterVector {
    var layout = ParameterLayout()
    for index in indices {
      layout.append(name: self.layout.entries[index].name, shape: self.layout.entries[index].shape)
    }
    guard !indices.isEmpty else { return ParameterVector(zeros: layout) }
    let parts = indices.map { tensor(at: $0).reshaped(to: [-1]) }
    return ParameterVector(.concatenated(parts), layout: layout)
  }

  /// Overwrites the parameters at some indices.
  fileprivate mutating func setPart(_ part: ParameterVector, at indices: [Int]) {
    for (place, index) in indices.enumerated() { set(part.tensor(at: place), at: index) }
  }
}
