import AutoDiff
import TensorKit

/// How a network is trained.
public struct TrainingRecipe: Codable, Hashable, Sendable {
  /// What moves the weights.
  public var optimizer: OptimizerKind
  /// The learning rate at the start.
  public var learningRate: Double
  /// How the learning rate changes.
  public var schedule: RateSchedule
  /// The number of steps.
  public var steps: Int
  /// Seeds the initial weights; 0 where none is published.
  public var seed: Int
  /// The norm that longer gradients are shortened to; nil if they are not.
  public var clipNorm: Double?
  /// How much of Adam's second moment is kept; nil for the published share.
  public var secondDecay: Double?
  /// What is added to the root of Adam's second moment; nil for the published number.
  public var epsilon: Double?
  /// What the learning rate of some parameters, or modules, is multiplied by, by their names.
  public var rateFactors: [String: Double]?
  /// The parameters, or modules, of which Adam leaves alone what has a gradient of zero, by their names.
  public var zeroGradientsSkipped: [String]?

  /// A number of steps.
  public init(
    _ optimizer: OptimizerKind = .adam, learningRate: Double, schedule: RateSchedule = .constant,
    steps: Int, seed: Int = 0
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.schedule = schedule
    self.steps = steps
    self.seed = seed
  }

  /// A fresh optimizer.
  ///
  /// - Parameters:
  ///   - workers: The threads that share the work.
  ///   - stepsPerEpoch: How many steps make a pass over the signal.
  ///   - type: The numbers that are computed with.
  public func optimizer<Scalar: TensorScalar>(
    workers: Workers, stepsPerEpoch: Int = 1, _ type: Scalar.Type
  ) -> any Optimizer<Scalar> {
    let rates = rates(stepsPerEpoch: stepsPerEpoch)
    let skipped = zeroGradientsSkipped ?? []
    let groups = Set(skipped).union((rateFactors ?? [:]).keys).sorted().map { name in
      ParameterGroup(
        .named(name), learningRate: rateFactors?[name] ?? 1,
        zeroGradients: skipped.contains(name) ? .skipped : .moved)
    }
    switch optimizer {
    case .adam, .amsgrad:
      return Adam<Scalar>(
        learningRate: rates, secondDecay: secondDecay ?? 0.999, epsilon: epsilon ?? 1e-8,
        amsGrad: optimizer == .amsgrad, groups: groups, workers: workers)
    case .sgd: return SGD<Scalar>(learningRate: rates, groups: groups)
    case .muon: return Muon<Scalar>(learningRate: rates, groups: groups, workers: workers)
    }
  }

  /// The learning rate as a function of the step.
  ///
  /// - Parameter stepsPerEpoch: How many steps make a pass over the signal.
  public func rates(stepsPerEpoch: Int = 1) -> LearningRateSchedule {
    schedule.schedule(from: learningRate, stepsPerEpoch: stepsPerEpoch, steps: steps)
  }
}

/// The catalogue of optimizers.
public enum OptimizerKind: String, CaseIterable, Codable, Sendable {
  /// Adam with its published constants.
  case adam
  /// Adam with the largest second moment so far.
  case amsgrad
  /// Gradient descent without momentum.
  case sgd
  /// Orthogonalized momentum for hidden matrices, Adam for the rest.
  case muon

  /// A line of explanation.
  public var about: String {
    switch self {
    case .adam: "Adam with its published constants"
    case .amsgrad: "Adam with the largest second moment so far (Reddi et al. 2018)"
    case .sgd: "gradient descent without momentum"
    case .muon:
      "orthogonalized momentum for hidden matrices, Adam for the rest (Jordan et al. 2024)"
    }
  }
}

