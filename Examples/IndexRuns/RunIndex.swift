import ExampleSupport

/// The page over many runs.
struct RunIndex {
  /// The name of their folder.
  let name: String
  let runs: [RunSummary]
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
