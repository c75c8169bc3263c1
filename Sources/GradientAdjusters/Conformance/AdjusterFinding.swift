/// Something that a conformance check found wrong with an adjuster.
public struct AdjusterFinding: Sendable, Equatable, CustomStringConvertible {
  /// What is asked of every adjuster.
  public enum Rule: String, Sendable, CaseIterable {
    /// It makes steps on an ordinary batch, and their losses and gradients are finite.
    case trains
    /// Cotangents and gradients keep their shapes, and the model its outputs'.
    case keepsShapes = "keeps shapes"
    /// A copy that is given the same steps does the same, bit for bit.
    case isDeterministic = "is deterministic"
    /// Copies share no state: what one is given changes nothing for another.
    case isAValue = "is a value"
    /// The number of threads changes no bit.
    case ignoresThreads = "does not depend on threads"
    /// The number of processes changes no bit: what shards of a batch come to is returned, not noted aside.
    case ignoresProcesses = "does not depend on processes"
    /// How the batch is cut into tiles changes nothing but rounding.
    case ignoresTiles = "does not depend on tiles"
    /// A batch of one sample gives a finite gradient or a thrown error.
    case survivesOneSample = "survives a batch of one sample"
    /// A step with numbers that are not finite throws, and the next step is made as if it had not been.
    case survivesNonFiniteNumbers = "survives numbers that are not finite"
    /// Saved and restored half-way, it does the same, bit for bit.
    case savesItsState = "saves its state"
    /// The folded model computes what the trained one does.
    case foldsToTheSameFunction = "folds to the same function"
    /// Something differs from plain training, if only in rounding: a loss, a gradient, the prepared or the
    /// folded model.
    ///
    /// Looked for in 48 steps, in the last of which residuals suddenly grow, as an adjuster may wait before
    /// it acts. ``IdentityAdjuster`` is exempt, and whatever is checked without expecting a change.
    case changesSomething = "changes something"
    /// Adjusted gradients do not lead uphill: on average over the first steps the cosine between one and
    /// the plain gradient of the same model is not negative.
    case descends
  }

  /// The rule that is broken.
  public let rule: Rule
  /// How, in a sentence.
  public let detail: String

  /// A finding.
  public init(_ rule: Rule, _ detail: String) {
    self.rule = rule
    self.detail = detail
  }

  /// The rule and how it is broken.
  public var description: String { "\(rule.rawValue): \(detail)" }
}
