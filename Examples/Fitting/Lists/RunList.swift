import ExampleSupport
import Foundation
import TensorKit

/// One of many runs of a program.
package struct ListedRun: Sendable, Equatable {
  /// The name of its folder.
  package let name: String
  /// The input, as the list has it.
  package let input: String
  /// The seed.
  package let seed: Int
  /// The arguments of the program, without the output folder and the threads.
  package let arguments: [String]

  /// Names a run.
  package init(name: String, input: String, seed: Int, arguments: [String]) {
    (self.name, self.input, self.seed, self.arguments) = (name, input, seed, arguments)
  }
}

/// A part of a list, for one of several jobs: every N-th run.
package struct ListShare: Sendable, Equatable {
  /// Which of the jobs this is, from one.
  package let index: Int
  /// How many jobs there are.
  package let count: Int

  /// All of the list.
  package static let all = ListShare(index: 1, count: 1)

  /// The runs of this job.
  package func runs(of list: [ListedRun]) -> [ListedRun] {
    list.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
  }

  /// The name of the file that this job notes its runs in: jobs that run at once write to files of their own.
  package var recordName: String {
    count == 1 ? "runs.jsonl" : "runs-\(index)-of-\(count).jsonl"
  }
}

/// Many runs of a program, each a process of its own in a folder of its own.
///
/// A run is what the program does by itself: the same files and the same bits. What is finished is passed over, and what
/// was stopped goes on from its checkpoints. A run that fails does not keep the others from being made.
package struct RunList: Sendable {
  /// The program's file.
  package let program: URL
  /// The folder that receives the runs' folders.
  package let folder: URL
  /// The runs of this job.
  package let runs: [ListedRun]
  /// Which job this is.
  package let share: ListShare
  /// How many runs are made at once.
  package let atOnce: Int
  /// How many threads each has.
  package let threads: Int

  /// What came of the list.
  package struct Outcome: Sendable, Equatable {
    /// How many runs had been finished before.
    package var passedOver = 0
    /// How many were finished now.
    package var finished = 0
    /// The names of those that failed.
    package var failed: [String] = []
    /// The signal that asked to stop, if one did.
    package var stop: Int32?
  }

  /// Prepares the runs of a list.
  package init(
    program: URL, folder: URL, list: [ListedRun], share: ListShare, atOnce: Int, threads: Int
  ) {
    self.program = program
    self.folder = folder
    self.share = share
    self.atOnce = atOnce
    self.threads = threads
    runs = share.runs(of: list)
  }

  /// Makes all runs that are not finished.
  ///
  /// - Throws: A failure if the record of the runs cannot be written, or the program not be started.
  package func perform(saying remarks: TextOutput = .standardError) throws -> Outcome {
    var outcome = Outcome()
    let record = try RunRecord(folder: folder, share: share)
    let left = runs.filter { !record.hasFinished($0) }
    outcome.passedOver = runs.count - left.count
    if outcome.passedOver > 0 {
      remarks.writeLine(
        "\(NumberText.count(outcome.passedOver, "run is", "runs are")) finished already")
    }
    var waiting = left[...]
    var running: [RunningChild] = []
    let start = Machine.monotonicSeconds()
    while !waiting.isEmpty || !running.isEmpty {
      while StopRequest.received == nil, running.count < atOnce, let run = waiting.popFirst() {
        running.append(try RunningChild(run, of: self))
      }
      if let signal = StopRequest.received, outcome.stop == nil {
        outcome.stop = signal
        waiting = []
        for child in running { child.process.terminate() }
      }
      Thread.sleep(forTimeInterval: 0.02)
      for child in running where !child.process.isRunning {
        let result = child.result()
        try record.append(result)
        if result.code == 0 {
          outcome.finished += 1
        } else if outcome.stop == nil {
          outcome.failed.append(child.run.name)
        }
        let made = outcome.finished + outcome.failed.count
        let seconds = (Machine.monotonicSeconds() - start) / Double(max(made, 1))
        let rest = seconds * Double(left.count - made)
        remarks.writeLine(
          "[\(outcome.passedOver + made)/\(runs.count)] \(result.sentence)"
            + (left.count > made && outcome.stop == nil
              ? "; \(NumberText.duration(rest)) left" : ""))
      }
      running.removeAll { !$0.process.isRunning && $0.isReported }
    }
    return outcome
  }
}

/// A run that is being made.
private final class RunningChild {
  let run: ListedRun
  let process = Process()
  private(set) var isReported = false
  private let folder: URL
  private let log: URL
  private let start = Machine.monotonicSeconds()

  init(_ run: ListedRun, of list: RunList) throws {
    self.run = run
    folder = list.folder.appendingPathComponent(run.name)
    log = list.folder.appendingPathComponent("\(run.name).log")
    var arguments =
      run.arguments + [
        "--output=\(folder.path)", "--threads=\(list.threads)",
      ]
    let checkpoints = folder.appendingPathComponent("checkpoints").path
    if let names = try? FileManager.default.contentsOfDirectory(atPath: checkpoints), !names.isEmpty
    {
      arguments.append("--resume=\(folder.path)")
    }
    guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw ExampleFailure.cannotCreate(
        "cannot write \(log.relativePath); choose another --output")
    }
    let handle = try FileHandle(forWritingTo: log)
    process.executableURL = list.program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
  }

  /// What came of it, once it has ended.
  func result() -> RunRecord.Entry {
    isReported = true
    let code =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n")
    // What went well is in the folder; of the rest the log tells.
    if code == 0 { try? FileManager.default.removeItem(at: log) }
    let summary = try? Data(contentsOf: folder.appendingPathComponent("summary.json"))
    return RunRecord.Entry(
      run: run.name, input: run.input, seed: run.seed, arguments: run.arguments, code: Int(code),
      seconds: Machine.monotonicSeconds() - start,
      error: code == 0
        ? nil
        : lines.last { $0.hasPrefix("error: ") }.map { String($0.dropFirst(7)) }
          ?? lines.last.map(String.init) ?? "it ended with \(code)",
      results: code == 0
        ? summary.flatMap { try? JSONValue(file: $0) }.flatMap { $0["results"] } : nil)
  }
}
