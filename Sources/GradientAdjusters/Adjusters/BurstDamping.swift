import AutoDiff
import TensorKit

/// Keeps gradients that suddenly grow from throwing training back.
///
/// At a constant learning rate, Adam's steps stay as long as they were while the gradients they are
/// divided by shrink. Sooner or later a direction becomes unstable, and within a few steps the loss may
/// grow by orders of magnitude. The more evenly a network learns, the sooner. The length of the
/// gradients shows it as it begins: one that is longer than `growth` times the root mean square of
/// the last 20 or so is shortened to that. It and all that follow are scaled by `cooling`, too, at most
/// once in 20 steps and to no less than a twentieth. In a thousand steps the scale's logarithm falls to a
/// third.
///
/// Adam divides gradients by the root mean square of those of the last thousand steps, so that a scale
/// that falls acts on it as a learning rate that falls for as long. Where the rate falls anyway, that is
/// needed less, and mild bursts pass by themselves: if damping is proportional, a burst of 20 steps scales
/// by no less than its longest gradient had to be shortened by. To gradient descent it is one. To
/// Muon's matrices a scale is nothing, only that bursts are shortened before they enter the momentum.
/// Gradients of batches that are drawn anew differ in length by themselves; this is for full batches.
/// The first 20 gradients, and as many after a ``restart()``, are not shortened, though a scale remains. Behind an
/// adjuster that itself makes gradients longer or shorter while it settles, as ``BandEqualizer`` does in its first
/// 50 steps, let it wait: ``settling``.
///
/// Clipping by what was usual is known from training language models (for instance C. Wang et al.,
/// "AdaGC: Improving training stability for large language model pretraining", 2025); the cooling is
/// this package's own.
public struct BurstDamping<Scalar: TensorScalar>: GradientAdjuster {
  /// How many times as long as usual a gradient may be.
  public let growth: Double
  /// What gradients are scaled by after one that was longer.
  public let cooling: Double
  /// Whether a burst scales gradients by no less than it was shortened by.
  public let isProportional: Bool
  /// How many gradients are looked at before one counts as longer than usual.
  public let settling: Int
  /// What gradients are scaled by now.
  public private(set) var scale = 1.0
  /// The root mean square of the lengths of the last gradients, before scaling.
  private var usualLength: Double?
  /// How many gradients are yet to be looked at before one counts as longer than usual.
  private var unseenCount: Int
  /// How many more steps belong to the burst that was last seen.
  private var burstStepCount = 0
  /// What that burst has scaled gradients by so far.
  private var burstScale = 1.0

  private static var interval: Int { 20 }
  private static var memory: Double { 0.95 }
  private static var recovery: Double { 0.999 }
  private static var smallestScale: Double { 0.05 }

  /// Damps gradients that suddenly grow.
  ///
  /// - Parameters:
  ///   - growth: How many times as long as usual a gradient may be.
  ///   - cooling: What gradients are scaled by after one that was longer.
  ///   - isProportional: Whether a burst scales gradients by no less than it was shortened by. Right for
  ///     learning rates that fall.
  ///   - settling: How many gradients are looked at before one counts as longer than usual.
  /// - Precondition: The growth is above one and finite, the cooling within (0, 1], and the number not negative.
  public init(
    growth: Double = 2, cooling: Double = 0.7, isProportional: Bool = false, settling: Int = 20
  ) {
    precondition(settling >= 0, "\(settling) gradients to settle")
    precondition(
      growth > 1 && growth.isFinite, "gradients that may be \(growth) times as long as usual")
    precondition(cooling > 0 && cooling <= 1, "gradients scaled by \(cooling)")
    self.growth = growth
    self.cooling = cooling
    self.isProportional = isProportional
    self.settling = settling
    unseenCount = settling
  }

  /// Forgets what was usual, as after a change that makes gradients longer or shorter.
  public mutating func restart() {
    usualLength = nil
    unseenCount = settling
  }

  /// What gradients are scaled by now.
  public var diagnostics: [AdjusterDiagnostic] {
    [
      AdjusterDiagnostic(
        "damping", of: "part", items: ["all gradients"],
        columns: [
          .init(
            "scale", [scale],
            plot: .init(
              "scale", title: "Damping", quantity: "scale of gradients",
              caption: """
                What gradients are scaled by: it falls when one is suddenly longer than usual, and \
                recovers slowly.
                """))
        ])
    ]
  }

  /// Shows what was usual, and how far gradients are damped.
  ///
  /// - Throws: `StateError` if it does not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&scale, named: "scale")
    try visitor.visit(&usualLength, named: "usualLength")
    try visitor.visit(&unseenCount, named: "unseenCount")
    try visitor.visit(&burstStepCount, named: "burstStepCount")
    try visitor.visit(&burstScale, named: "burstScale")
  }

  /// Shortens a gradient that is longer than usual, and scales it.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) {
    var length = Double(gradient.norm())
    if length == .infinity {
      // Too long for a number of the gradient's type, perhaps.
      length = gradient.values.dotInDouble(gradient.values).squareRoot()
    }
    guard length.isFinite else { return }
    scale = scale.raised(to: Self.recovery)
    burstStepCount = max(burstStepCount - 1, 0)
    var factor = 1.0
    if unseenCount > 0 {
      unseenCount -= 1
    } else if let usualLength, usualLength > 0, length > growth * usualLength {
      factor = growth * usualLength / length
      length = growth * usualLength
      if burstStepCount == 0 { (burstStepCount, burstScale) = (Self.interval, 1) }
      let lower = min(burstScale, isProportional ? max(factor, cooling) : cooling)
      scale = max(scale * lower / burstScale, Self.smallestScale)
      burstScale = lower
    }
    usualLength =
      usualLength.map { Self.averaged($0, length) } ?? length
    if factor * scale != 1 { gradient *= Scalar(factor * scale) }
  }

  /// The root mean square of what was usual and a new length.
  private static func averaged(_ usual: Double, _ length: Double) -> Double {
    guard max(usual, length) > 0 else { return 0 }
    // In units of a power of two, which change no digit: no square vanishes or overflows.
    let exponent = max(usual, length).exponent
    let unit = Double(sign: .plus, exponent: exponent, significand: 1)
    let (usual, length) = (usual / unit, length / unit)
    let root = (memory * usual * usual + (1 - memory) * length * length).squareRoot()
    return root * unit
  }
}
