import Foundation
import Testing

@testable import ExampleSupport
@testable import ImageFitting

/// No file that is written takes the place of one that is read, or of another that is written.
@Suite("Output conflicts")
struct OutputConflictTests {
  static let cases: [(options: String, parts: [String])] = [
    (
      "--image output/reconstruction.png --adjuster none",
      ["--output would replace output/reconstruction.png", "--image reads", "another --output"]
    ),
    (
      "--image symbolic.png --adjuster none",
      ["--output would replace output/reconstruction.png", "--image reads"]
    ),
    ("--image hard.png --adjuster none", ["--output would replace", "--image reads"]),
    (
      "--model siren --image output/reconstruction-iga.png",
      ["--output would replace output/reconstruction-iga.png", "--image reads"]
    ),
    (
      "--initial-weights w.safetensors --save-weights w.safetensors --adjuster none",
      ["--save-weights would replace w.safetensors", "--initial-weights reads"]
    ),
    (
      "--initial-weights w.safetensors --save-weights ./folder/../w --adjuster none",
      ["--save-weights would replace", "--initial-weights reads", "another --save-weights"]
    ),
    (
      "--initial-weights w.safetensors --save-weights link/w.safetensors --adjuster none",
      ["--save-weights would replace", "--initial-weights reads"]
    ),
  ]

  @Test("are refused before training, and nothing is changed", arguments: cases)
  func refused(options: String, parts: [String]) throws {
    try withTemporaryFolder { root in
      try fill(root)
      let before = try contents(of: root)
      let run = try ProgramRun(
        "FitImage",
        ["--width", "8", "--steps", "2", "--patch", "2", "--end", "0"]
          + options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == 64 && run.standardOutput.isEmpty && run.errorLines.count == 1)
      for part in parts {
        #expect(run.standardError.contains(part), "\(run.standardError)")
      }
      #expect(try contents(of: root) == before)
    }
  }

  private func fill(_ root: URL) throws {
    let files = FileManager.default
    for folder in ["output", "folder", "new"] {
      try files.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: false)
    }
    let picture = Repository.fixture("pictures/rgb-8.png")
    for name in [
      "picture.png", "w.safetensors", "output/reconstruction.png", "output/reconstruction-iga.png",
    ] {
      try files.copyItem(at: picture, to: root.appendingPathComponent(name))
    }
    try files.linkItem(
      at: root.appendingPathComponent("output/reconstruction.png"),
      to: root.appendingPathComponent("hard.png"))
    for (link, target) in [("symbolic.png", "output/reconstruction.png"), ("link", ".")] {
      try files.createSymbolicLink(
        atPath: root.appendingPathComponent(link).path, withDestinationPath: target)
    }
  }

  @Test("A picture of an earlier run is read where it is, and stays there")
  func earlierPicture() throws {
    try withTemporaryFolder { root in
      let tiny = ["--width", "8", "--steps", "2", "--downscale", "8"]
      #expect(try FitImageFiles(tiny, in: root).program.code == 0)
      let picture = "output/reconstruction-iga.png"
      let data = try Data(contentsOf: root.appendingPathComponent(picture))
      let run = try FitImageFiles(
        ["--image", picture, "--adjuster", "none", "--width", "8", "--steps", "2"], in: root)
      #expect(run.program.code == 0)
      #expect(try Data(contentsOf: root.appendingPathComponent(picture)) == data)
      #expect(
        try names(in: run.folder) == [
          "checkpoints", "comparison.png", "error.png", "metrics.csv", "previous", "psnr.svg",
          "reconstruction-iga.png", "reconstruction.png", "report.html", "summary.json",
        ])
    }
  }

  @Test("The files that are planned are those that are written", arguments: ["none", "none iga"])
  func plan(adjusters: String) throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("output")
      let tiny = "--width 8 --steps 2 --downscale 8".split(separator: " ").map { String($0) }
      let named = adjusters.split(separator: " ").flatMap { ["--adjuster", String($0)] }
      let options: [String] = tiny + named + ["--output", folder.path]
      guard case .run(let values) = try Options.command.parse(options) else { return }
      let settings = try FitImageSettings(values)
      #expect(try ProgramRun("FitImage", options, in: root).code == 0)
      let written = Set(FolderManifest(inFolderAt: folder.path).names)
      #expect(Set(settings.plan.names).isSubset(of: written))
      let published = written.subtracting(settings.plan.names)
      #expect(published.allSatisfy { $0.hasPrefix("eigenvalues") || $0.hasPrefix("damping") })
      #expect(published.isEmpty == (adjusters == "none"))
    }
  }

  @Test("A file that is planned, and the list of a run's files, are no place for another file")
  func places() throws {
    try withTemporaryFolder { root in
      for name in ["report.html", "sub/../report.html", FolderManifest.fileName] {
        let file = root.appendingPathComponent(name)
        let failure = #expect(throws: ExampleFailure.self) {
          try FilePlan(outputs: [.init("save-weights", file)], names: ["report.html"])
            .check(in: OutputFolder(root))
        }
        #expect(failure?.exitCode == .usage)
        #expect(failure?.message.contains("that --output writes; choose another --save") == true)
      }
    }
  }

  @Test("Files that are not there yet have an identity, too")
  func identity() throws {
    try withTemporaryFolder { root in
      func file(_ path: String) -> FileIdentity { FileIdentity(root.appendingPathComponent(path)) }
      #expect(file("a/b") == file("./a//b") && file("a/b") == file("c/../a/b"))
      #expect(file("a/b") != file("a/c") && file("a") != file("a/b"))
      try FileManager.default.createSymbolicLink(
        atPath: root.appendingPathComponent("l").path, withDestinationPath: ".")
      #expect(file("l/a/b") == file("a/b"))
      let before = file("x")
      try Data().write(to: root.appendingPathComponent("x"))
      #expect(file("x") == file("l/x") && before != file("x"))
    }
  }
}
