import Testing

@testable import ExampleSupport

@Suite("Progress")
struct ProgressTests {
  /// Runs a number of equal steps on a clock moved by hand and returns what was written.
  func run(
    steps: Int, secondsPerStep: Double, firstStep: Double? = nil, isTerminal: Bool,
    columns: Int = 100
  ) -> [String] {
    let recorder = Recorder()
    let clock = HandClock()
    var progress = StepProgress(
      "cat.png", steps: steps, output: recorder.output(isTerminal: isTerminal, columns: columns),
      clock: { clock.now })
    progress.update(step: 0)
    for step in 1...steps {
      clock.advance(step == 1 ? firstStep ?? secondsPerStep : secondsPerStep)
      progress.update(step: step, value: 20 + Double(step) / 100)
    }
    progress.finish()
    return recorder.written
  }

  @Test("A terminal's line is rewritten at most ten times a second")
  func terminal() {
    let written = run(steps: 1000, secondsPerStep: 0.01, isTerminal: true)
    #expect(written.count > 80 && written.count < 110)
    #expect(written.dropLast(2).allSatisfy { $0.hasPrefix("\r") && !$0.contains("\n") })
    #expect(written.last?.hasPrefix("cat.png: 1000 steps in 10.0 s, 10.0 ms/step") == true)
    #expect(written.last?.hasSuffix("PSNR 30.00 dB (best 30.00 dB at step 1000)\n") == true)
    let middle = written[written.count / 2]
    for part in ["cat.png", "/1000", "[####", "PSNR 2", "best 2", "10.0 ms/step", "left"] {
      #expect(middle.contains(part))
    }
  }

  @Test("A line fits the terminal's width", arguments: [20, 30, 45, 60, 80, 120])
  func fitted(columns: Int) {
    let written = run(steps: 300, secondsPerStep: 2, isTerminal: true, columns: columns)
    for line in written.dropLast() {
      let visible = line.replacing("\r", with: "").replacing("\u{1B}[K", with: "")
      #expect(visible.count < columns)
    }
  }

  @Test("A log gets a few plain lines")
  func log() {
    for (steps, seconds) in [(1000, 0.001), (1000, 1.0), (100_000, 0.3), (3, 100)] {
      let written = run(steps: steps, secondsPerStep: seconds, isTerminal: false)
      #expect(written.count >= 3 && written.count < 60)
      #expect(written.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\r") })
      #expect(written.allSatisfy { !$0.contains("\u{1B}") })
    }
    let short = run(steps: 1000, secondsPerStep: 0.001, isTerminal: false)
    let shown = short.dropLast().compactMap {
      $0.split(whereSeparator: \.isWhitespace).dropFirst().first
    }
    #expect(
      shown == [0, 10, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900].map { "\($0)/1000" })
  }

  @Test("The first step counts neither for a step's time nor for the time left")
  func firstStep() {
    let written = run(steps: 100, secondsPerStep: 2, firstStep: 500, isTerminal: false)
    #expect(written.last?.contains("2.00 s/step") == true)
    let half = written.first { $0.contains("50/100") }
    #expect(half?.contains("0:01:40 left") == true)
  }

  @Test("A step's time is the median, the time left follows the mean")
  func timing() {
    var timing = StepTiming()
    timing.note(step: 0, at: 0)
    #expect(timing.secondsPerStep == nil)
    timing.note(step: 1, at: 10)
    #expect(timing.secondsPerStep == nil && timing.secondsLeft(steps: 1) == nil)
    timing.note(step: 2, at: 11)
    timing.note(step: 3, at: 12)
    timing.note(step: 5, at: 18)
    #expect(timing.secondsPerStep == 1)
    #expect(timing.secondsLeft(steps: 10) == 20)
  }

  @Test("No steps and values that are not finite do no harm")
  func odd() {
    let recorder = Recorder()
    var progress = StepProgress("x", steps: 0, output: recorder.output(isTerminal: true))
    progress.update(step: 0, value: .nan)
    progress.finish()
    #expect(recorder.written.last?.hasPrefix("x: 0 steps in") == true)
    #expect(progress.series.best == nil)
  }

  @Test("Durations and times of steps")
  func texts() {
    #expect(NumberText.duration(0) == "0:00:00")
    #expect(NumberText.duration(3725.4) == "1:02:05")
    #expect(NumberText.duration(.nan) == "–:––:––")
    #expect(NumberText.shortTime(1.234) == "1.23 s")
    #expect(NumberText.shortTime(0.0123) == "12.3 ms")
    #expect(NumberText.shortTime(4.2e-5) == "42 µs")
    #expect(NumberText.significant(0.012345) == "0.0123")
    #expect(NumberText.significant(1234.5) == "1234" || NumberText.significant(1234.5) == "1235")
    #expect(NumberText.significant(1.5e-7) == "1.5e-07")
    #expect(NumberText.plain(3) == "3")
    #expect(NumberText.plain(0.1) == "0.1")
  }
}
