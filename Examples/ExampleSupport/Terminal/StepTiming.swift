/// How long a run's steps take, leaving out the first, which also pays for starting up.
package struct StepTiming: Sendable {
  private struct Mark {
    var step: Int
    var seconds: Double
  }

  private var start: Int?
  private var latest: Mark?
  private var afterFirstStep: Mark?
  private var recent: [Double] = []
  private var next = 0
  private static let window = 63

  /// Starts without knowing anything.
  package init() {}

  /// Notes that a number of steps are done at a time.
  package mutating func note(step: Int, at seconds: Double) {
    defer { latest = Mark(step: step, seconds: seconds) }
    let start = start ?? step
    self.start = start
    if step > start, afterFirstStep == nil { afterFirstStep = Mark(step: step, seconds: seconds) }
    guard let latest, latest.step > start, step > latest.step else { return }
    let perStep = (seconds - latest.seconds) / Double(step - latest.step)
    if recent.count < Self.window {
      recent.append(perStep)
    } else {
      recent[next] = perStep
      next = (next + 1) % Self.window
    }
  }

  /// The median over the latest steps; nothing before the second step is done.
  package var secondsPerStep: Double? { recent.median }

  /// The time that some more steps will take, by the mean since the first step.
  ///
  /// The mean, not the median, since pauses for evaluation and files will come again.
  package func secondsLeft(steps: Int) -> Double? {
    guard let afterFirstStep, let latest, latest.step > afterFirstStep.step else { return nil }
    let mean =
      (latest.seconds - afterFirstStep.seconds) / Double(latest.step - afterFirstStep.step)
    return mean * Double(steps)
  }
}
