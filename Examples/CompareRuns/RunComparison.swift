import ExampleSupport

/// A measure of many runs, compared between ways of fitting: means, spreads, and differences in pairs.
///
/// Signals differ more from each other than ways of fitting do. So each way is compared with the baseline on the same
/// signal and seed, and the mean of these differences has the smaller error.
struct RunComparison {
  /// A measured value of one run.
  struct Value: Equatable {
    /// The way of fitting.
    let way: String
    /// What was fitted.
    let subject: String
    /// The seed.
    let seed: String
    /// The value.
    let value: Double
  }

  /// What all runs of one way of fitting come to.
  struct Row: Equatable {
    let way: String
    /// How many runs there are.
    let count: Int
    /// The mean over signals of the means over seeds.
    let mean: Double
    /// The standard deviation of the means over seeds between signals; nil for one signal.
    let spreadOverSubjects: Double?
    /// The root of the mean variance between seeds; nil where no signal has two.
    let spreadOverSeeds: Double?
    /// The mean difference from the baseline on the same signal and seed; nil for the baseline, and without pairs.
    let difference: Double?
    /// The standard error of that mean; nil for fewer than two pairs.
    let standardError: Double?
    /// How many pairs are better than the baseline, and how many pairs there are.
    let wins: Int
    let pairs: Int
  }

  /// The way that others are compared with.
  let baseline: String
  /// For each way what its runs come to, the best first.
  let rows: [Row]
  /// The signals, sorted.
  let subjects: [String]
  /// The mean over seeds of each way on each signal.
  private let means: [String: [String: Double]]

  /// Compares values.
  ///
  /// - Parameters:
  ///   - values: The values of all runs; those that are no numbers are left out.
  ///   - baseline: The way that others are compared with.
  ///   - better: Which values are better.
  init(of values: [Value], baseline: String, better: BetterValue) {
    let values = values.filter { !$0.value.isNaN }
    let byWay = Dictionary(grouping: values, by: \.way)
    let reference = Dictionary(
      (byWay[baseline] ?? []).map { (Key($0), $0.value) }, uniquingKeysWith: { $1 })
    self.baseline = baseline
    subjects = Set(values.map(\.subject)).sorted()
    means = byWay.mapValues { values in
      Dictionary(grouping: values, by: \.subject).mapValues { $0.map(\.value).mean ?? .nan }
    }
    rows = byWay.map { way, values -> Row in
      let bySubject = Dictionary(grouping: values, by: \.subject).mapValues { $0.map(\.value) }
      let means = bySubject.keys.sorted().compactMap { bySubject[$0]?.mean }
      let variances = bySubject.values.compactMap(\.standardDeviation).map { $0 * $0 }
      let pairs =
        way == baseline
        ? [] : values.compactMap { value in reference[Key(value)].map { (value.value, $0) } }
      let differences = pairs.map { $0.0 - $0.1 }
      return Row(
        way: way, count: values.count, mean: means.mean ?? .nan,
        spreadOverSubjects: means.standardDeviation,
        spreadOverSeeds: variances.mean.map { $0.squareRoot() },
        difference: differences.mean,
        standardError: differences.standardDeviation.map {
          $0 / Double(differences.count).squareRoot()
        }, wins: pairs.count { better.prefers($0.0, to: $0.1) }, pairs: pairs.count)
    }
    .sorted { first, second in
      first.mean == second.mean
        ? first.way < second.way : better.prefers(first.mean, to: second.mean)
    }
  }

  /// The mean over seeds of a way on a signal; nil without a run.
  func mean(of way: String, on subject: String) -> Double? { means[way]?[subject] }

  /// What two runs must share to be a pair.
  private struct Key: Hashable {
    let subject: String
    let seed: String
    init(_ value: Value) { (subject, seed) = (value.subject, value.seed) }
  }
}
