import TensorKit

/// Notices when a constant that is brought level is never learned.
///
/// Some networks learn the constant thousands of times as strongly as anything else, and every change
/// they make changes it too. With a factor as small as that of ``BandEqualizer`` it is then never put
/// right. In training that goes well, the mean's part of the squared residuals falls faster than the
/// rest from the tenth step or earlier; in training that does not, the rest falls faster.
struct ConstantWatch: Checkpointable {
  /// Whether the constant was found not to be learned.
  private(set) var isLost = false
  private var lastMean: Double?
  private var lastRest: Double?
  private var nextStep = 10

  private static var lastStep: Int { 100 }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&isLost, named: "isLost")
    try visitor.visit(&lastMean, named: "lastMean")
    try visitor.visit(&lastRest, named: "lastRest")
    try visitor.visit(&nextStep, named: "nextStep")
  }

  /// Whether the residuals are to be looked at before a step: the tenth, and then steps that are at
  /// least twice as late each time, up to the hundredth.
  func isDue(atStep step: Int) -> Bool {
    !isLost && step >= nextStep && step <= Self.lastStep
  }

  /// Takes note of the squared norm of the residuals' mean band, and of that of the rest.
  ///
  /// The constant is lost if the mean has more than a quarter of the whole, and since the last look the
  /// rest has fallen by a tenth or more, and the mean by less than that and by less than half.
  mutating func note(mean: Double, rest: Double, atStep step: Int) {
    guard (mean + rest).isFinite else { return }
    if let lastMean, let lastRest, lastMean > 0, lastRest > 0 {
      let (meanRatio, restRatio) = (mean / lastMean, rest / lastRest)
      isLost = mean > rest / 3 && restRatio <= 0.9 && meanRatio > max(restRatio, 0.5)
    }
    (lastMean, lastRest) = (mean, rest)
    nextStep = 2 * step
  }
}
