import Foundation
import TensorKit
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
      let run = try folder.claim()
      try run.write("hello", to: "figures/x.txt")
      try run.write("replaced", to: "figures/x.txt")
      let figures = root.appendingPathComponent("a/b/figures")
      #expect(try names(in: figures) == ["x.txt"])
      let text = try String(contentsOf: figures.appendingPathComponent("x.txt"), encoding: .utf8)
      #expect(text == "replaced")
    }
  }

  @Test("A file in the folder's place is refused")
  func fileInTheWay() throws {
    try withTemporaryFolder { root in
      let file = root.appendingPathComponent("taken")
      try Data("keep".utf8).write(to: file)
      for url in [file, file.appendingPathComponent("deeper")] {
        let folder = OutputFolder(url)
        for attempt in [
          { try folder.checkWritable() }, { _ = try folder.claim() },
        ] as [() throws -> Void] {
          let failure = #expect(throws: ExampleFailure.self) { try attempt() }
          #expect(failure?.exitCode == .cannotCreate)
          #expect(failure?.message.contains("choose another --output") == true)
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
      let run = try OutputFolder(root).claim()
      try run.write("old", to: "kept.txt")
      let folder = try run.enter("file")
      // A folder cannot be replaced by a file.
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      let failure = #expect(throws: ExampleFailure.self) { try run.write("x", to: "file") }
      #expect(failure?.exitCode == .cannotCreate)
      #expect(try names(in: root) == ["file", "kept.txt"])
      #expect(try text(root, "kept.txt") == "old")
    }
  }

  @Test("A plot is written with its data")
  func plot() throws {
    try withTemporaryFolder { root in
      let plot = LinePlot("p", x: PlotAxis("x"), y: PlotAxis("y"), series: [])
      try OutputFolder(root).claim().write(OutputFile.both("curve", plot))
      #expect(try names(in: root) == ["curve.csv", "curve.svg"])
    }
  }

  @Test("One file that cannot be written keeps no other from being written, and is named")
  func others() throws {
    try withTemporaryFolder { root in
      struct NoPixels: Error {}
      let weights = root.appendingPathComponent("w.bin")
      let (lines, remarks) = (Recorder(), Recorder())
      let folder = try OutputFolder(root.appendingPathComponent("out")).claim(
        remarks: remarks.output())
      let failure = #expect(throws: ExampleFailure.self) {
        try folder.finish(
          [
            OutputFile(at: root.appendingPathComponent("none/w")) {
              try WholeFile.write([1], toFileAt: $0)
            },
            OutputFile(at: weights) { try WholeFile.write([2], toFileAt: $0) },
            OutputFile("picture.png") { () throws -> Data in throw NoPixels() },
            OutputFile("a.txt") { "first" }, OutputFile("a.txt") { "second" },
            OutputFile("report.html") { "report" },
          ], lines: ["psnr=1"], failure: .software("none diverged"), output: lines.output())
      }
      #expect(failure?.exitCode == .cannotCreate)
      for part in ["none/w", "picture.png is missing", "a.txt is missing: another", "diverged"] {
        #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "")")
      }
      let out = root.appendingPathComponent("out")
      #expect(try names(in: out) == ["a.txt", "report.html"])
      #expect(try text(out, "a.txt") == "first")
      #expect(try Data(contentsOf: weights) == Data([2]))
      #expect(lines.text == "psnr=1\n")
      #expect(remarks.text == "The report is \(out.path)/report.html\n")
    }
  }
}

/// The text of a file in a folder.
func text(_ folder: URL, _ name: String) throws -> String {
  try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
}
