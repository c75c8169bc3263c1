import Foundation

/// A finished run of one of the package's programs, or of another one.
struct ProgramRun {
  let standardOutput: String
  let standardError: String
  /// The exit code; for a process that a signal ended, 128 and the signal's number, as in a shell.
  let code: Int32

  var outputLines: [Substring] { standardOutput.split(separator: "\n") }
  var errorLines: [Substring] { standardError.split(separator: "\n") }

  /// Runs a program of this package, built beside the tests.
  ///
  /// - Parameters:
  ///   - program: Its name.
  ///   - arguments: Its arguments.
  ///   - folder: The current folder of the process.
  ///   - signal: What it is sent, once, as soon as it is `ready`.
  ///   - ready: Whether it is ready to be sent the signal.
  init(
    _ program: String, _ arguments: [String], in folder: URL, sending signal: Int32? = nil,
    when ready: () throws -> Bool = { true }
  ) throws {
    try self.init(
      executable: Self.built(program), arguments, in: folder, sending: signal, when: ready)
  }

  /// Runs an executable file to its end, however long a busy machine takes.
  init(
    executable: URL, _ arguments: [String], in folder: URL, sending signal: Int32? = nil,
    when ready: () throws -> Bool = { true }
  ) throws {
    // Files rather than pipes: they hold any amount, and nobody has to read meanwhile.
    let streams = FileManager.default.temporaryDirectory.appendingPathComponent(
      "program-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: streams, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: streams) }
    let files = ["output", "error"].map { streams.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }

    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try Self.withoutBlockedSignals { try process.run() }
    var pending = signal
    while process.isRunning {
      if let number = pending, try ready() {
        kill(process.processIdentifier, number)
        pending = nil
      }
      Thread.sleep(forTimeInterval: 0.005)
    }
    process.waitUntilExit()
    standardOutput = try String(contentsOf: files[0], encoding: .utf8)
    standardError = try String(contentsOf: files[1], encoding: .utf8)
    code =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
  }

  /// Calls the body while the thread blocks no signals, and Ctrl-C is not ignored: a child inherits both.
  ///
  /// Threads of pools block signals, and shells let what they start in the background ignore Ctrl-C.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var former = sigset_t()
    sigemptyset(&none)
    signal(SIGINT, SIG_DFL)
    pthread_sigmask(SIG_SETMASK, &none, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    try body()
  }

  /// Why a run cannot even be started.
  struct NotFound: Error, CustomStringConvertible {
    let description: String
  }

  /// The executable of a product that was built with the tests, in whatever folder and configuration.
  static func built(_ name: String) throws -> URL {
    // The tests' own program lies beside it, or in a bundle that does.
    let programs = [Bundle.main.executablePath, CommandLine.arguments.first].compactMap(\.self)
    let starts = programs + Bundle.allBundles.map(\.bundlePath)
    for start in starts {
      var folder = URL(fileURLWithPath: start).resolvingSymlinksInPath()
      for _ in 0..<5 {
        folder.deleteLastPathComponent()
        let candidate = folder.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
          !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: candidate.path)
        {
          return candidate
        }
      }
    }
    throw NotFound(
      description: "\(name) is not built beside the tests, which run from "
        + starts.joined(separator: ", "))
  }

  /// The first program of a name in the folders of PATH.
  static func onPath(_ name: String) throws -> URL {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    for folder in path.split(separator: ":") {
      let candidate = URL(fileURLWithPath: String(folder)).appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    throw NotFound(description: "there is no \(name) in the folders of PATH")
  }
}

/// Where this repository lies.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func fixture(_ path: String) -> URL {
    root.appendingPathComponent("Tests/Fixtures").appendingPathComponent(path)
  }
}
