import CTensorKernels
import Dispatch
import Synchronization

/// Spreads independent pieces of work over processor cores.
///
/// Work is cut into pieces whose number does not depend on the number of threads, and results are
/// combined in the order of the pieces: the same bits come out for any number of threads.
public struct Workers: Sendable, Equatable {
  /// How many threads work at once.
  public let threads: Int

  /// Workers on as many threads as given; all cores by default.
  ///
  /// - Precondition: `threads` is positive.
  public init(threads: Int = Workers.availableCores) {
    precondition(threads > 0, "\(threads) threads; at least one is needed")
    self.threads = threads
  }

  /// The number of processor cores that this process may keep busy.
  ///
  /// On Linux, those that its affinity allows (`taskset`, a rank bound to a core) and that the
  /// processor time of its control group is enough for, rounded up.
  public static let availableCores = Int(tk_available_cores())

  /// Runs a closure once for each piece, several at a time, and returns what it returned, in order.
  ///
  /// - Throws: The error of the first piece, in order, that threw.
  public func map<Result: Sendable>(
    _ pieces: Int, _ body: @escaping @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    guard threads > 1, pieces > 1 else { return try (0..<pieces).map(body) }
    return try collect(pieces) { piece in Swift.Result { try body(piece) } }.map { try $0.get() }
  }

  /// As ``map(_:_:)``, for a closure that does not throw and does not outlive the call.
  package func collect<Result: Sendable>(
    _ pieces: Int, _ body: @Sendable (Int) -> Result
  ) -> [Result] {
    guard threads > 1, pieces > 1 else { return (0..<pieces).map(body) }
    let next = Atomic<Int>(0)
    let results = Mutex([Result?](repeating: nil, count: pieces))
    DispatchQueue.concurrentPerform(iterations: min(threads, pieces)) { _ in
      while true {
        let piece = next.add(1, ordering: .relaxed).oldValue
        guard piece < pieces else { return }
        let result = body(piece)
        results.withLock { $0[piece] = result }
      }
    }
    return results.withLock { results in
      results.map { result in
        guard let result else { preconditionFailure("a piece of work left no result") }
        return result
      }
    }
  }

  /// Runs a closure once for each piece, several at a time.
  ///
  /// - Throws: The error of the first piece, in order, that threw.
  public func forEach(_ pieces: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    _ = try map(pieces, body)
  }
}
