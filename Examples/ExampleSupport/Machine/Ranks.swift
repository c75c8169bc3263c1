import Foundation
import Synchronization
import TensorKit

/// The processes that `mpirun` started to work on one task, of which this is one.
///
/// All run the same program. The first one writes files and speaks; the others are silent, unless they fail by
/// themselves. What depends on a clock or a signal is decided by the first.
package enum Ranks {
  private struct State {
    var group: ProcessGroup?
    /// Where a silent process says why it fails.
    var complaints: TextOutput?
  }

  private static let state = Mutex(State())

  /// The processes; nil if this one works by itself.
  package static var group: ProcessGroup? { state.withLock { $0.group } }

  /// Whether this process writes files.
  package static var isFirst: Bool { group?.isFirst ?? true }

  /// What is said of the processes in a report; nil if there is one.
  package static var summary: String? {
    group.map { group in
      let library = (group.communicator as? MPICommunicator)?.library ?? ""
      return "\(group.count) by \(library)"
    }
  }

  /// The first process's value, in all of them.
  package static func shared<Value: StateValue>(_ value: Value) throws -> Value {
    try group?.shared(value) ?? value
  }

  /// What is said on standard error of this process's failure.
  ///
  /// Processes other than the first wait: most failures are everybody's, and the first one ends all others.
  static var complaints: TextOutput { state.withLock { $0.complaints } ?? .standardError }

  // MARK: - Begin and end of a program

  /// Joins the processes of the launcher, if one started this process.
  ///
  /// - Parameter isShared: Whether the program's work can be shared; if not, the first process does it by itself, and
  ///   the others end.
  /// - Throws: `ProcessGroupError` if there is a launcher and no MPI.
  static func begin(isShared: Bool) throws {
    if rankByLauncher ?? 0 > 0 { silence() }
    // MPI's threads keep the mask that they are made with: a wish to stop would end the process through one of them.
    guard let group = try StopRequest.withSignalsBlocked({ try ProcessGroup.ofLauncher() })
    else { return }
    guard isShared else {
      if group.isFirst { return }
      (group.communicator as? MPICommunicator)?.leave()
      exit(ExitCode.success.rawValue)
    }
    state.withLock { $0.group = group }
  }

  /// Ends the process, and all others if it failed.
  static func end(_ code: ExitCode) -> Never {
    if let communicator = try? MPICommunicator.ofLauncher() {
      guard code == .success else { communicator.abort(exitCode: code.rawValue) }
      communicator.leave()
    }
    exit(code.rawValue)
  }

  /// The number that the launcher gave this process; nil without a launcher.
  private static var rankByLauncher: Int? {
    let variables = ProcessInfo.processInfo.environment
    return ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"].lazy
      .compactMap { variables[$0].flatMap { Int($0) } }.first
  }

  /// Sends what is written from now on nowhere, but for complaints.
  private static func silence() {
    let kept = dup(2)
    let nowhere = open("/dev/null", O_WRONLY)
    guard kept >= 0, nowhere >= 0 else { return }
    dup2(nowhere, 1)
    dup2(nowhere, 2)
    close(nowhere)
    state.withLock {
      $0.complaints = TextOutput(isTerminal: false) { text in
        // Of a stop that all agreed on, the first one tells.
        if StopRequest.received != nil { return }
        sleep(secondsOfWaiting)
        _ = WholeFile.write(Array(text.utf8), toDescriptor: kept)
      }
    }
  }

  private static let secondsOfWaiting: UInt32 = 2
}
