import Foundation

extension Command {
  /// Reads the process's arguments, runs the body with them and ends the process.
  ///
  /// A thrown error becomes one line, `error: …`, on standard error and the process's exit code;
  /// an ``ExampleFailure`` and the package's file errors say which, any other error is `EX_SOFTWARE`.
  ///
  /// - Parameters:
  ///   - isShared: Whether processes that `mpirun` started share the program's work; if not, the first does it by itself.
  ///   - body: The program.
  package func run(sharedByRanks isShared: Bool = false, _ body: (OptionValues) throws -> Void)
    -> Never
  {
    ProcessStart.prepareStreams()
    let joining = Result { try Ranks.begin(isShared: isShared) }
    MemoryShortage.endProcessCleanly(options: options.map(\.name))
    let code = execute(
      { values in
        try joining.get()
        try MemoryShortage.requireReserve()
        try body(values)
      }, standardError: Ranks.complaints
    ) { () throws(ExampleFailure) in
      try ProcessStart.arguments()
    }
    Ranks.end(code)
  }

  /// Runs the body with arguments as ``run(_:)`` does, and returns the exit code.
  ///
  /// - Parameters:
  ///   - arguments: What follows the program's name.
  ///   - standardOutput: Takes the help and the version.
  ///   - standardError: Takes the line about an error.
  ///   - body: The program.
  /// - Returns: The code with which the process should end.
  package func execute(
    _ arguments: [String],
    standardOutput: TextOutput = .standardOutput, standardError: TextOutput = .standardError,
    _ body: (OptionValues) throws -> Void
  ) -> ExitCode {
    execute(body, standardOutput: standardOutput, standardError: standardError) { arguments }
  }

  private func execute(
    _ body: (OptionValues) throws -> Void,
    standardOutput: TextOutput = .standardOutput, standardError: TextOutput = .standardError,
    arguments: () throws(ExampleFailure) -> [String]
  ) -> ExitCode {
    do {
      switch try parse(try arguments()) {
      case .help:
        try deliver(briefHelpText(columns: standardOutput.columns), to: standardOutput)
      case .completeHelp:
        try deliver(helpText(columns: standardOutput.columns), to: standardOutput)
      case .version:
        try standardOutput.deliver(["\(name) \(PackageVersion.current)"])
      case .run(let values):
        try body(values)
      }
      return .success
    } catch {
      let failure = ExampleFailure(error)
      Self.writeError(failure.message, to: standardError)
      return failure.exitCode
    }
  }

  private func deliver(_ text: String, to output: TextOutput) throws(ExampleFailure) {
    try output.deliver(
      text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init))
  }

  /// Writes the line about an error.
  static func writeError(_ message: String, to output: TextOutput) {
    var sentence = message
    if sentence.hasSuffix(".") { sentence.removeLast() }
    // A line of progress may stand unfinished on the terminal.
    if output.isTerminal { output.write("\r\u{1B}[K") }
    output.writeLine("error: \(sentence)")
  }
}
