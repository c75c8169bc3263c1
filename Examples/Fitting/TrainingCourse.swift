import ExampleSupport

/// The losses and times of a run's steps.
public struct TrainingCourse: Sendable {
  /// The loss before each step's update.
  public private(set) var losses: [Double] = []
  /// Seconds of training before each step.
  public private(set) var seconds: [Double] = []
  /// Seconds of each step.
  public private(set) var durations: [Double] = []
  private var elapsed = 0.0

  /// A course before its first step.
  public init() {}

  /// Notes a step.
  public mutating func append(loss: Double, duration: Double) {
    losses.append(loss)
    seconds.append(elapsed)
    durations.append(duration)
    elapsed += duration
  }

  /// The median time of a step.
  public var secondsPerStep: Double? { durations.median }

  /// Seconds spent in all steps.
  public var trainingSeconds: Double { elapsed }
}
