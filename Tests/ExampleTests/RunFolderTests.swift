import Foundation
import Testing

@testable import ExampleSupport

/// A run has its output folder to itself, and its files are never mixed with those of another.
@Suite("Run folder")
struct RunFolderTests {
  /// Runs that write some files each, into the same folder.
  private func run(
    _ root: URL, _ files: [String: String], keepingEarlier: Bool = false, reading: [String] = []
  ) throws -> String {
    let remarks = Recorder()
    let plan = FilePlan(
      inputs: reading.map { .init("image", root.appendingPathComponent($0)) })
    let folder = try OutputFolder(root).claim(
      keepingEarlier: keepingEarlier, for: plan, remarks: remarks.output())
    for (name, text) in files.sorted(by: { $0.key < $1.key }) { try folder.write(text, to: name) }
    return remarks.text
  }

  /// The files of a folder but for hidden ones, and their texts.
  private func texts(_ folder: URL) throws -> [String: String] {
    try contents(of: folder).reduce(into: [:]) { texts, file in
      var isFolder: ObjCBool = false
      let path = folder.appendingPathComponent(file.key).path
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if !file.key.contains(FolderManifest.fileName), !isFolder.boolValue {
        texts[file.key] = String(decoding: file.value, as: UTF8.self)
      }
    }
  }

