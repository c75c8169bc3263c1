import Foundation
import Synchronization

/// A wish to stop that the user or the system has sent: by Ctrl-C, or as the machine shuts down.
///
/// A program that listens finishes its step, saves what it has, and ends with ``ExitCode/stopped(by:)``. A second
/// wish, more than a second after the first, ends the process at once.
package enum StopRequest {
  /// The signals that ask to stop, with their names.
  private static let signals = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")]
  private static let first = Atomic<Int32>(0)
  private static let secondsOfFirst = Atomic<Int>(0)
  /// The signal that all processes know of, if there are several.
  private static let agreed = Atomic<Int32>(0)

  /// The signal that asked to stop, if one did; where several processes work together, the one that they agreed on.
  package static var received: Int32? {
    let number =
      Ranks.group == nil ? first.load(ordering: .relaxed) : agreed.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Lets all processes know of the first one's wish, so that they stop after the same step.
  ///
  /// Each of them calls it at the same place; a process by itself need not.
  package static func agree() throws {
    guard let group = Ranks.group else { return }
    let number = try group.shared(Int(first.load(ordering: .relaxed)))
    agreed.store(Int32(truncatingIfNeeded: number), ordering: .relaxed)
  }

  /// A signal's name, as `SIGINT`.
  package static func name(of number: Int32) -> String {
    signals.first { $0.0 == number }?.1 ?? "signal \(number)"
  }

  /// Notes wishes to stop from now on, rather than ending at once.
  ///
  /// Signals that the process was told to ignore, as `nohup` and shells tell what runs in the background,
  /// stay ignored; a request to terminate is always heard.
  ///
  /// A thread of its own waits for them, and all others block them. A handler would run on the stack of a thread that
  /// multiplies matrices, and the generated code of oneDNN's products does not leave the stack as a handler needs
  /// it: its frame overwrote other memory in half of the runs that were stopped.
  package static func listen() {
    signal(SIGTERM, SIG_DFL)
    var awaited = sigset_t()
    sigemptyset(&awaited)
    for (number, _) in signals {
      // What was ignored stays so.
      let former = signal(number, SIG_DFL)
      if isIgnored(former) { signal(number, SIG_IGN) } else { sigaddset(&awaited, number) }
    }
    pthread_sigmask(SIG_BLOCK, &awaited, nil)
    let set = UnsafeMutablePointer<sigset_t>.allocate(capacity: 1)
    set.initialize(to: awaited)
    if !startsWaiting(for: set) {
      // Without memory for a thread, signals end the process as they do without a listener.
      pthread_sigmask(SIG_UNBLOCK, &awaited, nil)
    }
  }

  /// Calls a function that makes threads, which will not hear wishes to stop.
  static func withSignalsBlocked<Result>(_ body: () throws -> Result) rethrows -> Result {
    var blocked = sigset_t()
    var former = sigset_t()
    sigemptyset(&blocked)
    for (number, _) in signals { sigaddset(&blocked, number) }
    pthread_sigmask(SIG_BLOCK, &blocked, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    return try body()
  }

  /// Starts the thread that waits.
  ///
  /// Its stack is small, as memory may be scarce. False if there is not even that.
  private static func startsWaiting(for set: UnsafeMutablePointer<sigset_t>) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 1 << 18)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    return pthread_create(
      &thread, &attributes,
      { argument in
        #if canImport(Darwin)
          let memory: UnsafeMutableRawPointer? = argument
        #else
          let memory = argument
        #endif
        guard let set = memory?.assumingMemoryBound(to: sigset_t.self) else { return nil }
        var number = Int32(0)
        while sigwait(set, &number) == 0 { StopRequest.note(number, of: set.pointee) }
        return nil
      }, set) == 0
  }

  private static func note(_ number: Int32, of set: sigset_t) {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let (isFirst, _) = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    if isFirst {
      secondsOfFirst.store(time.tv_sec, ordering: .relaxed)
    } else if time.tv_sec - secondsOfFirst.load(ordering: .relaxed) > 1 {
      var set = set
      signal(number, SIG_DFL)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)
      raise(number)
    }
  }

  private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
