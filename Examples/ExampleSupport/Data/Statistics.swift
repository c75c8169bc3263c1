extension Collection where Element == Double {
  /// The middle value; not-a-number is left out, and an empty collection has none.
  package var median: Double? { quantile(0.5) }

  /// The value below which a fraction of the values lies, with linear interpolation.
  ///
  /// - Parameter fraction: From 0, the smallest value, to 1, the largest.
  /// - Returns: The quantile, or nothing when no value is a number.
  package func quantile(_ fraction: Double) -> Double? {
    let sorted = filter { !$0.isNaN }.sorted()
    guard !sorted.isEmpty, !fraction.isNaN else { return nil }
    let position = Swift.min(Swift.max(fraction, 0), 1) * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = Swift.min(lower + 1, sorted.count - 1)
    let part = position - Double(lower)
    // Interpolating between equal values would make not-a-number of two infinities.
    if part == 0 || sorted[lower] == sorted[upper] { return sorted[lower] }
    return sorted[lower] * (1 - part) + sorted[upper] * part
  }

  /// The arithmetic mean; an empty collection has none.
  package var mean: Double? {
    isEmpty ? nil : reduce(0, +) / Double(count)
  }

  /// The sample standard deviation, with one less than the count below; it takes two values.
  package var standardDeviation: Double? {
    guard count > 1, let mean else { return nil }
    let sum = reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (sum / Double(count - 1)).squareRoot()
  }
}

/// Which of two values of a measure is the better one.
package enum BetterValue: Sendable, Equatable {
  /// The higher, as for PSNR.
  case higher
  /// The lower, as for a loss.
  case lower

  /// Whether a value beats another; not-a-number beats nothing.
  package func prefers(_ value: Double, to other: Double) -> Bool {
    self == .higher ? value > other : value < other
  }
}

/// A measure recorded at some of a run's steps, with its best value and its medians.
package struct MeasuredSeries: Sendable, Equatable {
  /// A value and the step at which it was measured.
  package struct Point: Sendable, Equatable {
    /// The step.
    package let step: Int
    /// The value.
    package let value: Double
  }

  /// Which value is the better one.
  package let better: BetterValue
  /// Every value in the order in which it came.
  package private(set) var points: [Point] = []
  /// The best value so far and its step, the earliest of equals; not-a-number is none.
  package private(set) var best: Point?

  /// Starts an empty series.
  package init(better: BetterValue = .higher) {
    self.better = better
  }

  /// Adds the value measured at a step.
  package mutating func record(_ value: Double, at step: Int) {
    let point = Point(step: step, value: value)
    points.append(point)
    guard !value.isNaN else { return }
    if let best, !better.prefers(value, to: best.value) { return }
    best = point
  }

  /// The value that came last.
  package var latest: Point? { points.last }
  /// The steps.
  package var steps: [Int] { points.map(\.step) }
  /// The values.
  package var values: [Double] { points.map(\.value) }
  /// The median of all values.
  package var median: Double? { values.median }

  /// The value below which a fraction of the values lies.
  package func quantile(_ fraction: Double) -> Double? { values.quantile(fraction) }

  /// The median over the last part of the steps, by default the last tenth.
  ///
  /// The part is one of the steps from the first to the last, however often values came; the
  /// last value always counts.
  package func medianOverLast(_ fraction: Double = 0.1) -> Double? {
    guard let first = points.first, let last = points.last else { return nil }
    let span = Double(last.step - first.step) * Swift.min(Swift.max(fraction, 0), 1)
    return points.filter { Double(last.step - $0.step) <= span }.map(\.value).median
  }
}
