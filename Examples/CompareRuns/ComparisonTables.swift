import ExampleSupport
import Foundation

/// The tables of a comparison of runs, one for each kind of what was fitted.
struct ComparisonTables {
  /// A kind of subjects, compared by a measure.
  struct Part {
    let subject: RunSummary.Subject
    let measure: String
    let comparison: RunComparison
  }

  let parts: [Part]
  /// A row for each run and adjuster.
  private(set) var runs = CSVTable(
    columns: ["run", "subject", "seed", "way", "measure", "value", "seconds", "failure"])

  /// Compares runs.
  ///
  /// - Parameters:
  ///   - runs: The runs.
  ///   - measure: The name of what is compared; that of the subject by default.
  ///   - baseline: What others are compared with.
  /// - Throws: A failure if no run has the measure, or none the baseline (64).
  init(of runs: [RunSummary], measure: String?, baseline: String?) throws {
    var parts: [Part] = []
    for subject in RunSummary.Subject.allCases {
      let own = runs.filter { $0.subject == subject }
      if own.isEmpty { continue }
      let name = measure ?? subject.measure
      let varied = Self.variedSettings(of: own)
      var values: [RunComparison.Value] = []
      for run in own {
        for result in run.results {
          let way = ([result.name] + varied.compactMap { run.describes($0) }).joined(
            separator: ", ")
          let value = result.numbers[name]
          self.runs.append([
            .text(run.path), .text(run.subjectName), .text(run.seed), .text(way), .text(name),
            .number(value), .number(result.seconds), result.failure.map { .text($0) } ?? .empty,
          ])
          if let value, result.failure == nil {
            values.append(
              RunComparison.Value(
                way: way, subject: run.subjectName, seed: run.seed, value: value))
          }
        }
      }
      if values.isEmpty { continue }
      let ways = Set(values.map(\.way)).sorted()
      let plain = ways.first { $0 == "none" || $0.hasPrefix("none,") }
      let chosen = baseline ?? plain ?? ways[0]
      guard ways.contains(chosen) else {
        throw ExampleFailure.usage(
          "--baseline was given \"\(chosen)\", which no run is of; give one of \(ways.joined(separator: "; "))"
        )
      }
      parts.append(
        Part(
          subject: subject, measure: name,
          comparison: RunComparison(
            of: values, baseline: chosen, better: RunSummary.better(of: name))))
    }
    if parts.isEmpty, let measure {
      let names = Set(runs.flatMap { $0.results.flatMap { $0.numbers.keys } }).sorted()
      throw ExampleFailure.usage(
        "--measure was given \"\(measure)\", which no run has; give one of \(names.joined(separator: ", "))"
      )
    }
    self.parts = parts
  }

  /// The settings in which runs differ, but for what they were run on and where.
  private static func variedSettings(of runs: [RunSummary]) -> [String] {
    let ignored: Set = [
      "adjuster", "image", "volume", "mesh", "points", "scene", "seed", "seeds", "output",
      "threads",
      "memory", "save-weights", "resume", "checkpoint-every", "keep-best", "list", "share",
      "at-once",
      "config", "lpips", "patch", "field",
    ]
    let names = Set(runs.flatMap(\.settings.keys)).subtracting(ignored)
    // A setting that some programs do not have tells programs apart, not ways of fitting.
    return names.filter { name in
      runs.allSatisfy { $0.settings[name] != nil } && Set(runs.map { $0.settings[name] }).count > 1
    }.sorted()
  }

  /// A row for each way of fitting.
  var comparison: CSVTable {
    var table = CSVTable(columns: [
      "subject", "measure", "way", "runs", "mean", "sd_between_subjects", "sd_between_seeds",
      "baseline", "difference", "standard_error", "better_than_baseline", "pairs",
    ])
    for part in parts {
      for row in part.comparison.rows {
        table.append([
          .text(part.subject.rawValue), .text(part.measure), .text(row.way), .integer(row.count),
          .number(row.mean), .number(row.spreadOverSubjects), .number(row.spreadOverSeeds),
          .text(part.comparison.baseline), .number(row.difference), .number(row.standardError),
          .integer(row.wins), .integer(row.pairs),
        ])
      }
    }
    return table
  }

  /// The lines on standard output.
  var lines: [String] {
    parts.flatMap { part in
      part.comparison.rows.map { row in
        let difference = row.difference.map { " difference=\(NumberText.field($0, 3))" } ?? ""
        let error = row.standardError.map { " standard_error=\(NumberText.field($0, 3))" } ?? ""
        return """
          way="\(row.way)" runs=\(row.count) \(part.measure)=\(NumberText.field(row.mean, 3))\(difference)\(error)
          """
      }
    }
  }
}
