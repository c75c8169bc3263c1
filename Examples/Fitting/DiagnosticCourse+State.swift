import Foundation
import GradientAdjusters
import TensorKit

extension DiagnosticCourse: Checkpointable {
  /// Shows the description of the numbers, which items there were at each step, and all numbers.
  package mutating func visitState(_ visitor: inout StateVisitor) throws {
    var saved = Numbers(of: self)
    try visitor.visit(&saved, named: "published")
    guard visitor.isReading else { return }
    self = try saved.course()
  }

  /// What was published, as a few arrays: it may be as much as some numbers for each of many steps.
  private struct Numbers: Checkpointable {
    /// The diagnostic without items and numbers, as JSON.
    var description = ""
    /// The different lists of items, as JSON.
    var lists = ""
    var steps: [Int] = []
    /// Which list of items each step has.
    var listOfStep: [Int] = []
    /// Step by step, column by column; zero where there is none.
    var values: [Double] = []
    /// Zero where there is no number.
    var isPresent: [Int] = []
    var interval: Int
    var count: Int

    init(of course: DiagnosticCourse) {
      (interval, count) = (course.interval, course.count)
      var lists: [[String]] = []
      for (step, diagnostic) in course.published {
        let index = lists.lastIndex(of: diagnostic.items) ?? lists.count
        if index == lists.count { lists.append(diagnostic.items) }
        steps.append(step)
        listOfStep.append(index)
        for column in diagnostic.columns {
          values += column.values.map { $0 ?? 0 }
          isPresent += column.values.map { $0 == nil ? 0 : 1 }
        }
      }
      description = Self.json(course.first.emptied)
      self.lists = Self.json(lists)
    }

    func course() throws -> DiagnosticCourse {
      guard let template = Self.decoded(AdjusterDiagnostic.self, description),
        let lists = Self.decoded([[String]].self, lists), steps.count == listOfStep.count,
        values.count == isPresent.count, !steps.isEmpty, interval > 0, count > 0,
        listOfStep.allSatisfy(lists.indices.contains),
        listOfStep.reduce(0, { $0 + lists[$1].count * template.columns.count }) == values.count
      else {
        throw StateError.invalid(name: "published", reason: "its lists and numbers do not fit")
      }
      var next = 0
      let published = zip(steps, listOfStep).map { step, list in
        let items = lists[list]
        let columns = template.columns.map { column in
          defer { next += items.count }
          let numbers = (next..<(next + items.count)).map { isPresent[$0] == 0 ? nil : values[$0] }
          return AdjusterDiagnostic.Column(column.name, numbers, plot: column.plot)
        }
        return (
          step,
          AdjusterDiagnostic(template.name, of: template.itemKind, items: items, columns: columns)
        )
      }
      return DiagnosticCourse(published: published, interval: interval, count: count)
    }

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&description, named: "description")
      try visitor.visit(&lists, named: "items")
      try visitor.visit(&steps, named: "steps")
      try visitor.visit(&listOfStep, named: "list")
      try visitor.visit(&values, named: "values")
      try visitor.visit(&isPresent, named: "present")
      try visitor.visit(&interval, named: "interval")
      try visitor.visit(&count, named: "count")
    }

    private static func json(_ value: some Encodable) -> String {
      // Texts and lists of texts can always be encoded.
      (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func decoded<Value: Decodable>(_: Value.Type, _ text: String) -> Value? {
      try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
  }
}

extension AdjusterDiagnostic {
  /// The same description without items and numbers.
  fileprivate var emptied: AdjusterDiagnostic {
    AdjusterDiagnostic(
      name, of: itemKind, items: [], columns: columns.map { Column($0.name, [], plot: $0.plot) })
  }
}
