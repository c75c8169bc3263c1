import Foundation
import TensorKit

/// Where a report comes from: the command, the program, the machine and the date.
package struct Provenance: Sendable, Equatable {
  /// The command line that made the report.
  package let commandLine: String
  /// The package's version.
  package let version: String
  /// When the report was made.
  package let date: Date
  /// Facts about the machine and the run, each with a name.
  package private(set) var facts: [Setting]

  package init(commandLine: String, version: String, date: Date, facts: [Setting]) {
    self.commandLine = commandLine
    self.version = version
    self.date = date
    self.facts = facts
  }

  /// The provenance of a report made now on this machine.
  package static func current(commandLine: String) -> Provenance {
    Provenance(
      commandLine: commandLine, version: PackageVersion.current, date: Date(),
      facts: [
        Setting("Processor", Machine.processorName),
        Setting("Cores available", "\(Workers.availableCores)"),
        Setting("Computed with", NumericalLibraries.current.description),
        Setting("Memory", NumberText.fixed(Machine.memoryGigabytes, 1) + " GiB"),
        Setting("System", Machine.systemName),
        Setting("Peak memory", NumberText.fixed(Machine.peakMemoryMegabytes(), 0) + " MiB"),
      ] + (Ranks.summary.map { [Setting("Processes", $0)] } ?? []))
  }

  /// Adds a fact, such as the time that the run took.
  package mutating func add(_ name: String, _ value: String) {
    facts.append(Setting(name, value))
  }

  /// The date in universal time, as `2025-01-31 12:00 UTC`.
  package var dateText: String {
    let style = Date.ISO8601FormatStyle(timeZone: .gmt)
    let text = date.formatted(style.year().month().day().time(includingFractionalSeconds: false))
    return text.replacing("T", with: " ").prefix(16) + " UTC"
  }

  /// The same facts for `summary.json`.
  package var json: JSONValue {
    let members = [("command", commandLine), ("version", version), ("date", dateText)]
    return .object(
      (members + facts.map { ($0.name, $0.value) })
        .reduce(into: [:]) { $0[$1.0] = .string($1.1) })
  }
}
