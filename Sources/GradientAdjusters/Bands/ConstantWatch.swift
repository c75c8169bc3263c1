/// Notices when a constant that is brought level is never learned.
///
/// Some networks learn the constant thousands of times as strongly as anything else, and every change
/// they make changes it too. With a factor as small as that of ``BandEqualizer`` it is then never put
/// right. In training that goes well, the mean's share of the squared error falls from the tenth step or
/// earlier to some percent at the fiftieth; in training that does not, it grows from the beginning.
struct ConstantWatch: Sendable, Equatable {
  /// Whether the constant was found not to be learned.
  private(set) var isLost = false
  private var lastShare = Double.infinity
  private var nextStep = 10

  /// Whether the mean's share of the squared error is to be looked at before a step: after ten
  /// steps, and then after at least twice as many each time.
  func isDue(atStep step: Int) -> Bool { !isLost && step >= nextStep }

  /// Takes note of the mean's share of the squared error.
  ///
  /// The constant is lost if that is more than a quarter, and has not fallen since the last look.
  mutating func note(share: Double, atStep step: Int) {
    isLost = share > 0.25 && share >= lastShare
    lastShare = share
    nextStep = 2 * step
  }
}
