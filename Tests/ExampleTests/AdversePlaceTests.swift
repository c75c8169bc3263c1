import Foundation
import Testing

@testable import ExampleSupport

/// Full disks, read-only folders, and several programs at once: a clear sentence, and whole files.
@Suite("Adverse places")
struct AdversePlaceTests {
  static let tiny = StandardStreamTests.tiny
  static let words = tiny.split(separator: " ").map(String.init)
  /// Whether this process may mount file systems for its children.
  static let canMount = ShellRun.succeeds("unshare -m mount -t tmpfs none /mnt 2>/dev/null")

  @Test("Weights that find no room keep nothing else from being written")
  func fullWeights() throws {
    try withTemporaryFolder { root in
      try FileManager.default.createSymbolicLink(
        atPath: root.appendingPathComponent("w.safetensors").path,
        withDestinationPath: "/dev/full")
      let run = try FitImageFiles(
        Self.words + ["--save-weights", "w.safetensors"],
        in: root)
      #expect(run.program.code == 74)
      #expect(run.program.outputLines.count == 1)
      let last = run.program.errorLines.last ?? ""
      #expect(last.hasPrefix("error: w.safetensors is missing: ") && last.contains("no space left"))
      #expect(try run.text("report.html").hasSuffix("</html>\n"))
      #expect(try run.text("summary.json").hasSuffix("}\n"))
    }
  }

