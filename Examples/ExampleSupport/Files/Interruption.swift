import Foundation

/// What Ctrl-C may interrupt.
package enum Interruption {
  /// Runs the body to its end, even if the user presses Ctrl-C or the system asks to terminate.
  ///
  /// For writing files that belong together, which takes a moment: requests that come meanwhile are
  /// ignored. What held before holds again afterwards.
  package static func ignored<Result>(during body: () throws -> Result) rethrows -> Result {
    let signals = [SIGINT, SIGTERM, SIGHUP]
    // By a handler that does nothing: programs that are started meanwhile would inherit `SIG_IGN`.
    let former = signals.map { signal($0) { _ in } }
    defer {
      for (number, handler) in zip(signals, former) { signal(number, handler) }
    }
    return try body()
  }
}
