import TensorKit

/// A learning rate as a described function of the step, which counts from zero.
///
/// Rates are finite and not negative; one that is not ends the program with a reason when it is asked for.
///
/// ```swift
/// let schedule: LearningRateSchedule = 1e-3                 // constant
/// let published = LearningRateSchedule.steps(from: 1e-3, factor: 0.1, every: 3000)
/// let gentle = LearningRateSchedule.cosine(from: 1e-3, over: 500).warmingUp(over: 20)
/// ```
public struct LearningRateSchedule: Sendable, ExpressibleByFloatLiteral, CustomStringConvertible {
  /// What the schedule does, in words for a report.
  public let description: String
  private let rate: @Sendable (Int) -> Double

  /// A schedule of one's own.
  public init(_ description: String, rate: @escaping @Sendable (_ step: Int) -> Double) {
    self.description = description
    self.rate = rate
  }

  /// The same rate at every step.
  public init(floatLiteral rate: Double) { self = .constant(rate) }

  /// The learning rate at a step.
  ///
  /// - Precondition: The schedule gives a finite rate that is not negative.
  public func callAsFunction(_ step: Int) -> Double {
    let rate = rate(step)
    precondition(
      rate >= 0 && rate.isFinite,
      "the learning rate at step \(step) is \(rate), by the schedule \"\(description)\"")
    return rate
  }

  /// Whether the rate at a step is finite and not negative, so that it can be asked for.
  package func hasRate(at step: Int) -> Bool {
    let rate = rate(step)
    return rate >= 0 && rate.isFinite
  }

  /// The same rate at every step.
  public static func constant(_ rate: Double) -> LearningRateSchedule {
    LearningRateSchedule("constant \(rate)") { _ in rate }
  }

  /// A rate that is multiplied by a factor after every so many steps.
  ///
  /// - Precondition: `interval` is positive.
  public static func steps(
    from rate: Double, factor: Double, every interval: Int
  ) -> LearningRateSchedule {
    precondition(interval > 0, "a schedule that changes every \(interval) steps")
    return LearningRateSchedule("\(rate), times \(factor) every \(interval) steps") { step in
      rate * factor.raised(to: Double(step / interval))
    }
  }

  /// A rate that is multiplied by a factor at each of some steps.
  public static func milestones(
    from rate: Double, factor: Double, at milestones: [Int]
  ) -> LearningRateSchedule {
    LearningRateSchedule("\(rate), times \(factor) at steps \(milestones)") { step in
      rate * factor.raised(to: Double(milestones.count { $0 <= step }))
    }
  }

  /// A rate that falls smoothly, by a factor over every so many steps.
  ///
  /// - Precondition: `interval` is positive.
  public static func exponential(
    from rate: Double, factor: Double, every interval: Int
  ) -> LearningRateSchedule {
    precondition(interval > 0, "a schedule that changes every \(interval) steps")
    return LearningRateSchedule("\(rate), times \(factor) over every \(interval) steps") { step in
      rate * factor.raised(to: Double(step) / Double(interval))
    }
  }

  /// A rate that falls to a final rate along half a cosine, and then stays.
  ///
  /// - Precondition: `total` is positive.
  public static func cosine(
    from rate: Double, to final: Double = 0, over total: Int
  ) -> LearningRateSchedule {
    precondition(total > 0, "a cosine schedule over \(total) steps")
    return LearningRateSchedule("\(rate) to \(final), half a cosine over \(total) steps") { step in
      let progress = min(Double(step) / Double(total), 1)
      return final + (rate - final) * (1 + (.pi * progress).cosine()) / 2
    }
  }

  /// The same schedule, with the first steps' rates scaled by a fraction that grows linearly to one.
  ///
  /// - Precondition: `steps` is positive.
  public func warmingUp(over steps: Int, from fraction: Double = 0) -> LearningRateSchedule {
    precondition(steps > 0, "a warm-up over \(steps) steps")
    return LearningRateSchedule("\(description), warming up over \(steps) steps") { [rate] step in
      let progress = min(Double(step + 1) / Double(steps), 1)
      return rate(step) * (fraction + (1 - fraction) * progress)
    }
  }
}
