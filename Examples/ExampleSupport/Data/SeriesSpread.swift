/// The mean of several runs and how far they are spread, step by step.
///
/// ```swift
/// let spread = SeriesSpread(of: losses)  // one list for each seed
/// let series = PlotSeries("plain", x: steps, y: spread.mean, band: spread.band)
/// ```
package struct SeriesSpread: Sendable, Equatable {
  /// The mean over the runs at each step.
  package let mean: [Double]
  /// The smallest value of any run at each step.
  package let low: [Double]
  /// The largest value of any run at each step.
  package let high: [Double]
  /// The number of runs.
  package let runCount: Int

  /// The spread of some runs; a run that ended early counts as long as it lasted.
  ///
  /// - Parameter runs: The values of each run, step by step.
  package init(of runs: [[Double]]) {
    let length = runs.map(\.count).max() ?? 0
    var (mean, low, high): ([Double], [Double], [Double]) = ([], [], [])
    for step in 0..<length {
      let values = runs.compactMap { $0.element(at: step) }
      mean.append(values.mean ?? .nan)
      low.append(values.min() ?? .nan)
      high.append(values.max() ?? .nan)
    }
    self.mean = mean
    self.low = low
    self.high = high
    runCount = runs.count
  }

  /// The band from the smallest to the largest value; a single run has none.
  package var band: PlotSeries.Band? {
    runCount > 1 ? PlotSeries.Band(low: low, high: high) : nil
  }
}

/// The mean of a measure over several runs, with its standard deviation.
package struct MeanWithDeviation: Sendable, Equatable {
  /// The arithmetic mean.
  package let mean: Double
  /// The sample standard deviation; a single run has none.
  package let deviation: Double?

  /// The mean and the deviation of some values; nothing for none.
  package init?(of values: [Double]) {
    guard let mean = values.mean else { return nil }
    self.mean = mean
    deviation = values.standardDeviation
  }

  /// The two as text, as `0.0123 ± 0.0004`.
  package func text(_ digits: Int = 3) -> String {
    let mean = NumberText.significant(mean, digits)
    return deviation.map { "\(mean) ± \(NumberText.significant($0, 2))" } ?? mean
  }
}
