import ExampleSupport

/// The page over many runs.
struct RunIndex {
  /// The name of their folder.
  let name: String
  let runs: [RunSummary]
  let tables: ComparisonTables
  let commandLine: String

  /// The page.
  var report: Report {
    let count = runs.reduce(0) { $0 + $1.results.count }
    var report = Report(
      "Runs in \(name)",
      summary: """
        \(NumberText.count(count, "result")) of \(NumberText.count(runs.count, "run")), by what was fitted, the best \
        first.
        """, provenance: .current(commandLine: commandLine))
    for part in tables.parts where part.comparison.rows.count > 1 {
      report.addTable(
        "\(part.subject.heading): \(part.measure)", comparison(part),
        caption: """
          Means over \(NumberText.count(part.comparison.subjects.count, part.subject.rawValue)), standard deviations (SD) \
          between them and between seeds, and mean differences from "\(part.comparison.baseline)" on the same \
          \(part.subject.rawValue) and seed with their standard errors (SE).
          """)
      if (2...12).contains(part.comparison.subjects.count) {
        report.addTable(
          "\(part.measure) of each \(part.subject.rawValue)", bySubject(part),
          caption: "Means over seeds.")
      }
    }
    for subject in RunSummary.Subject.allCases {
      let own = runs.filter { $0.subject == subject }
      if own.isEmpty { continue }
      for subjectName in Set(own.map(\.subjectName)).sorted() {
        let table = table(of: own.filter { $0.subjectName == subjectName }, subject)
        report.addTable(
          "\(subject.heading): \(subjectName)", table.bestFirst,
          caption: "Results of runs on the same \(subject.rawValue); settings may differ.")
      }
    }
    report.addTable("All runs", commands, caption: "When and how each run was made.")
    return report
  }

  private func comparison(_ part: ComparisonTables.Part) -> ReportTable {
    let better = RunSummary.better(of: part.measure)
    var fields: [ReportTable.Field<RunComparison.Row>] = [
      (.text("Way"), { .text($0.way) }),
      (.number("Runs", decimals: 0), { .number(Double($0.count)) }),
      (.number("Mean", better: better), { .number($0.mean) }),
    ]
    let rows = part.comparison.rows
    if rows.contains(where: { $0.spreadOverSubjects != nil }) {
      fields.append((.number("SD, \(part.subject.rawValue)s"), { .number($0.spreadOverSubjects) }))
    }
    if rows.contains(where: { $0.spreadOverSeeds != nil }) {
      fields.append((.number("SD, seeds"), { .number($0.spreadOverSeeds) }))
    }
    if rows.contains(where: { $0.difference != nil }) {
      fields += [
        (.number("Difference"), { .number($0.difference) }),
        (.number("SE"), { .number($0.standardError) }),
        (.text("Better in"), { .text($0.pairs == 0 ? "" : "\($0.wins) of \($0.pairs)") }),
      ]
    }
    return ReportTable(of: rows, fields)
  }

  private func bySubject(_ part: ComparisonTables.Part) -> ReportTable {
    ReportTable(
      of: part.comparison.subjects,
      [(.text(part.subject.heading), { .text($0) })]
        + part.comparison.rows.map { row in
          (.number(row.way), { .number(part.comparison.mean(of: row.way, on: $0)) })
        })
  }

  private func table(of runs: [RunSummary], _ subject: RunSummary.Subject) -> ReportTable {
    let results = runs.flatMap { run in run.results.map { (run, $0) } }
    let hasFailures = results.contains { $0.1.failure != nil }
    var fields: [ReportTable.Field<(RunSummary, RunSummary.RunResult)>] = [
      (.text("Run"), { Self.link($0.0) }), (.text("Adjuster"), { .text($0.1.name) }),
      (subject.column, { .number($0.1.quality) }),
      (.number("Steps", decimals: 0), { .number($0.1.steps) }),
      (.number("Training (s)", decimals: 1), { .number($0.1.seconds) }),
      (.text("Date"), { .text($0.0.date) }),
    ]
    if hasFailures { fields.append((.text("Failure"), { .text($0.1.failure ?? "") })) }
    return ReportTable(of: results, fields)
  }

  private var commands: ReportTable {
    ReportTable(
      of: runs,
      [
        (.text("Run"), { Self.link($0) }), (.text("Date"), { .text($0.date) }),
        (.text("Command"), { .text($0.command) }),
      ])
  }

  /// The name of a run, which leads to its report.
  private static func link(_ run: RunSummary) -> ReportTable.Cell {
    guard run.hasReport else { return .text(run.path) }
    return .link(run.path, address: Self.address("\(run.path)/report.html"))
  }

  /// A path as an address: what has a meaning there is encoded, byte by byte.
  private static func address(_ path: String) -> String {
    path.utf8.map { byte in
      let character = Character(UnicodeScalar(byte))
      let isPlain = byte < 0x80 && (character.isLetter || character.isNumber)
      if isPlain || "/-._~".contains(character) { return String(character) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count < 2 ? "0" + digits : digits)
    }.joined()
  }
}
