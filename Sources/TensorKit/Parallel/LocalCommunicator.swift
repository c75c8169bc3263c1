import Dispatch
import Foundation
import Synchronization

/// Joins threads that play the processes of a group, to try out work over processes in a test.
///
/// ```swift
/// let models = try LocalCommunicator.run(3) { communicator in
///   let group = ProcessGroup(communicator, workers: Workers(threads: 1))
///   return try fit(with: group)
/// }
/// // All three are to have the same bits.
/// ```
public struct LocalCommunicator: Communicator {
  /// Which of the processes this is, from zero.
  public let rank: Int
  /// How many processes there are.
  public let count: Int
  private let mailboxes: Mailboxes

  /// Sends bytes to another process.
  public func send(_ bytes: [UInt8], to other: Int) {
    mailboxes.put(bytes, from: rank, to: other)
  }

  /// Receives what another process sends.
  ///
  /// - Throws: ``ProcessGroupError/failed(rank:reason:)`` if a process has ended with an error.
  public func receive(from other: Int) throws -> [UInt8] {
    try mailboxes.take(from: other, to: rank)
  }

  /// Runs a closure as so many processes, each on a thread of its own.
  ///
  /// - Parameters:
  ///   - count: How many processes there are, at least one.
  ///   - body: What a process does.
  /// - Returns: What the processes returned, in order.
  /// - Throws: The error of the first process, in order, that threw by itself.
  public static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (LocalCommunicator) throws -> Result
  ) throws -> [Result] {
    precondition(count > 0, "\(count) processes; at least one is needed")
    let mailboxes = Mailboxes(count: count)
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
    let finished = DispatchSemaphore(value: 0)
    for rank in 0..<count {
      let thread = Thread {
        let result = Swift.Result {
          try body(LocalCommunicator(rank: rank, count: count, mailboxes: mailboxes))
        }
        if case .failure(let error) = result {
          mailboxes.close(.failed(rank: rank, reason: "\(error)"))
        }
        results.withLock { $0[rank] = result }
        finished.signal()
      }
      // As the main thread's: recordings of deep models are let go recursively.
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in 0..<count { finished.wait() }
    let all = results.withLock { $0.compactMap { $0 } }
    // Errors that only pass on another's come last.
    let errors = all.compactMap { result -> (any Error)? in
      if case .failure(let error) = result { error } else { nil }
    }
    if let error = errors.first(where: { !($0 is ProcessGroupError) }) ?? errors.first {
      throw error
    }
    return try all.map { try $0.get() }
  }
}

/// What was sent from each process to each other one and is yet to be received.
private final class Mailboxes: Sendable {
  private let count: Int
  private let state: Mutex<State>
  private let arrivals: [DispatchSemaphore]

  private struct State {
    var messages: [[[UInt8]]]
    var failure: ProcessGroupError?
  }

  init(count: Int) {
    self.count = count
    state = Mutex(State(messages: Array(repeating: [], count: count * count)))
    arrivals = (0..<count * count).map { _ in DispatchSemaphore(value: 0) }
  }

  func put(_ bytes: [UInt8], from sender: Int, to receiver: Int) {
    state.withLock { $0.messages[sender * count + receiver].append(bytes) }
    arrivals[sender * count + receiver].signal()
  }

  func take(from sender: Int, to receiver: Int) throws -> [UInt8] {
    arrivals[sender * count + receiver].wait()
    return try state.withLock { state in
      if state.messages[sender * count + receiver].isEmpty {
        // Whoever else waits here is to wake up as well.
        arrivals[sender * count + receiver].signal()
        throw state.failure ?? .failed(rank: sender, reason: "it sent nothing")
      }
      return state.messages[sender * count + receiver].removeFirst()
    }
  }

  /// Ends all waiting, as a process has failed.
  func close(_ failure: ProcessGroupError) {
    state.withLock { $0.failure = $0.failure ?? failure }
    for arrival in arrivals { arrival.signal() }
  }
}