  @Test(
    "A full disk for the report loses neither the weights nor the results",
    .enabled(if: canMount, "file systems cannot be mounted here"))
  func fullDisk() throws {
    try withTemporaryFolder { root in
      let run = try ShellRun(
        """
        mkdir output; unshare -m sh -c "mount -t tmpfs -o size=60k none output
        '$B/FitImage' \(Self.tiny) --save-weights w.safetensors; code=\\$?
        cp -r output copy; exit \\$code"
        """, in: root
      ).run
      #expect(run.code == 74)
      #expect(run.outputLines.count == 1 && run.standardOutput.hasPrefix("adjuster=none psnr="))
      let last = run.errorLines.last ?? ""
      #expect(
        last.hasPrefix("error: ") && last.contains("report.html") && last.contains("no space"))
      let copy = root.appendingPathComponent("copy")
      let files = try names(in: copy)
      #expect(files.contains("metrics.csv") && files.contains("summary.json"))
      #expect(!files.contains("report.html") && !files.contains { $0.hasSuffix(".partial") })
      #expect(try !Data(contentsOf: root.appendingPathComponent("w.safetensors")).isEmpty)
    }
  }

  @Test(
    "A disk that is full from the start, or read-only, is refused before training",
    .enabled(if: canMount, "file systems cannot be mounted here"))
  func refusedDisks() throws {
    try withTemporaryFolder { root in
      for (options, words) in [("size=4k,nr_inodes=1", "no space left"), ("ro", "read-only")] {
        let run = try ShellRun(
          """
          mkdir -p output; unshare -m sh -c "mount -t tmpfs -o \(options) none output
          '$B/FitImage' \(Self.tiny)"
          """, in: root
        ).run
        #expect(run.code == 73 && run.standardOutput.isEmpty && run.errorLines.count == 1)
        #expect(run.standardError.contains("cannot write to the output folder output: \(words)"))
      }
    }
  }

  @Test("A killed program leaves the earlier files whole, and the folder to the next one")
  func killed() throws {
    try withTemporaryFolder { root in
      #expect(try FitImageFiles(Self.words, in: root).program.code == 0)
      let before = try text(root, "output/metrics.csv")
      let run = try ShellRun(
        """
        $B/FitImage --width 8 --steps 1000000 --adjuster none 2>error & p=$!
        until grep -q /1000000 error; do sleep 0.02; done; kill -9 $p; wait $p; echo $?
        """, in: root
      ).run
      #expect(run.standardOutput == "137\n")
      let (now, moved) = ("output/metrics.csv", "output/previous/metrics.csv")
      let isMoved = FileManager.default.fileExists(
        atPath: root.appendingPathComponent(moved).path)
      #expect(try text(root, isMoved ? moved : now) == before)
      let next = try FitImageFiles(Self.words, in: root)
      #expect(next.program.code == 0, "\(next.program.standardError)")
    }
  }

  /// What the programs are run as, so that permissions bar them.
  static let asNobody =
    geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : ""

  @Test(
    "What may not be read or written is refused before training",
    .enabled(
      if: ShellRun.succeeds("\(asNobody) $B/FitImage --version"),
      "programs cannot be run here by a user whom permissions bar"))
  func permissions() throws {
    try withTemporaryFolder { root in
      let files = FileManager.default
      try files.copyItem(
        at: Repository.fixture("pictures/rgb-8.png"), to: root.appendingPathComponent("p.png"))
      try files.createDirectory(
        at: root.appendingPathComponent("closed"), withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o555])
      let open = root.appendingPathComponent("open")
      try files.createDirectory(at: open, withIntermediateDirectories: false)
      // Set apart, as the user's mask does not apply.
      try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open.path)
      try files.setAttributes(
        [.posixPermissions: 0], ofItemAtPath: root.appendingPathComponent("p.png").path)
      for (options, code, words) in [
        ("--image p.png", 66, "which may not be read"),
        ("--output closed", 73, "permission denied; choose another --output"),
        ("--output closed/x", 73, "permission denied; choose another --output"),
        (
          "--output open --save-weights closed/w", 73, "no file can be written to the folder closed"
        ),
      ] as [(String, Int32, String)] {
        let run = try ShellRun("\(Self.asNobody) $B/FitImage \(Self.tiny) \(options)", in: root).run
        #expect(run.code == code && run.errorLines.count == 1 && run.standardOutput.isEmpty)
        #expect(run.standardError.contains(words), "\(run.standardError)")
      }
    }
  }

  @Test("A folder in use is refused with the process that has it, before training")
  func inUse() throws {
    try withTemporaryFolder { root in
      let held = try OutputFolder(root.appendingPathComponent("output")).claim()
      try held.write("kept", to: "metrics.csv")
      let run = try FitImageFiles(Self.words, in: root)
      #expect(run.program.code == 73 && run.program.standardOutput.isEmpty)
      #expect(
        run.program.standardError.hasPrefix(
          "error: the output folder output is in use by process \(getpid()) ("))
      #expect(run.program.errorLines.count == 1)
      #expect(try text(held.url, "metrics.csv") == "kept")
    }
  }

  @Test("Ten programs at once leave the files of one run, and of one before it")
  func tenAtOnce() throws {
    try withTemporaryFolder { root in
      let seeds = 1...10
      let run = try ShellRun(
        """
        for s in \(seeds.map { "\($0)" }.joined(separator: " ")); do
        { $B/FitImage \(Self.tiny) --seed $s >/dev/null 2>error-$s; echo $? >code-$s; } & done; wait
        """, in: root
      ).run
      #expect(run.code == 0)
      var ended = 0
      for seed in seeds {
        let code = try text(root, "code-\(seed)")
        #expect(["0\n", "73\n"].contains(code))
        if code == "0\n" {
          ended += 1
        } else {
          let error = try text(root, "error-\(seed)")
          #expect(error.hasPrefix("error: the output folder output is in use by "), "\(error)")
        }
      }
      #expect(ended >= 1)
      let output = root.appendingPathComponent("output")
      let previous = output.appendingPathComponent("previous")
      for folder in ended > 1 ? [output, previous] : [output] {
        let list = FolderManifest(inFolderAt: folder.path).names.map {
          $0.hasSuffix("/") ? String($0.dropLast()) : $0
        }
        #expect(try list.sorted() == names(in: folder).filter { $0 != "previous" })
        let summary = try JSONSerialization.jsonObject(
          with: Data(contentsOf: folder.appendingPathComponent("summary.json")))
        let members = try #require(summary as? [String: Any])
        let made = try #require(members["made"] as? [String: Any])
        let command = try #require(made["command"] as? String)
        // The report and the numbers are of the same run.
        #expect(try text(folder, "report.html").contains("<code>\(command)</code>"))
        let results = try #require(members["results"] as? [[String: Any]])
        #expect(results.first?["steps"] as? Int == 2)
      }
    }
  }
}
