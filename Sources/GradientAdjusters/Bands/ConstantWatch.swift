/// Notices when a constant that is brought level is never learned.
///
/// Some networks learn the constant thousands of times as strongly as anything else, and every change
/// they make changes it too. With a factor as small as that of ``BandEqualizer`` it is then never put
/// right. In training that goes well, the mean's part of the squared residuals falls faster than the
/// rest from the tenth step or earlier; in training that does not, the rest falls faster.
struct ConstantWatch: Sendable {
  /// Whether the constant was found not to be learned.
  private(set) var isLost = false
  private var last: (mean: Double, rest: Double)?
  private var nextStep = 10

  private static var lastStep: Int { 100 }

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
    if let last, last.mean > 0, last.rest > 0 {
      let (meanRatio, restRatio) = (mean / last.mean, rest / last.rest)
      isLost = mean > rest / 3 && restRatio <= 0.9 && meanRatio > max(restRatio, 0.5)
    }
    last = (mean, rest)
    nextStep = 2 * step
  }
}