  @Test("The files of an earlier run are moved to a folder of their own, others' are left alone")
  func earlier() throws {
    try withTemporaryFolder { root in
      try Data("mine".utf8).write(to: root.appendingPathComponent("notes.txt"))
      #expect(try run(root, ["a": "1", "b": "1", "deep/er/c": "1"]) == "")
      let remark = try run(root, ["a": "2"])
      #expect(remark.split(separator: "\n").count == 1 && remark.contains("earlier run"))
      #expect(
        try texts(root) == [
          "notes.txt": "mine", "a": "2", "previous/a": "1", "previous/b": "1",
          "previous/deep/er/c": "1",
        ])
      #expect(!FileManager.default.fileExists(atPath: root.appendingPathComponent("deep").path))
      // What was moved before makes room, but nothing that somebody put beside it.
      try Data("mine".utf8).write(to: root.appendingPathComponent("previous/kept"))
      _ = try run(root, ["b": "3"])
      #expect(
        try texts(root) == [
          "notes.txt": "mine", "b": "3", "previous/a": "2", "previous/kept": "mine",
        ])
    }
  }

  @Test("A run that writes nothing moves nothing and leaves no trace")
  func nothing() throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("x/y")
      _ = try run(folder, [:])
      #expect(try names(in: root) == [])
      _ = try run(folder, ["a": "1"])
      #expect(try run(folder, [:]) == "")
      #expect(try texts(folder) == ["a": "1"])
    }
  }

  @Test("A run that goes on keeps the files of the one before")
  func goingOn() throws {
    try withTemporaryFolder { root in
      _ = try run(root, ["metrics.csv": "1", "old": "1"])
      #expect(try run(root, ["metrics.csv": "1 2"], keepingEarlier: true) == "")
      #expect(try texts(root) == ["metrics.csv": "1 2", "old": "1"])
      _ = try run(root, ["x": "3"])
      #expect(
        try texts(root) == ["x": "3", "previous/metrics.csv": "1 2", "previous/old": "1"])
    }
  }

  @Test("What a run reads stays where it is, and is known as a run's still")
  func inputs() throws {
    try withTemporaryFolder { root in
      _ = try run(root, ["w": "1", "x": "1"])
      _ = try run(root, ["x": "2"], reading: ["w"])
      #expect(try texts(root) == ["w": "1", "x": "2", "previous/x": "1"])
      _ = try run(root, ["w": "3"])
      #expect(try texts(root) == ["w": "3", "previous/w": "1", "previous/x": "2"])
    }
    try withTemporaryFolder { root in
      do {
        let folder = try OutputFolder(root).claim()
        try folder.enter("checkpoints/")
        try folder.write("1", to: "checkpoints/w")
      }
      try FileManager.default.createSymbolicLink(
        atPath: root.appendingPathComponent("link").path, withDestinationPath: "checkpoints/w")
      _ = try run(root, ["x": "2"], reading: ["link"])
      #expect(try texts(root) == ["checkpoints/w": "1", "link": "1", "x": "2"])
    }
  }

  @Test("A growing file and a sub-folder are known before they appear, and go with the run")
  func subfolder() throws {
    try withTemporaryFolder { root in
      do {
        let folder = try OutputFolder(root).claim()
        let (file, checkpoints) = (try folder.enter("log.csv"), try folder.enter("checkpoints/"))
        #expect(FolderManifest(inFolderAt: root.path).names == ["log.csv", "checkpoints/"])
        try Data("1".utf8).write(to: file)
        try Data("1".utf8).write(to: checkpoints.appendingPathComponent("last"))
        #expect(try folder.write("2", to: "checkpoints/x").path == checkpoints.path + "/x")
        #expect(FolderManifest(inFolderAt: root.path).names == ["log.csv", "checkpoints/"])
      }
      _ = try run(root, ["x": "2"])
      #expect(
        try texts(root) == [
          "x": "2", "previous/log.csv": "1", "previous/checkpoints/last": "1",
          "previous/checkpoints/x": "2",
        ])
      _ = try run(root, ["x": "3"])
      #expect(try texts(root) == ["x": "3", "previous/x": "2"])
    }
  }

  @Test("What a killed run left half written is removed, and no other file")
  func partial() throws {
    try withTemporaryFolder { root in
      _ = try run(root, ["a.csv": "1"])
      for name in ["a.csv.1z9.partial", "a.csv.my notes.partial", "b.csv.1z9.partial"] {
        try Data().write(to: root.appendingPathComponent(name))
      }
      _ = try run(root, ["a.csv": "2"])
      #expect(
        try texts(root).keys.sorted() == [
          "a.csv", "a.csv.my notes.partial", "b.csv.1z9.partial", "previous/a.csv",
        ])
    }
  }

  @Test("Moving that broke off half way goes on, and loses nothing")
  func brokenOff() throws {
    try withTemporaryFolder { root in
      _ = try run(root, ["a": "1", "b": "1"])
      // As if the process had ended after the first file.
      let previous = root.appendingPathComponent("previous")
      try FileManager.default.createDirectory(at: previous, withIntermediateDirectories: false)
      try FolderManifest(inFolderAt: root.path).text.write(
        to: previous.appendingPathComponent(FolderManifest.fileName), atomically: false,
        encoding: .utf8)
      try FileManager.default.moveItem(
        at: root.appendingPathComponent("a"), to: previous.appendingPathComponent("a"))
      _ = try run(root, ["a": "2"])
      #expect(try texts(root) == ["a": "2", "previous/a": "1", "previous/b": "1"])
    }
  }

  @Test("A folder in use is refused with its name and the process that has it")
  func inUse() throws {
    try withTemporaryFolder { root in
      let folder = OutputFolder(root)
      do {
        let held = try folder.claim()
        let failure = #expect(throws: ExampleFailure.self) { try folder.claim() }
        #expect(failure?.exitCode == .cannotCreate)
        #expect(failure?.message.contains("\(root.relativePath) is in use by process") == true)
        #expect(failure?.message.contains("process \(getpid()) (") == true)
        try held.write("1", to: "a")
      }
      _ = try folder.claim()
    }
  }

  @Test("A file that no run wrote is neither replaced nor moved: it is refused")
  func strangers() throws {
    try withTemporaryFolder { root in
      try Data("mine".utf8).write(to: root.appendingPathComponent("report.html"))
      let before = try contents(of: root)
      let planned = #expect(throws: ExampleFailure.self) {
        try OutputFolder(root).claim(for: FilePlan(names: ["a", "report.html"]))
      }
      #expect(planned?.exitCode == .cannotCreate)
      #expect(planned?.message.contains("report.html is there already") == true)
      #expect(try contents(of: root) == before)
      let unplanned = #expect(throws: ExampleFailure.self) {
        try OutputFolder(root).claim().write("x", to: "report.html")
      }
      #expect(unplanned?.exitCode == .cannotCreate)
      #expect(try text(root, "report.html") == "mine")
    }
  }

  @Test("What is in the way of earlier files is refused before the run")
  func inTheWay() throws {
    try withTemporaryFolder { root in
      _ = try run(root, ["a": "1"])
      let previous = root.appendingPathComponent("previous")
      try Data("mine".utf8).write(to: previous)
      var failure = #expect(throws: ExampleFailure.self) { try OutputFolder(root).claim() }
      #expect(failure?.message.contains("previous is not a folder") == true)
      try FileManager.default.removeItem(at: previous)
      try FileManager.default.createDirectory(at: previous, withIntermediateDirectories: false)
      try Data("mine".utf8).write(to: previous.appendingPathComponent("a"))
      failure = #expect(throws: ExampleFailure.self) { try OutputFolder(root).claim() }
      #expect(failure?.message.contains("previous/a is in the way") == true)
      #expect(try texts(root) == ["a": "1", "previous/a": "mine"])
    }
  }

  @Test("The list survives lines that break off, and leads nowhere else")
  func list() {
    let list = FolderManifest("run\tx\nheld\t7 (A)\nfile\ta\nfile\ta\nfile\t../b\nodd\nfile\tc")
    #expect(list.run == "x" && list.holder == "7 (A)" && list.names == ["a"])
    #expect(FolderManifest(list.text).names == ["a"])
    for name in ["", ".", "..", "/a", "a//b", "a/../b", "previous/a", "previous", "a\nb", "/"] {
      #expect(!FolderManifest.isWithin(name), "\(name)")
    }
    for name in ["a", "a/b", "a/", ".a", "a b"] {
      #expect(FolderManifest.isWithin(name), "\(name)")
    }
    #expect(!FolderManifest.isWithin(FolderManifest.fileName))
  }
}
