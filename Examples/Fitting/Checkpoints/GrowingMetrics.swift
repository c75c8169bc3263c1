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

/// What a line of metrics holds: the step, the loss before its update, measures made of it, what was measured of the
/// model now and then, and the time.
package struct MetricsColumns: Sendable {
  /// A measure that is made of a loss.
  package typealias Measure = (name: String, value: @Sendable (_ loss: Double) -> Double)

  private let stepsPerEpoch: Int?
  private let measures: [Measure]
  private let evaluation: String?

  /// Columns with measures between the loss and the seconds.
  ///
  /// - Parameters:
  ///   - stepsPerEpoch: How many steps make an epoch, whose number is then the first column.
  ///   - measures: What is made of the loss.
  ///   - evaluation: What is measured of the model now and then; empty where it was not.
  package init(
    stepsPerEpoch: Int? = nil, measures: [Measure] = [], evaluation: String? = nil
  ) {
    self.stepsPerEpoch = stepsPerEpoch
    self.measures = measures
    self.evaluation = evaluation
  }

  /// A line for each step of a course.
  package func table(of course: TrainingCourse) -> CSVTable {
    var table = CSVTable(
      columns: (stepsPerEpoch == nil ? [] : ["epoch"]) + ["step", "loss"] + measures.map(\.name)
        + (evaluation.map { [$0] } ?? []) + ["seconds"])
    for step in course.losses.indices { table.append(row(of: step, in: course)) }
    return table
  }

  func row(of step: Int, in course: TrainingCourse) -> [CSVTable.Cell] {
    let loss = course.losses[step]
    let evaluated = course.evaluation(before: step).map { CSVTable.Cell.number($0) }
    return (stepsPerEpoch.map { [.integer(step / $0)] } ?? [])
      + [.integer(step), .number(loss)] + measures.map { .number($0.value(loss)) }
      + (evaluation == nil ? [] : [evaluated ?? .empty]) + [.number(course.seconds[step])]
  }
}
