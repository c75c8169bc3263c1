import Foundation

/// A shell script that runs programs of this package, for what only a shell can arrange.
struct ShellRun {
  let run: ProgramRun

  /// Runs a script with the folder of the programs in `$B`.
  init(_ script: String, in folder: URL) throws {
    let programs = try ProgramRun.built("FitImage").deletingLastPathComponent().path
    run = try ProgramRun(
      executable: URL(fileURLWithPath: "/bin/sh"), ["-c", "B='\(programs)'; \(script)"], in: folder)
  }

  /// Whether a script ends well.
  static func succeeds(_ script: String) -> Bool {
    (try? ShellRun(script, in: FileManager.default.temporaryDirectory).run.code) == 0
  }
}
