import CTensorKernels
import Synchronization

/// The memory of tensors: how much they take, how much there is, and what happens where it is not enough.
public enum TensorMemory {
  /// Returns what this thread and all together keep of freed tensors, for the next ones, to the system.
  ///
  /// Loops that make the same tensors again and again need nothing of the kind. Worth a call after a
  /// phase that needed much more memory than what follows.
  public static func returnUnused() { tk_buffer_trim() }

  // MARK: - In use

  /// The bytes of all tensors that exist now, in all threads.
  ///
  /// Other threads may have small tensors of 64 KiB each that are not counted yet.
  public static var bytesInUse: Int { Int(tk_buffer_bytes_in_use()) }

  /// The most bytes that tensors took at once since the start of the process or the last
  /// ``restartPeak()``.
  ///
  /// It is a property of what was computed: it does not depend on what the process did before, nor on how the
  /// system maps memory. The program itself, about 40 MB, and freed tensors that are kept for the next ones
  /// are not part of it.
  public static var peakBytesInUse: Int { Int(tk_buffer_most_bytes_in_use()) }

  /// Starts to look for ``peakBytesInUse`` anew, from what is in use now.
  public static func restartPeak() { tk_buffer_restart_most_bytes() }

  // MARK: - To be had

  /// How many bytes this process may still take; nil where that is not known.
  ///
  /// The least of what its limits leave (`ulimit -v` and `-d`), those of the control groups that hold it, and the
  /// memory that the machine has available. A moment later it may be less, if others take some.
  public static var availableBytes: Int? {
    let bytes = tk_available_memory()
    return bytes < Double(Int.max) ? Int(bytes) : nil
  }

  /// Sets what is called where there is no memory for a tensor, with the bytes that it needs.
  ///
  /// A tensor cannot be half there, so the process ends, by default with a line of explanation and a trace. A
  /// program ends it in its own way instead: the function says so and calls `_exit`. It is called on any thread,
  /// perhaps on several, and does not return; it does best without tensors of its own.
  ///
  /// - Parameter handler: Ends the process; nil for the default.
  public static func onExhaustion(_ handler: (@Sendable (_ bytes: Int) -> Never)?) {
    exhaustionHandler.withLock { $0 = handler }
  }

  private static let exhaustionHandler = Mutex<(@Sendable (Int) -> Never)?>(nil)

  static func endForLack(ofBytes bytes: Int) -> Never {
    if let handler = exhaustionHandler.withLock({ $0 }) { handler(bytes) }
    preconditionFailure("there is no memory for a tensor of \(bytes) bytes")
  }

  // MARK: - Kept

  /// Notes that tensors of about so many bytes wait for a later phase of some work.
  ///
  /// Work of this kind recurs. As many bytes as ever waited at once are kept when they are freed, until
  /// ``returnUnused()``.
  package static func setAside(_ bytes: Int) { tk_buffer_shelf_lend(bytes) }

  /// Notes that tensors that were set aside are about to be freed.
  package static func takeBack(_ bytes: Int) { tk_buffer_shelf_return(bytes) }
}
