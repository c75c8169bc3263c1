/// How parameters are drawn towards zero while they are trained.
public enum WeightDecay: Sendable, Equatable {
  /// A multiple of the parameters is added to their gradient: the gradient of a penalty on their squares.
  case coupled(Double)
  /// The parameters shrink by a multiple of the learning rate, beside the gradient: `θ ← θ - rate · λ θ`.
  ///
  /// Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019 (AdamW),
  /// with λ times the learning rate as in PyTorch.
  case decoupled(Double)

  /// No decay.
  public static let zero = WeightDecay.coupled(0)

  /// What is added to the gradient, as a multiple of the parameters.
  var coupledFactor: Double { if case .coupled(let factor) = self { factor } else { 0 } }

  /// What the parameters shrink by, as a multiple of the learning rate.
  var decoupledFactor: Double { if case .decoupled(let factor) = self { factor } else { 0 } }

  /// Stops at a decay that would be growth, or is no number.
  func requireDecay() {
    precondition(
      coupledFactor >= 0 && decoupledFactor >= 0 && coupledFactor.isFinite
        && decoupledFactor.isFinite, "a weight decay must be finite and not negative: \(self)")
  }
}

/// What Adam does with numbers whose gradient is exactly zero, as those of a table's rows that no sample used.
public enum ZeroGradients: Sendable, Equatable {
  /// They are moved on by what is left of their moments, as the published method has it.
  case moved
  /// They stay, and their moments too. One count of steps corrects all moments.
  ///
  /// Source: C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, released code.
  case skipped
  /// They stay, and each number counts the steps in which it was moved.
  ///
  /// Source: T. Müller et al., "Instant neural graphics primitives", SIGGRAPH 2022, as in tiny-cuda-nn.
  case skippedWithOwnSteps
}

/// Some parameters that an optimizer moves by a learning rate or a weight decay of their own.
///
/// ```swift
/// let optimizer = Adam<Float>(
///   learningRate: 1e-3, weightDecay: .decoupled(0.01),
///   groups: [
///     ParameterGroup(.biases, weightDecay: .zero),
///     ParameterGroup(.named("encoding"), learningRate: 10),
///     ParameterGroup(.named("layers.0"), learningRate: 0),  // frozen
///   ])
/// ```
///
/// A parameter belongs to the first of an optimizer's groups that contains it, or to none. Groups are
/// configuration, and not saved with an optimizer's state.
public struct ParameterGroup: Sendable {
  /// Which parameters are in the group.
  public let parameters: ParameterSelection
  /// What the optimizer's learning rate is multiplied by; with 0 the parameters stay as they are.
  public let learningRate: Double
  /// The parameters' weight decay; nil for the optimizer's own.
  public let weightDecay: WeightDecay?
  /// What Adam does where the gradient is zero.
  ///
  /// Where it skips, ε is added to the root of the uncorrected second moment, as in the sources, and AMSGrad does
  /// not apply. Other optimizers do not look at it.
  public let zeroGradients: ZeroGradients

  /// A group of parameters.
  ///
  /// - Parameters:
  ///   - parameters: Which parameters are in the group.
  ///   - learningRate: What the optimizer's learning rate is multiplied by.
  ///   - weightDecay: The parameters' weight decay; nil for the optimizer's own.
  ///   - zeroGradients: What Adam does where the gradient is zero.
  /// - Precondition: The factor and the decay are finite and not negative.
  public init(
    _ parameters: ParameterSelection, learningRate: Double = 1, weightDecay: WeightDecay? = nil,
    zeroGradients: ZeroGradients = .moved
  ) {
    precondition(
      learningRate >= 0 && learningRate.isFinite,
      "a learning rate's factor of \(learningRate) for \(parameters)")
    weightDecay?.requireDecay()
    self.parameters = parameters
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.zeroGradients = zeroGradients
  }
}

/// How one parameter is moved.
struct ParameterRule: Equatable {
  /// What the learning rate is multiplied by.
  var rateFactor = 1.0
  /// The parameter's weight decay.
  var decay: WeightDecay
  /// What happens where the gradient is zero.
  var zeroGradients = ZeroGradients.moved
}

extension [ParameterGroup] {
  /// The rule of each parameter, in order.
  ///
  /// - Precondition: Each name that is chosen by is one of the layout's.
  func rules(for layout: ParameterLayout, otherwise decay: WeightDecay) -> [ParameterRule] {
    var rules = [ParameterRule](
      repeating: ParameterRule(decay: decay), count: layout.entries.count)
    // Backwards, so that the first group has the last word.
    for group in reversed() {
      for index in group.parameters.indices(in: layout) {
        rules[index] = ParameterRule(
          rateFactor: group.learningRate, decay: group.weightDecay ?? decay,
          zeroGradients: group.zeroGradients)
      }
    }
    return rules
  }
}

extension ParameterLayout {
  /// Elements that follow each other and are moved by the same rule, from first to last.
  func runs(of rules: [ParameterRule]) -> [(elements: Range<Int>, rule: ParameterRule)] {
    var runs: [(elements: Range<Int>, rule: ParameterRule)] = []
    for (entry, rule) in zip(entries, rules) {
      let end = entry.offset + entry.count
      if let last = runs.last, last.rule == rule {
        runs[runs.count - 1].elements = last.elements.lowerBound..<end
      } else {
        runs.append((entry.offset..<end, rule))
      }
    }
    return runs
  }
}
