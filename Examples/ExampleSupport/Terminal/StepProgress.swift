/// Shows how far a run is: one line rewritten in place on a terminal, a few plain lines in a log.
///
/// ```swift
/// var progress = StepProgress("cat.png", steps: 2000)
/// for step in 1...2000 {
///   progress.update(step: step, value: psnr)
/// }
/// progress.finish()
/// ```
package struct StepProgress: Sendable {
  /// What is running, shown at the start of the line.
  package let label: String
  /// The number of steps in all; the largest number for as many as find room in a time.
  package let steps: Int
  /// The measure of quality.
  package let measure: ProgressMeasure
  /// The measure's values so far.
  package private(set) var series: MeasuredSeries
  /// The time that steps take.
  package private(set) var timing = StepTiming()

  private let output: TextOutput
  private let clock: @Sendable () -> Double
  private let start: Double
  private var step = 0
  /// Which share of the time is over, where steps are made for a time.
  private var share: Double?
  private var lastShown: Double?
  private var nextMilestone = 0
  private var hasOpenLine = false

  private static let terminalInterval = 0.1
  private static let milestones = [0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90]

  /// Starts the clock; nothing is shown before the first update.
  ///
  /// - Parameters:
  ///   - label: What is running.
  ///   - steps: The number of steps in all.
  ///   - former: The values of the measure before each step that an earlier run has made.
  ///   - measure: The measure of quality whose values the updates bring.
  ///   - output: Where to show it.
  ///   - clock: The time in seconds.
  package init(
    _ label: String, steps: Int, after former: [Double] = [], measure: ProgressMeasure = .psnr,
    output: TextOutput = .standardError,
    clock: @escaping @Sendable () -> Double = Machine.monotonicSeconds
  ) {
    self.label = label.visible
    self.steps = max(steps, 0)
    self.measure = measure
    self.output = output
    self.clock = clock
    series = MeasuredSeries(better: measure.better)
    for (step, value) in former.enumerated() { series.record(value, at: step) }
    step = former.count
    start = clock()
    timing.note(step: step, at: start)
  }

  /// Notes that a number of steps are done, with the measure's value if there is a new one.
  ///
  /// - Parameters:
  ///   - step: The number of steps done.
  ///   - value: The measure's new value.
  ///   - measuredStep: After how many steps the value was measured, if not after all those done.
  ///   - share: Which share of the time is over, where steps are made for a time and their number is open.
  package mutating func update(
    step: Int, value: Double? = nil, measuredAfter measuredStep: Int? = nil, share: Double? = nil
  ) {
    let now = clock()
    self.step = step
    if let share { self.share = min(max(share, 0), 1) }
    timing.note(step: step, at: now)
    if let value { series.record(value, at: measuredStep ?? step) }
    if output.isTerminal {
      if let lastShown, now - lastShown < Self.terminalInterval, step < steps { return }
      output.write("\r" + line(columns: max(output.columns - 1, 8)) + "\u{1B}[K")
      hasOpenLine = true
    } else {
      guard isDueInLog(now) else { return }
      output.writeLine(line(columns: nil))
    }
    lastShown = now
  }

  /// Ends the progress with a plain line that stays.
  package mutating func finish() {
    let elapsed = clock() - start
    if hasOpenLine { output.write("\r\u{1B}[K") }
    hasOpenLine = false
    var parts = ["\(label): \(NumberText.count(step, "step")) in \(Self.elapsed(elapsed))"]
    if let perStep = timing.secondsPerStep { parts.append(NumberText.shortTime(perStep) + "/step") }
    if let latest = series.latest {
      var text = "\(measure.name) \(measure.text(latest.value))"
      if let best = series.best {
        text += " (best \(measure.text(best.value)) at step \(best.step))"
      }
      parts.append(text)
    }
    output.writeLine(parts.joined(separator: ", "))
  }

  /// Takes the line off the terminal, so that something else can be printed.
  package mutating func clear() {
    if hasOpenLine { output.write("\r\u{1B}[K") }
    hasOpenLine = false
  }

  /// At 0, 1, 2, 5, 10, 20 … percent and after long silences, ever longer ones in a long run.
  private mutating func isDueInLog(_ now: Double) -> Bool {
    if step >= steps || share == 1 { return false }
    let percent = share.map { Int($0 * 100) } ?? step * 100 / max(steps, 1)
    let passed = Self.milestones.prefix { $0 <= percent }.count
    if passed > nextMilestone {
      nextMilestone = passed
      return true
    }
    let silence = now - (lastShown ?? start)
    return silence >= max(10, (now - start) / 5)
  }

  /// The line, without its less important parts where the width does not allow them.
  private func line(columns: Int?) -> String {
    let count = steps == .max ? NumberText.count(step, "step") : "\(step)/\(steps)"
    let full = quality(withBest: true)
    let time = [timing.secondsPerStep.map { NumberText.shortTime($0) + "/step" }, timeLeft]
    let everything = [label, count] + (columns == nil ? [] : [bar(16)]) + full + time
    var candidates = [everything]
    candidates.append([label, count, bar(8)] + full + time)
    candidates.append([label, count] + full + time)
    candidates.append([label, count] + quality(withBest: false) + time)
    candidates.append([label, count] + quality(withBest: false) + [timeLeft])
    candidates.append([count] + quality(withBest: false) + [timeLeft])
    candidates.append([count] + quality(withBest: false))
    let lines = candidates.map { $0.compactMap(\.self).joined(separator: "  ") }
    guard let columns else { return lines[0] }
    return lines.first { $0.count <= columns } ?? String(count.prefix(columns))
  }

  private func quality(withBest: Bool) -> [String?] {
    guard let latest = series.latest else { return [] }
    let now = "\(measure.name) \(measure.text(latest.value))"
    guard withBest, let best = series.best else { return [now] }
    return ["\(now), best \(measure.text(best.value, withUnit: false))"]
  }

  private var timeLeft: String? {
    guard steps > step else { return nil }
    if let share {
      let left = (clock() - start) * (1 - share) / max(share, 1e-9)
      return share > 0 && share < 1 ? NumberText.duration(left) + " left" : nil
    }
    return timing.secondsLeft(steps: steps - step).map { NumberText.duration($0) + " left" }
  }

  private func bar(_ cells: Int) -> String {
    let part = share ?? (steps == 0 ? 1 : min(max(Double(step) / Double(steps), 0), 1))
    let filled = Int((part * Double(cells)).rounded(.down))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: "-", count: cells - filled) + "]"
  }

  private static func elapsed(_ seconds: Double) -> String {
    seconds < 60 ? NumberText.fixed(seconds, 1) + " s" : NumberText.duration(seconds)
  }
}
