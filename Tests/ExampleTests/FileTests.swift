import Foundation
import Testing

@testable import ExampleSupport

@Suite("Output folder")
struct FileTests {
  @Test("The folder appears with its first file, subfolders included")
  func write() throws {
    try withTemporaryFolder { root in
      let folder = OutputFolder(root.appendingPathComponent("a/b"))
      try folder.checkWritable()
      #expect(try names(in: root) == [])
      try folder.write("hello", to: "figures/x.txt")
      try folder.write("replaced", to: "figures/x.txt")
      let figures = root.appendingPathComponent("a/b/figures")
      #expect(try names(in: figures) == ["x.txt"])
      let text = try String(contentsOf: figures.appendingPathComponent("x.txt"), encoding: .utf8)
      #expect(text == "replaced")
    }
  }

  @Test("A file in the folder's place is refused before and while writing")
  func fileInTheWay() throws {
    try withTemporaryFolder { root in
      let file = root.appendingPathComponent("taken")
      try Data("keep".utf8).write(to: file)
      for url in [file, file.appendingPathComponent("deeper")] {
        let folder = OutputFolder(url)
        for attempt in [
          { try folder.checkWritable() }, { _ = try folder.write("x", to: "x") },
        ] as [() throws -> Void] {
          let failure = #expect(throws: ExampleFailure.self) { try attempt() }
          #expect(failure?.exitCode == .cannotCreate)
          #expect(failure?.message.contains("choose another folder") == true)
        }
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == "keep")
      #expect(try names(in: root) == ["taken"])
    }
  }

  @Test("A folder that takes no files is refused")
  func unwritable() {
    let failure = #expect(throws: ExampleFailure.self) {
      try OutputFolder(path: "/proc/nowhere/out").checkWritable()
    }
    #expect(failure?.exitCode == .cannotCreate)
  }

  @Test("A failed write leaves neither a temporary file nor a changed one")
  func failure() throws {
    try withTemporaryFolder { root in
      let folder = OutputFolder(root)
      try folder.write("old", to: "kept.txt")
      // A folder cannot be replaced by a file.
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent("folder"), withIntermediateDirectories: false)
      let failure = #expect(throws: ExampleFailure.self) { try folder.write("x", to: "folder") }
      #expect(failure?.exitCode == .cannotCreate)
      #expect(try names(in: root) == ["folder", "kept.txt"])
      let kept = root.appendingPathComponent("kept.txt")
      #expect(try String(contentsOf: kept, encoding: .utf8) == "old")
    }
  }

  @Test("A plot is written with its data")
  func plot() throws {
    try withTemporaryFolder { root in
      let plot = LinePlot("p", x: PlotAxis("x"), y: PlotAxis("y"), series: [])
      try OutputFolder(root).write(OutputFile.both("curve", plot))
      #expect(try names(in: root) == ["curve.csv", "curve.svg"])
    }
  }
}