/// How a learning rate changes, under a name such as `once:3000:0.1`.
public enum RateSchedule: RawRepresentable, Codable, Hashable, Sendable {
  /// It stays.
  case constant
  /// It is multiplied by a factor after every so many steps.
  case steps(every: Int, factor: Double)
  /// It is multiplied by a factor at one step.
  case once(at: Int, factor: Double)
  /// It falls smoothly, by a factor over every so many steps.
  case exponential(factor: Double, every: Int)
  /// It falls along a cosine, to zero or to a share of the first rate.
  case cosine(total: Int, factor: Double = 0)
  /// It falls by a factor over every so many epochs, once an epoch.
  case epochs(factor: Double, every: Int)
  /// It falls smoothly, by a factor over the whole training.
  case falling(factor: Double)
  /// It falls to zero along half a cosine over the whole training.
  case wholeCosine

  /// Reads a name; nil if it is none.
  public init?(rawValue text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    func count(_ index: Int) -> Int? { Int(parts[index]).flatMap { $0 > 0 ? $0 : nil } }
    func factor(_ index: Int) -> Double? {
      Double(parts[index]).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
    switch (parts[0], parts.count) {
    case ("constant", 1): self = .constant
    case ("steps", 3):
      guard let every = count(1), let factor = factor(2) else { return nil }
      self = .steps(every: every, factor: factor)
    case ("once", 3):
      guard let step = count(1), let factor = factor(2) else { return nil }
      self = .once(at: step, factor: factor)
    case ("exponential", 3):
      guard let factor = factor(1), let every = count(2) else { return nil }
      self = .exponential(factor: factor, every: every)
    case ("cosine", 1): self = .wholeCosine
    case ("cosine", 2):
      guard let total = count(1) else { return nil }
      self = .cosine(total: total)
    case ("cosine", 3):
      guard let total = count(1), let factor = factor(2) else { return nil }
      self = .cosine(total: total, factor: factor)
    case ("epochs", 3):
      guard let factor = factor(1), let every = count(2) else { return nil }
      self = .epochs(factor: factor, every: every)
    case ("falling", 2):
      guard let factor = factor(1) else { return nil }
      self = .falling(factor: factor)
    default: return nil
    }
  }

  /// The name.
  public var rawValue: String {
    switch self {
    case .constant: "constant"
    case .steps(let every, let factor): "steps:\(every):\(factor)"
    case .once(let step, let factor): "once:\(step):\(factor)"
    case .exponential(let factor, let every): "exponential:\(factor):\(every)"
    case .cosine(let total, let factor): "cosine:\(total)" + (factor == 0 ? "" : ":\(factor)")
    case .epochs(let factor, let every): "epochs:\(factor):\(every)"
    case .falling(let factor): "falling:\(factor)"
    case .wholeCosine: "cosine"
    }
  }

  /// The rates from a first one on.
  ///
  /// - Parameters:
  ///   - rate: The rate of the first step.
  ///   - stepsPerEpoch: How many steps make a pass over the signal.
  ///   - steps: How many steps there are in all.
  public func schedule(
    from rate: Double, stepsPerEpoch: Int = 1, steps: Int = 1
  ) -> LearningRateSchedule {
    switch self {
    case .constant: .constant(rate)
    case .steps(let every, let factor): .steps(from: rate, factor: factor, every: every)
    case .once(let step, let factor): .milestones(from: rate, factor: factor, at: [step])
    case .exponential(let factor, let every): .exponential(from: rate, factor: factor, every: every)
    case .cosine(let total, let factor):
      .cosine(from: rate, to: rate * factor, over: total)
    case .epochs(let factor, let every):
      .steps(from: rate, factor: factor.raised(to: 1 / Double(every)), every: stepsPerEpoch)
    case .falling(let factor): .exponential(from: rate, factor: factor, every: max(steps, 1))
    case .wholeCosine: .cosine(from: rate, over: max(steps, 1))
    }
  }

  /// The rate after a share of the training, of schedules that go by it; nil for those that count steps.
  ///
  /// - Parameters:
  ///   - rate: The rate of the first step.
  ///   - share: From 0 to 1.
  public func rate(from rate: Double, atShare share: Double) -> Double? {
    switch self {
    case .falling(let factor): rate * factor.raised(to: share)
    case .wholeCosine: rate * (1 + (.pi * share).cosine()) / 2
    default: nil
    }
  }
}
