import ExampleSupport
import Foundation
import TensorKit

/// A file of a run's metrics that grows by a line with each step, so that one can look on.
package struct GrowingMetrics: Sendable {
  private let columns: MetricsColumns
  private let file: URL
  private var lines = ""
  private var lastTime = Machine.monotonicSeconds()
  private var isWritable = false

  /// Metrics of a run that is about to begin.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - columns: What a line holds.
  package init(_ file: URL, _ columns: MetricsColumns) {
    self.file = file
    self.columns = columns
  }

  /// Writes what an earlier run has left, and the heads of the columns.
  mutating func start(with course: TrainingCourse) {
    isWritable = succeeds {
      try WholeFile.write(Array(columns.table(of: course).text.utf8), toFileAt: file.path)
    }
  }

  /// Adds the last step's line, and now and then writes what has come together.
  mutating func append(_ course: TrainingCourse) {
    guard isWritable, let step = course.losses.indices.last else { return }
    lines += CSVTable.line(columns.row(of: step, in: course)) + "\n"
    if Machine.monotonicSeconds() - lastTime >= 1 { flush() }
  }

  /// Writes all lines.
  mutating func flush() {
    lastTime = Machine.monotonicSeconds()
    guard isWritable, !lines.isEmpty else { return }
    isWritable = succeeds { try WholeFile.append(Array(lines.utf8), toFileAt: file.path) }
    lines = ""
  }

  /// Whether writing succeeds; if not, the whole file is written once more at the end, which then says why.
  private func succeeds(_ body: () throws -> Void) -> Bool { (try? body()) != nil }
}

/// What a line of metrics holds: the step, the loss before its update, measures made of it, and the time.
package struct MetricsColumns: Sendable {
  private let measures: [(name: String, value: @Sendable (_ loss: Double) -> Double)]

  /// Columns with measures between the loss and the seconds.
  package init(measures: [(name: String, value: @Sendable (_ loss: Double) -> Double)] = []) {
    self.measures = measures
  }

  /// A line for each step of a course.
  package func table(of course: TrainingCourse) -> CSVTable {
    var table = CSVTable(columns: ["step", "loss"] + measures.map(\.name) + ["seconds"])
    for step in course.losses.indices { table.append(row(of: step, in: course)) }
    return table
  }

  func row(of step: Int, in course: TrainingCourse) -> [CSVTable.Cell] {
    let loss = course.losses[step]
    return [.integer(step), .number(loss)] + measures.map { .number($0.value(loss)) }
      + [.number(course.seconds[step])]
  }
}
