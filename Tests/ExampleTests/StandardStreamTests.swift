import Foundation
import Testing

@testable import ExampleSupport

/// What becomes of standard output and standard error, and of text that cannot be shown.
@Suite("Standard streams")
struct StandardStreamTests {
  static let tiny = "--width 8 --hidden-layers 0 --steps 2 --downscale 8 --adjuster none"
  static let programs = [
    "FitImage", "CompareAdjusters", "FitFunction", "FitShape", "EvaluateShape", "FitScene",
    "InspectKernel", "CustomAdjuster", "RenderScene", "RenderImage", "CompareRuns",
  ]

  @Test("Help that cannot be written is a failure", arguments: programs)
  func help(program: String) throws {
    try withTemporaryFolder { root in
      for option in ["--help", "--help-all", "--version"] {
        let run = try ShellRun("$B/\(program) \(option) >/dev/full", in: root).run
        #expect(run.code == 74)
        #expect(
          run.standardError
            == "error: cannot write to standard output: no space left on device\n")
      }
    }
  }

  @Test(
    "Results that cannot be written are a failure, with all files written",
    arguments: [
      "FitImage \(tiny)", "FitImage --preset list", "CompareAdjusters \(tiny)",
      "CustomAdjuster --width 8 --steps 1",
      "FitScene --downscale 10 --train-views 3 --test-views 1 --field grid --rays 32 --steps 2",
      "FitFunction --quick --width 8 --steps 2 --adjuster none",
      "FitShape --resolution 16 --width 8 --hidden-layers 0 --steps 2 --adjuster none --measure-points 100",
      "EvaluateShape --mesh \(AnyProgram.mesh) --reference \(AnyProgram.mesh) --samples 9 --resolution 4",
      "InspectKernel --model relu --samples 16 --grid 8 --steps 1 --width 8",
    ])
  func results(command: String) throws {
    try withTemporaryFolder { root in
      for stream in [">/dev/full", ">&-"] {
        let run = try ShellRun("$B/\(command) \(stream)", in: root).run
        #expect(run.code == 74)
        #expect(run.errorLines.last?.hasPrefix("error: cannot write to standard output: ") == true)
        #expect(run.errorLines.count { $0.hasPrefix("error: ") } == 1)
        if run.standardError.contains("The report is") {
          #expect(try text(root, "output/report.html").hasSuffix("</html>\n"))
        }
      }
    }
  }

  @Test("Programs print in one way alone, which is checked")
  func prints() throws {
    for folder in ["Examples", "Benchmarks"] {
      let root = Repository.root.appendingPathComponent(folder)
      let files = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        .filter { $0.hasSuffix(".swift") }
      #expect(!files.isEmpty)
      for file in files {
        #expect(
          try !text(root, file).contains(/(?m)^(?!\s*\/\/).*\b(debugPrint|print|puts)\(/), "\(file)"
        )
      }
    }
  }

  @Test("That nobody reads on is no failure, and files are written")
  func closedPipe() throws {
    try withTemporaryFolder { root in
      // The pipe's other end is closed before the program says its first word.
      let run = try ShellRun(
        "{ $B/FitImage \(Self.tiny) 2>&1; echo $? >code; } | true", in: root
      ).run
      #expect(run.standardError.isEmpty)
      #expect(try text(root, "code") == "0\n")
      #expect(try text(root, "output/report.html").hasSuffix("</html>\n"))
    }
  }

  @Test("Without standard streams, files hold what they should")
  func closedStreams() throws {
    try withTemporaryFolder { root in
      let run = try ShellRun("$B/FitImage \(Self.tiny) <&- >&- 2>&-", in: root).run
      #expect(run.code == 74)
      #expect(try text(root, "output/report.html").hasPrefix("<!DOCTYPE html>"))
      #expect(try text(root, "output/metrics.csv").hasPrefix("step,loss,"))
      let list = FolderManifest(inFolderAt: root.appendingPathComponent("output").path)
      let listed = list.names.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
      #expect(try listed.sorted() == names(in: root.appendingPathComponent("output")))
    }
  }

  @Test(
    "Paths that are not UTF-8 are refused, and nothing is written",
    arguments: ["--image", "--output", "--save-weights", "--initial-weights"])
  func notUTF8(option: String) throws {
    try withTemporaryFolder { root in
      let run = try ShellRun("$B/FitImage \(option) \"$(printf 'caf\\351.png')\"", in: root).run
      #expect(run.code == 64)
      #expect(
        run.standardError
          == "error: argument 2, \"caf\\xE9.png\", is not UTF-8; give text in UTF-8, and rename files "
          + "whose names are not\n")
      #expect(try names(in: root) == [])
    }
  }

  @Test("A current folder that is not UTF-8 is refused, as files would go elsewhere")
  func folderNotUTF8() throws {
    try withTemporaryFolder { root in
      let script = "d=\"$(printf 'caf\\351')\"; mkdir \"$d\"; cd \"$d\"; $B/FitImage \(Self.tiny)"
      let run = try ShellRun(script + "; code=$?; cd ..; rm -r \"$d\"; ls; exit $code", in: root)
        .run
      #expect(run.code == 64 && run.standardOutput.isEmpty)
      #expect(run.standardError.contains("caf\\xE9\", is not UTF-8; rename it"))
    }
  }

  @Test("Control characters of names do not reach the terminal")
  func controlCharacters() throws {
    try withTemporaryFolder { root in
      let name = "a\u{1B}[31m\n\u{9B}b\u{202E}c"
      let shown = "a\\u{1B}[31m\\n\\u{9B}b\\u{202E}c"
      let refused = try ProgramRun("FitImage", ["--image", name], in: root)
      #expect(refused.code == 66)
      #expect(
        refused.standardError.hasPrefix("error: --image was given \"\(shown)\", but there is"))
      let run = try ProgramRun(
        "FitImage", Self.tiny.split(separator: " ").map(String.init) + ["--output", name], in: root)
      #expect(run.code == 0)
      #expect(run.errorLines.last?.hasSuffix("/\(shown)/report.html") == true)
      let all = refused.standardError + run.standardError + run.standardOutput
      #expect(
        !all.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
    }
  }

  @Test("What a terminal would obey is escaped, and nothing else")
  func visible() {
    #expect("π ≈ 3, 日本\u{301}👩‍👩‍👧".visible == "π ≈ 3, 日本\u{301}👩‍👩‍👧")
    #expect("\r\t\u{7F}\u{2028}\u{0}".visible == "\\r\\t\\u{7F}\\u{2028}\\u{0}")
    let recorder = Recorder()
    var progress = StepProgress("a\u{7}b", steps: 1, output: recorder.output(isTerminal: true))
    progress.update(step: 1)
    progress.finish()
    #expect(!recorder.text.contains("\u{7}") && recorder.text.contains("a\\u{7}b: 1 step in"))
  }
}
