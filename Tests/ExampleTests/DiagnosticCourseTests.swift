import GradientAdjusters
import Testing

@testable import Fitting

@Suite("What adjusters publish over a run")
struct DiagnosticCourseTests {
  private func published(_ value: Int) -> AdjusterDiagnostic {
    AdjusterDiagnostic(
      "sizes", of: "item", items: ["one"], columns: [.init("size", [Double(value)])])
  }

  @Test("A long run keeps a bounded number, evenly spaced, the first among them")
  func bounded() throws {
    var course = DiagnosticCourse(startingWith: published(0), step: 0)
    let steps = 5 * DiagnosticCourse.mostKept
    for step in 1..<steps { course.append(published(step), step: step) }
    let rows = course.table.text.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",").compactMap { Double($0) }
    }
    #expect(rows.count > DiagnosticCourse.mostKept / 2 && rows.count <= DiagnosticCourse.mostKept)
    #expect(rows.enumerated().allSatisfy { $1 == [Double($0 * 8), Double($0 * 8)] })
  }
}
