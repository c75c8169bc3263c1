import Fitting
import Foundation
import INRZoo
import TensorKit
import Testing

/// The defaults work for pictures of any size, and the report says what was chosen.
@Suite("Small pictures")
struct SmallPictureTests {
  private func write(_ width: Int, _ height: Int, _ root: URL) throws {
    let picture = Picture.procedural(height: max(height, 8), width: max(width, 8))
    let values: Tensor<Float> = picture.values().slice(0..<height)
      .slice(0..<width, alongAxis: 1)
    try Data(Picture(values).pngBytes()).write(to: root.appendingPathComponent("p.png"))
  }

  /// What a report says of a setting, as `16 chosen`.
  private func setting(_ name: String, _ report: String) -> String? {
    report.matches(of: /<th scope="row">([^<]*)<\/th><td>([^<]*)<\/td><td class="quiet">(\w+)</)
      .first { $0.1 == name }.map { "\($0.2) \($0.3)" }
  }

  @Test(
    "are fitted by default",
    arguments: [
      (1, 1, "1 chosen", "0 chosen"), (1, 7, "1 chosen", "6 chosen"),
      (3, 5, "1 chosen", "14 chosen"), (31, 33, "4 chosen", "20 default"),
      (160, 112, "16 chosen", "20 default"), (224, 160, "32 default", "20 default"),
    ])
  func fitted(width: Int, height: Int, patch: String, end: String) throws {
    try withTemporaryFolder { root in
      try write(width, height, root)
      let run = try FitImageFiles(
        ["--image", "p.png", "--model", "siren", "--width", "8", "--steps", "2"], in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      #expect(run.program.outputLines.count == 3)
      let report = try run.text("report.html")
      #expect(setting("patch", report) == patch && setting("end", report) == end)
    }
  }

  @Test("are fitted with every adjuster", arguments: [(1, 1), (2, 1), (3, 5)])
  func compared(width: Int, height: Int) throws {
    try withTemporaryFolder { root in
      try write(width, height, root)
      let run = try ProgramRun(
        "CompareAdjusters", ["--image", "p.png", "--width", "8", "--steps", "2"], in: root)
      #expect(run.code == 0, "\(run.standardError)")
    }
  }

  @Test("keep what the user gives, and have the rest chosen for it")
  func given() throws {
    try withTemporaryFolder { root in
      try write(160, 112, root)
      let few = ["--image", "p.png", "--width", "8", "--steps", "1", "--adjuster", "iga"]
      var report = try FitImageFiles(few + ["--patch", "32"], in: root).text("report.html")
      #expect(setting("patch", report) == "32 given" && setting("end", report) == "14 chosen")
      report = try FitImageFiles(few + ["--end", "200"], in: root).text("report.html")
      #expect(setting("patch", report) == "8 chosen" && setting("end", report) == "200 given")
      // Presets stay to the letter.
      let preset = try FitImageFiles(few + ["--preset", "iga-siren"], in: root)
      #expect(preset.program.code == 64)
      #expect(preset.program.standardError.contains("--end 20 is not below the 15 whole patches"))
    }
  }

  @Test("fitted exactly are shown and ranked as such")
  func exact() throws {
    try withTemporaryFolder { root in
      try write(1, 1, root)
      let run = try FitImageFiles(
        [
          "--image", "p.png", "--model", "siren", "--width", "8", "--steps", "300",
          "--learning-rate", "1e-2",
          "--adjuster", "none", "--adjuster", "centered",
        ], in: root)
      #expect(run.program.code == 0)
      #expect(try run.result("none")["psnr_8bit"] as? String == "Infinity")
      #expect(try run.text("report.html").contains("<strong>∞</strong>"))
    }
  }

  @Test("make groups smaller first, then eigenvalues fewer")
  func choice() {
    func choice(_ size: Int, _ isSizeOpen: Bool, _ end: Int, _ isEndOpen: Bool) -> [Int] {
      let choice = GroupChoice(
        size: size, isSizeOpen: isSizeOpen, end: end, isEndOpen: isEndOpen
      ) { 100 / $0 }
      return [choice.size, choice.end]
    }
    #expect(choice(8, true, 7, true) == [8, 7] && choice(8, true, 12, true) == [4, 12])
    #expect(choice(8, false, 12, true) == [8, 11] && choice(8, false, 12, false) == [8, 12])
    #expect(choice(8, true, 500, true) == [1, 99] && choice(8, true, 500, false) == [1, 500])
    #expect(choice(101, false, 5, true) == [101, 5])
  }

  @Test("Kernels of few points are inspected by default")
  func kernel() throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "InspectKernel",
        ["--model", "relu", "--samples", "16", "--grid", "8", "--steps", "1", "--width", "8"],
        in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let report = try text(root, "output/report.html")
      #expect(setting("group", report) == "1 chosen" || setting("group", report) == "2 chosen")
      #expect(setting("end", report) == "7 default")
    }
  }
}
