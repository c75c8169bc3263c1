import Foundation
import Testing

@Suite("CompareRuns")
struct CompareRunsTests {
  private func write(_ text: String, to path: String, in root: URL) throws {
    let file = root.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func summary(_ name: String, _ psnrs: [(String, String)]) -> String {
    let results = psnrs.map { #"{"adjuster":"\#($0.0)","psnr":\#($0.1),"steps":7}"# }
    return #"{"picture":{"name":"\#(name)"},"made":{"date":"today","command":"FitImage <a>"},"#
      + #""results":[\#(results.joined(separator: ","))]}"#
  }

  @Test("A page links the reports of runs, the best result first")
  func page() throws {
    try withTemporaryFolder { root in
      try write(
        summary("a.png", [("none", "20"), ("iga", "25.5")]), to: "runs/one/summary.json", in: root)
      try write("report", to: "runs/one/report.html", in: root)
      try write(
        summary("a.png", [("bands", "31"), ("fr", "null"), ("bn", "\"Infinity\"")]),
        to: "runs/deep/two & %/summary.json", in: root)
      try write("report", to: "runs/deep/two & %/report.html", in: root)
      try write(
        #"{"frequencies":[1],"preset":"circle","made":{},"results":[{"adjuster":"ntk","relative_error":0.5}]}"#,
        to: "runs/three/summary.json", in: root)
      try write(
        summary("old.png", [("none", "99")]), to: "runs/one/previous/summary.json", in: root)
      try write("{\"results\":[]}", to: "runs/other/summary.json", in: root)
      try write(
        #"{"models":[],"made":{"command":"InspectKernel"}}"#, to: "runs/inside/summary.json",
        in: root)
      try write("{", to: "runs/broken/summary.json", in: root)
      let run = try ProgramRun("CompareRuns", ["--runs", "runs"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
      for name in ["broken", "other"] {
        #expect(run.standardError.contains("note: \(name)/summary.json"))
      }
      let page = try String(
        contentsOf: root.appendingPathComponent("runs/index.html"), encoding: .utf8)
      #expect(page.contains("<a href=\"one/report.html\">one</a>"))
      #expect(page.contains("<a href=\"deep/two%20%26%20%25/report.html\">deep/two &amp; %</a>"))
      #expect(page.contains("Pictures: a.png") && page.contains("Functions: circle"))
      #expect(!page.contains("old.png") && page.contains("FitImage &lt;a&gt;"))
      #expect(page.contains("inside") && page.contains("InspectKernel"))
      let adjusters = page.matches(of: /<td>(none|iga|bands|fr|bn)<\/td>/).map { String($0.1) }
      #expect(adjusters == ["bn", "bands", "iga", "none", "fr"])
      // Written again, it takes the place of the earlier page.
      #expect(try ProgramRun("CompareRuns", ["--runs", "runs"], in: root).code == 0)
    }
  }

  @Test("A folder without runs is refused, and nothing is written")
  func empty() throws {
    try withTemporaryFolder { root in
      for (arguments, code, part) in [
        (["--runs", "."], Int32(66), "no folder has a summary.json"), ([], 64, "--runs is missing"),
        (["--runs", "none"], 66, "no such folder"),
      ] {
        let run = try ProgramRun("CompareRuns", arguments, in: root)
        #expect(run.code == code && run.standardError.contains(part), "\(run.standardError)")
        #expect(try names(in: root) == [])
      }
    }
  }
}
